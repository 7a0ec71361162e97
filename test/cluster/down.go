package cluster

import (
	"bytes"
	"context"
	"errors"
	"os"
	"time"
)

// Down kills every process of the cluster and removes all that it made. It kills only
// processes in the cluster's own cgroups. It also removes an incomplete cluster, and
// does nothing if there is no cluster.
func (c *Cluster) Down(ctx context.Context) error {
	began := time.Now()
	unlock, err := lockFile(c.layout.lock())
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.reload(); err != nil && !errors.Is(err, errAbsent) {
		c.say("%v; removing what can be found without it.", err)
	}
	if err := c.takeDown(ctx); err != nil {
		return err
	}
	if err := os.RemoveAll(c.layout.lock()); err != nil {
		return err
	}
	c.say("Cluster %s is gone (%s).", c.Name(), elapsed(began))
	return nil
}

// takeDown removes processes first, so that nothing is created again. It removes the
// state last, so that a failed Down can be repeated.
func (c *Cluster) takeDown(ctx context.Context) error {
	if err := c.cgroups.kill(c.layout.group(), killPatience); err != nil {
		return err
	}
	if err := unmountBelow(c.layout.run()); err != nil {
		return err
	}
	if err := c.cut(ctx); err != nil {
		return err
	}
	if err := c.cgroups.remove(c.layout.group(), killPatience); err != nil {
		return err
	}
	c.withdrawAccess()
	// Nothing should be mounted here on the host. If a mount remains, emptying the
	// folder would delete the mounted files, so unmount first.
	if err := unmountBelow(c.layout.state()); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(c.layout.run()), os.RemoveAll(c.layout.state())); err != nil {
		return err
	}
	return dropMountPoints()
}

// withdrawAccess removes the copy of the kubeconfig, unless the copy now belongs to
// another cluster.
func (c *Cluster) withdrawAccess() {
	if c.state.Kubeconfig == "" {
		return
	}
	ours, err := os.ReadFile(c.Kubeconfig())
	if err != nil {
		return
	}
	if copied, err := os.ReadFile(c.state.Kubeconfig); err == nil && bytes.Equal(ours, copied) {
		_ = os.Remove(c.state.Kubeconfig)
	}
}
