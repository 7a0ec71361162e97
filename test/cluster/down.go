package cluster

import (
	"bytes"
	"context"
	"errors"
	"os"
	"time"
)

// Down ends every process of the cluster and removes all that it made. It ends
// nothing else: only processes in the cluster's own cgroups are its own. Where
// there is no cluster, or half of one, it removes what there is.
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

// takeDown goes from what acts to what is acted upon: processes first, for
// nothing to come back, and the state last, for it to be found if this fails.
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
	// Nothing should be mounted here on the host; if something is, emptying
	// the folder would empty what is mounted.
	if err := unmountBelow(c.layout.state()); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(c.layout.run()), os.RemoveAll(c.layout.state())); err != nil {
		return err
	}
	return dropMountPoints()
}

// withdrawAccess removes the copy of the kubeconfig, unless it has become one
// for another cluster.
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
