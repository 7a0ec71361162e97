package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Cluster is a handle on a cluster of this machine, which may be up or down. It reads
// everything from the cluster's state folder, the cgroups and the API server, so that
// several processes can hold handles.
type Cluster struct {
	options Options
	layout  layout
	plan    plan
	cgroups cgroups
	state   *state
}

// New returns a handle on the cluster that the options describe.
func New(options Options) (*Cluster, error) {
	if err := checkPlatform(); err != nil {
		return nil, err
	}
	options, err := options.complete()
	if err != nil {
		return nil, err
	}
	trees, err := hostCgroups()
	if err != nil {
		return nil, err
	}
	c := &Cluster{options: options, layout: layout{name: options.Name}, cgroups: trees}
	if err := c.reload(); err != nil && !errors.Is(err, errAbsent) {
		return nil, err
	}
	return c, nil
}

// Open returns a handle on a cluster that Up has made. An empty name means
// daemonset-job.
func Open(name string) (*Cluster, error) {
	c, err := New(Options{Name: name, Log: os.Stderr})
	if err != nil {
		return nil, err
	}
	return c, c.reload()
}

// reload reads the cluster's state, which another command may have changed.
func (c *Cluster) reload() error {
	current, err := readState(c.layout)
	if err != nil {
		c.state = &state{Slot: c.options.Slot}
	} else {
		c.state = current
	}
	c.plan = plan{slot: c.state.Slot}
	return err
}

// change runs do on an existing cluster, while no other command changes it.
func (c *Cluster) change(do func() error) error {
	unlock, err := lockFile(c.layout.lock())
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.reload(); err != nil {
		return err
	}
	return do()
}

func (c *Cluster) say(format string, args ...any) {
	_, _ = fmt.Fprintf(c.options.Log, format+"\n", args...)
}

// Name returns the cluster's name.
func (c *Cluster) Name() string { return c.layout.name }

// Kubeconfig returns the path of the administrator's kubeconfig.
func (c *Cluster) Kubeconfig() string { return c.layout.kubeconfig() }

// Kubectl returns the path of the kubectl of the cluster's version.
func (c *Cluster) Kubectl() string { return c.binary("kubectl") }

// Usage returns a text that tells the user how to reach the cluster.
func (c *Cluster) Usage() string {
	access := c.Kubeconfig()
	if c.state.Kubeconfig != "" {
		access = c.state.Kubeconfig
	}
	return fmt.Sprintf("Use it with\n  export KUBECONFIG=%s\n  %s get nodes", access, c.Kubectl())
}

// RESTConfig returns a client configuration with the administrator's rights.
func (c *Cluster) RESTConfig() (*rest.Config, error) {
	return clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
}

func (c *Cluster) client() (*kubernetes.Clientset, error) {
	config, err := c.RESTConfig()
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

// Nodes returns the names of the nodes, running or stopped.
func (c *Cluster) Nodes() []string {
	names := make([]string, 0, len(c.state.Nodes))
	for _, m := range c.state.Nodes {
		names = append(names, m.Name)
	}
	return names
}

func (c *Cluster) member(node string) (member, error) {
	m, there := c.state.member(node)
	if !there {
		return member{}, fmt.Errorf("cluster %s has no node %s", c.Name(), node)
	}
	return m, nil
}

// NodeTmp returns the folder of the host that the node sees as its /tmp.
func (c *Cluster) NodeTmp(node string) (string, error) {
	if _, err := c.member(node); err != nil {
		return "", err
	}
	return c.layout.node(node).tmp(), nil
}

// Components returns the names of all components, including those of the nodes.
func (c *Cluster) Components() []string {
	var names []string
	for _, p := range c.processes() {
		names = append(names, p.name)
	}
	return names
}

// Running returns whether a component runs.
func (c *Cluster) Running(component string) (bool, error) {
	p, err := c.component(component)
	if err != nil {
		return false, err
	}
	return p.running(), nil
}

// Processes returns the process ids of a component.
func (c *Cluster) Processes(component string) ([]int, error) {
	p, err := c.component(component)
	if err != nil {
		return nil, err
	}
	return p.pids(), nil
}

// Log returns the path of a component's log. The name is kube-apiserver, or for a
// node's component kubelet-node-1.
func (c *Cluster) Log(component string) (string, error) {
	p, err := c.component(component)
	if err != nil {
		return "", err
	}
	return p.log, nil
}

func (c *Cluster) binary(name string) string { return filepath.Join(c.state.Binaries, name) }

// Ready returns an error if the cluster is not ready. It does not wait.
func (c *Cluster) Ready(ctx context.Context) error {
	if err := c.reload(); err != nil {
		return err
	}
	for _, p := range c.processes() {
		if !p.running() {
			return fmt.Errorf("%s does not run", p.name)
		}
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	return c.nodesTakePods(ctx, client, c.state.Nodes)
}
