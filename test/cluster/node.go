package cluster

import (
	"context"
	"os"
)

// nodeProcesses are the components of one node.
type nodeProcesses struct {
	containerd, kubelet, proxy process
}

func (c *Cluster) nodeProcesses(m member) nodeProcesses {
	n := c.layout.node(m.Name)
	inside := []string{"nsenter", "--net=" + n.net(), "--mount=" + n.mount()}
	of := nodeProcesses{
		containerd: c.process(n.component("containerd"), "containerd", []string{"--config", n.file("containerd.toml")}),
		kubelet:    c.kubernetes(n.component("kubelet"), "kubelet", kubeletArgs(n, c.plan, m.Index)),
		proxy:      c.kubernetes(n.component("kube-proxy"), "kube-proxy", []string{"--config=" + n.file("kube-proxy.json")}),
	}
	for _, p := range []*process{&of.containerd, &of.kubelet, &of.proxy} {
		p.enter = inside
	}
	return of
}

// makeNode makes everything that a node needs before its processes start.
func (c *Cluster) makeNode(ctx context.Context, m member) error {
	n := c.layout.node(m.Name)
	if err := c.cgroups.make(n.group()); err != nil {
		return err
	}
	if err := c.writeNodeFiles(m); err != nil {
		return err
	}
	if err := c.connect(ctx, m); err != nil {
		return err
	}
	return c.newMountNamespace(ctx, n)
}

// writeNodeFiles writes a node's credentials, configuration and folders.
func (c *Cluster) writeNodeFiles(m member) error {
	n := c.layout.node(m.Name)
	ca, err := readAuthority(c.layout, authorityName)
	if err != nil {
		return err
	}
	kubelet := n.component("kubelet")
	if err := ca.issue(c.layout, kubelet, subject{
		user:   "system:node:" + m.Name,
		groups: []string{"system:nodes"},
		hosts:  []string{m.Name, c.plan.nodeAddress(m.Index).String()},
	}); err != nil {
		return err
	}
	if err := c.writeAccess(kubelet, c.layout.access(kubelet)); err != nil {
		return err
	}
	for name, content := range map[string]any{
		"kubelet.json":         kubeletConfig(n),
		"kube-proxy.json":      proxyConfig(n, c.plan),
		"cni/10-pods.conflist": cniConfig(c.plan, m.Index),
	} {
		if err := writeJSON(n.file(name), content); err != nil {
			return err
		}
	}
	texts := map[string]string{
		"resolv.conf":     "nameserver 127.0.0.1\n",
		"containerd.toml": containerdConfig(n),
	}
	for setting, value := range kernelSettings {
		texts[setting] = value + "\n"
	}
	for name, content := range texts {
		if err := writeFile(n.file(name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	for _, own := range n.own() {
		if err := os.MkdirAll(own[0], 0o755); err != nil {
			return err
		}
	}
	// All users may write there and remove only their own files, as on any machine.
	return os.Chmod(n.tmp(), 0o777|os.ModeSticky)
}

// startRuntime starts a node's containerd and loads the images.
func (c *Cluster) startRuntime(ctx context.Context, m member) error {
	containerd := c.nodeProcesses(m).containerd
	if err := containerd.start(ctx); err != nil {
		return err
	}
	if err := c.wait(ctx, []string{containerd.name}, func(ctx context.Context) error {
		_, err := c.ctr(ctx, m.Name, "version")
		return err
	}); err != nil {
		return err
	}
	return c.importAll(ctx, m)
}

// startAgents starts the kubelet and kube-proxy of a node.
func (c *Cluster) startAgents(ctx context.Context, m member) error {
	of := c.nodeProcesses(m)
	if err := of.kubelet.start(ctx); err != nil {
		return err
	}
	return of.proxy.start(ctx)
}

// killNode kills every process of a node, including those of its pods.
func (c *Cluster) killNode(m member) error {
	of := c.nodeProcesses(m)
	// Kill the kubelet first, because it restarts the containers.
	for _, group := range []string{of.kubelet.group, of.proxy.group, of.containerd.group, c.layout.node(m.Name).group()} {
		if err := c.cgroups.kill(group, killPatience); err != nil {
			return err
		}
	}
	return nil
}

// unmakeNode removes a node with everything that it has, except for its logs.
func (c *Cluster) unmakeNode(ctx context.Context, m member) error {
	n := c.layout.node(m.Name)
	if err := c.killNode(m); err != nil {
		return err
	}
	if err := c.disconnect(ctx, m); err != nil {
		return err
	}
	if err := dropHandle(n.mount()); err != nil {
		return err
	}
	if err := c.cgroups.remove(n.group(), killPatience); err != nil {
		return err
	}
	return os.RemoveAll(n.folder())
}
