package cluster

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// stopPatience is how long a component has to end by itself.
const stopPatience = 10 * time.Second

// Stop ends a component, by its name as in Logs, and returns when it is gone.
// Containers and their processes go on: so they do on a real node.
func (c *Cluster) Stop(component string) error { return c.end(component, stopPatience) }

// Kill is Stop with SIGKILL, which leaves the component no time for anything.
func (c *Cluster) Kill(component string) error { return c.end(component, 0) }

func (c *Cluster) end(component string, grace time.Duration) error {
	return c.change(func() error {
		p, err := c.component(component)
		if err != nil {
			return err
		}
		return p.stop(grace)
	})
}

// Start starts a component that does not run. It does not wait for it to be
// ready.
func (c *Cluster) Start(ctx context.Context, component string) error {
	return c.change(func() error {
		p, err := c.component(component)
		if err != nil {
			return err
		}
		return p.start(ctx)
	})
}

// StopKubelet stops a node from reporting, so that it becomes NotReady. Its
// containers go on.
func (c *Cluster) StopKubelet(node string) error {
	return c.Stop(c.layout.node(node).component("kubelet"))
}

// StartKubelet starts the kubelet of a node and waits until the node is ready.
func (c *Cluster) StartKubelet(ctx context.Context, node string) error {
	if err := c.Start(ctx, c.layout.node(node).component("kubelet")); err != nil {
		return err
	}
	m, err := c.member(node)
	if err != nil {
		return err
	}
	return c.nodesReady(ctx, []member{m})
}

// StopAPIServer makes the API server go away; etcd stays.
func (c *Cluster) StopAPIServer() error { return c.Stop("kube-apiserver") }

// StartAPIServer starts the API server and waits until it is ready.
func (c *Cluster) StartAPIServer(ctx context.Context) error {
	if err := c.Start(ctx, "kube-apiserver"); err != nil {
		return err
	}
	return c.apiServerReady(ctx)
}

// RestartAPIServer stops and starts the API server.
func (c *Cluster) RestartAPIServer(ctx context.Context) error {
	if err := c.StopAPIServer(); err != nil {
		return err
	}
	return c.StartAPIServer(ctx)
}

// A node's name is part of the handles' and the cgroups' names, and must not
// be that of a folder beside the nodes'.
var nodeForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$`)

// AddNode makes another node, with the images loaded so far, and waits until
// it is ready.
func (c *Cluster) AddNode(ctx context.Context, node string) error {
	if !nodeForm.MatchString(node) || slices.Contains([]string{"components", "switch"}, node) {
		return fmt.Errorf("node name %q: use lower-case letters, digits and dashes", node)
	}
	return c.change(func() error {
		if _, there := c.state.member(node); there {
			return fmt.Errorf("the cluster has a node %s already", node)
		}
		return c.join(ctx, node)
	})
}

// join is AddNode under the lock. A node that fails to come up is taken away
// again, for the name to be free for another try.
func (c *Cluster) join(ctx context.Context, node string) (err error) {
	index, err := c.state.freeIndex()
	if err != nil {
		return err
	}
	m := member{Name: node, Index: index}
	c.state.Nodes = append(c.state.Nodes, m)
	if err := c.state.write(c.layout); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.leave(context.WithoutCancel(ctx), m))
		}
	}()
	if err := c.makeNode(ctx, m); err != nil {
		return err
	}
	if err := c.startRuntime(ctx, m); err != nil {
		return err
	}
	if err := c.startAgents(ctx, m); err != nil {
		return err
	}
	return c.nodesReady(ctx, []member{m})
}

// RemoveNode ends a node as if its machine were taken away, and deletes it
// from the API, as whoever takes a machine away does.
func (c *Cluster) RemoveNode(ctx context.Context, node string) error {
	return c.change(func() error {
		m, err := c.member(node)
		if err != nil {
			return err
		}
		return c.leave(ctx, m)
	})
}

func (c *Cluster) leave(ctx context.Context, m member) error {
	if err := c.unmakeNode(ctx, m); err != nil {
		return err
	}
	c.state.Nodes = slices.DeleteFunc(c.state.Nodes, func(other member) bool { return other == m })
	if err := c.state.write(c.layout); err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	err = client.CoreV1().Nodes().Delete(ctx, m.Name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
