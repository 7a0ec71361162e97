package cluster

import "path/filepath"

const (
	stateParent = "/var/lib/daemonset-job"
	runParent   = "/run/daemonset-job"
)

// layout holds the paths of one cluster's files. The state folder survives a reboot.
// The run folder holds the handles of namespaces, which end with the kernel.
type layout struct {
	name string
}

func (l layout) state() string      { return filepath.Join(stateParent, l.name) }
func (l layout) run() string        { return filepath.Join(runParent, l.name) }
func (l layout) lock() string       { return filepath.Join(runParent, l.name+".lock") }
func (l layout) stateFile() string  { return filepath.Join(l.state(), "state.json") }
func (l layout) pki() string        { return filepath.Join(l.state(), "pki") }
func (l layout) etcd() string       { return filepath.Join(l.state(), "etcd") }
func (l layout) images() string     { return filepath.Join(l.state(), "images") }
func (l layout) registries() string { return filepath.Join(l.state(), "registries") }
func (l layout) logs() string       { return filepath.Join(l.state(), "logs") }
func (l layout) kubeconfig() string { return filepath.Join(l.state(), "kubeconfig") }
func (l layout) switchNet() string  { return filepath.Join(l.run(), "switch.net") }

func (l layout) log(component string) string { return filepath.Join(l.logs(), component+".log") }
func (l layout) cert(name string) string     { return filepath.Join(l.pki(), name+".crt") }
func (l layout) key(name string) string      { return filepath.Join(l.pki(), name+".key") }

// access returns the kubeconfig of one component.
func (l layout) access(name string) string { return filepath.Join(l.pki(), name+".kubeconfig") }

// group returns the cgroup of the whole cluster, relative to the root of each cgroup
// tree.
func (l layout) group() string { return "daemonset-job-" + l.name }

func (l layout) componentGroup(component string) string {
	return filepath.Join(l.group(), "components", component)
}

func (l layout) node(name string) nodeLayout { return nodeLayout{cluster: l, name: name} }

// nodeLayout holds the paths of one node's files.
type nodeLayout struct {
	cluster layout
	name    string
}

func (n nodeLayout) folder() string { return filepath.Join(n.cluster.state(), "nodes", n.name) }
func (n nodeLayout) net() string    { return filepath.Join(n.cluster.run(), n.name+".net") }
func (n nodeLayout) mount() string  { return filepath.Join(n.cluster.run(), n.name+".mnt") }
func (n nodeLayout) group() string  { return filepath.Join(n.cluster.group(), n.name) }
func (n nodeLayout) etc() string    { return filepath.Join(n.folder(), "etc") }
func (n nodeLayout) tmp() string    { return filepath.Join(n.folder(), "tmp") }

func (n nodeLayout) containerd() string { return filepath.Join(n.folder(), "containerd") }
func (n nodeLayout) cniConfig() string  { return filepath.Join(n.etc(), "cni") }
func (n nodeLayout) file(name string) string {
	return filepath.Join(n.etc(), name)
}

// socket returns the path of containerd's socket on the host. Inside the node it is
// nodeSocket.
func (n nodeLayout) socket() string { return filepath.Join(n.folder(), "run", "containerd.sock") }

const nodeSocket = "/run/containerd.sock"

// own returns the folders that a node has for itself: pairs of the host's folder and
// the path in the node that it is mounted on.
func (n nodeLayout) own() [][2]string {
	return [][2]string{
		{filepath.Join(n.folder(), "run"), "/run"},
		{filepath.Join(n.folder(), "log"), "/var/log"},
		{filepath.Join(n.folder(), "kubelet"), "/var/lib/kubelet"},
		{filepath.Join(n.folder(), "cni"), "/var/lib/cni"},
		{n.tmp(), "/tmp"},
	}
}

// component returns the name of a node's component, for its log and its cgroup.
func (n nodeLayout) component(kind string) string { return kind + "-" + n.name }
