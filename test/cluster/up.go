package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"golang.org/x/sync/errgroup"
)

// Up makes the cluster and returns when it is ready for pods. On an existing cluster,
// it starts dead components and adds missing nodes. It rebuilds a cluster after a
// reboot or a killed Up.
func (c *Cluster) Up(ctx context.Context) error {
	began := time.Now()
	if err := installPackages(ctx, c.options.Log); err != nil {
		return err
	}
	binaries, err := Kubernetes(ctx, c.options.Project, c.options.Log)
	if err != nil {
		return err
	}
	unlock, err := lockFile(c.layout.lock())
	if err != nil {
		return err
	}
	defer unlock()

	switch err := c.reload(); {
	case err == nil && c.intact(binaries):
		if len(c.options.ExtraArgs) > 0 && !reflect.DeepEqual(c.options.ExtraArgs, c.state.ExtraArgs) {
			return fmt.Errorf("cluster %s is up with other flags: take it down first", c.Name())
		}
		err := c.heal(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		c.say("The cluster cannot be repaired, so it is rebuilt: %v", err)
	case err == nil:
		c.say("Removing what is left of an earlier cluster.")
	case !errors.Is(err, errAbsent):
		return err
	}
	if err := c.takeDown(ctx); err != nil {
		return err
	}
	if err := c.build(ctx, binaries); err != nil {
		return fmt.Errorf("%w\nThe logs are in %s. Calling up again starts over; down removes everything", err, c.layout.logs())
	}
	c.say("Cluster %s with %d nodes is ready after %s. %s", c.Name(), len(c.state.Nodes), elapsed(began), c.Usage())
	return nil
}

// build makes the cluster where none exists.
func (c *Cluster) build(ctx context.Context, binaries string) error {
	c.plan = plan{slot: c.options.Slot}
	c.state = &state{
		Slot: c.options.Slot, Boot: bootID(), Binaries: binaries,
		ExtraArgs: c.options.ExtraArgs, Kubeconfig: c.options.Kubeconfig,
	}
	for number := 1; number <= c.options.Nodes; number++ {
		c.state.Nodes = append(c.state.Nodes, member{Name: nodeName(number), Index: number})
	}
	if err := c.step("network, cgroups and certificates", func() error { return c.lay(ctx) }); err != nil {
		return err
	}
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error {
		return c.step("control plane", func() error { return c.startControlPlane(inner) })
	})
	group.Go(func() error {
		return c.step("containerd and images", func() error { return c.startRuntimes(inner) })
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if err := c.step("nodes ready", func() error {
		for _, m := range c.state.Nodes {
			if err := c.startAgents(ctx, m); err != nil {
				return err
			}
		}
		return c.awaitReady(ctx)
	}); err != nil {
		return err
	}
	if err := c.publishAccess(); err != nil {
		return err
	}
	c.state.Complete = true
	return c.state.write(c.layout)
}

func nodeName(number int) string { return fmt.Sprintf("node-%d", number) }

// lay prepares everything that the processes need before they start.
func (c *Cluster) lay(ctx context.Context) error {
	if err := c.state.write(c.layout); err != nil {
		return err
	}
	if err := errors.Join(makeMountPoints(), raiseLimits()); err != nil {
		return err
	}
	if err := c.openRunFolder(ctx); err != nil {
		return err
	}
	if err := c.cgroups.make(c.layout.group()); err != nil {
		return err
	}
	if err := c.newSwitch(ctx); err != nil {
		return err
	}
	return c.writeCredentials()
}

func (c *Cluster) startControlPlane(ctx context.Context) error {
	components := c.controlPlane()
	for _, p := range components[:2] {
		if err := p.start(ctx); err != nil {
			return err
		}
	}
	if err := c.apiServerReady(ctx); err != nil {
		return err
	}
	for _, p := range components[2:] {
		if err := p.start(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) startRuntimes(ctx context.Context) error {
	if err := savePause(ctx, c.options.Project, filepath.Join(c.layout.images(), "pause.tar")); err != nil {
		return err
	}
	group, inner := errgroup.WithContext(ctx)
	for _, m := range c.state.Nodes {
		group.Go(func() error {
			if err := c.makeNode(inner, m); err != nil {
				return err
			}
			return c.startRuntime(inner, m)
		})
	}
	return group.Wait()
}

func (c *Cluster) awaitReady(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	if err := c.controllersReady(ctx, client); err != nil {
		return err
	}
	return c.nodesReady(ctx, c.state.Nodes)
}

// publishAccess writes the kubeconfig to the path in the options.
func (c *Cluster) publishAccess() error {
	if c.options.Kubeconfig == "" {
		return nil
	}
	absolute, err := filepath.Abs(c.options.Kubeconfig)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(c.Kubeconfig())
	if err != nil {
		return err
	}
	c.state.Kubeconfig = absolute
	if err := c.state.write(c.layout); err != nil {
		return err
	}
	return writeFile(absolute, content, 0o600)
}

func (c *Cluster) step(name string, do func() error) error {
	began := time.Now()
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.say("%8s  %s", elapsed(began), name)
	return nil
}

func elapsed(since time.Time) string { return fmt.Sprintf("%.1f s", time.Since(since).Seconds()) }
