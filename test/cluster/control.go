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

// stopPatience is how long a component may take to end after SIGTERM.
const stopPatience = 10 * time.Second

// Stop stops a component, named as in Log, and returns when its process has ended.
// Containers keep running, as on a real node.
func (c *Cluster) Stop(component string) error { return c.end(component, stopPatience) }

// Kill kills a component with SIGKILL.
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

// Start starts a stopped component. It does not wait for it to be ready.
func (c *Cluster) Start(ctx context.Context, component string) error {
	return c.change(func() error {
		p, err := c.component(component)
		if err != nil {
			return err
		}
		return p.start(ctx)
	})
}

// StopKubelet stops the kubelet of a node, so that the node becomes NotReady. Its
// containers keep running.
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

// RebootNode kills the kubelet and all containers of a node, and starts the kubelet. It
// returns before the kubelet has made new sandboxes for the pods. What the node has in its
// folders stays.
func (c *Cluster) RebootNode(ctx context.Context, node string) error {
	if err := c.Kill(c.layout.node(node).component("kubelet")); err != nil {
		return err
	}
	if err := c.killContainers(ctx, node); err != nil {
		return err
	}
	return c.StartKubelet(ctx, node)
}

// StopAPIServer stops the API server. etcd keeps running.
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

// nodeForm limits a node's name. The name is part of the names of handles and cgroups,
// and must differ from the other folders next to the nodes' folders.
var nodeForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$`)

// AddNode adds a node with the images loaded so far, and waits until it is ready.
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

// join does the work of AddNode under the lock. It removes a node that fails to start,
// so that the name can be used again.
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

// RemoveNode kills a node as if its machine were switched off, and deletes its Node
// object as an administrator would.
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
