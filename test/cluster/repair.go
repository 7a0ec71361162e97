package cluster

import (
	"context"
	"time"
)

// intact returns whether the cluster was complete once, and its namespaces and devices
// still exist in the kernel.
func (c *Cluster) intact(binaries string) bool {
	if !c.state.Complete || c.state.Boot != bootID() || c.state.Binaries != binaries {
		return false
	}
	handles := []string{c.layout.run(), c.layout.switchNet()}
	for _, m := range c.state.Nodes {
		n := c.layout.node(m.Name)
		handles = append(handles, n.net(), n.mount())
	}
	for _, handle := range handles {
		if places, err := mountsBelow(handle); err != nil || len(places) == 0 {
			return false
		}
	}
	return c.hasDevice()
}

// heal starts the components that do not run, and adds missing nodes.
func (c *Cluster) heal(ctx context.Context) error {
	began := time.Now()
	for _, p := range c.controlPlane()[:2] {
		if err := c.revive(ctx, p); err != nil {
			return err
		}
	}
	if err := c.apiServerReady(ctx); err != nil {
		return err
	}
	for _, p := range c.controlPlane()[2:] {
		if err := c.revive(ctx, p); err != nil {
			return err
		}
	}
	for _, m := range c.state.Nodes {
		of := c.nodeProcesses(m)
		if !of.containerd.running() {
			c.say("Starting %s again.", of.containerd.name)
			if err := c.startRuntime(ctx, m); err != nil {
				return err
			}
		}
		for _, p := range []process{of.kubelet, of.proxy} {
			if err := c.revive(ctx, p); err != nil {
				return err
			}
		}
	}
	for number := 1; len(c.state.Nodes) < c.options.Nodes; number++ {
		name := nodeName(number)
		if _, there := c.state.member(name); there {
			continue
		}
		if err := c.join(ctx, name); err != nil {
			return err
		}
	}
	if err := c.awaitReady(ctx); err != nil {
		return err
	}
	if err := c.publishAccess(); err != nil {
		return err
	}
	c.say("Cluster %s with %d nodes is up (%s). %s", c.Name(), len(c.state.Nodes), elapsed(began), c.Usage())
	return nil
}

func (c *Cluster) revive(ctx context.Context, p process) error {
	if p.running() {
		return nil
	}
	c.say("Starting %s again.", p.name)
	return p.start(ctx)
}
