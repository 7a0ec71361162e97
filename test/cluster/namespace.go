package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// openRunFolder mounts the folder for the handles of namespaces. The mount must be
// private: the kernel refuses to keep the handle of a mount namespace where the mount
// would be copied into that namespace.
func (c *Cluster) openRunFolder(ctx context.Context) error {
	if err := os.MkdirAll(c.layout.run(), 0o755); err != nil {
		return err
	}
	if err := run(ctx, "mount", "-t", "tmpfs", "-o", "mode=0700", "daemonset-job", c.layout.run()); err != nil {
		return err
	}
	return run(ctx, "mount", "--make-private", c.layout.run())
}

// newNetNamespace makes a network namespace that lives as long as its handle.
func newNetNamespace(ctx context.Context, handle string) error {
	if err := os.WriteFile(handle, nil, 0o600); err != nil {
		return err
	}
	return run(ctx, "unshare", "--net="+handle, "true")
}

// intoNode is a script that arranges the mounts of a node inside its namespace. The
// node shares its mounts with its pods, but not with the host. The script unmounts the
// handles of other nodes, because a copy of a handle here would keep another node's
// network alive after that node is removed.
const intoNode = `set -eu
mount --make-rshared /
for handles in ` + runParent + `/*/; do
	if mountpoint -q "$handles"; then umount --lazy "$handles"; fi
done
while [ $# -gt 0 ]; do mount --bind "$1" "$2"; shift 2; done
`

// newMountNamespace makes the mount namespace of a node. It is a slave of the host's
// namespace: when the host unmounts something, the node's copy is unmounted too.
func (c *Cluster) newMountNamespace(ctx context.Context, n nodeLayout) error {
	if err := os.WriteFile(n.mount(), nil, 0o600); err != nil {
		return err
	}
	args := []string{"--mount=" + n.mount(), "--propagation=slave", "sh", "-c", intoNode, "node"}
	for _, own := range n.own() {
		args = append(args, own[0], own[1])
	}
	for setting := range kernelSettings {
		args = append(args, n.file(setting), filepath.Join("/proc/sys", strings.ReplaceAll(setting, ".", "/")))
	}
	return run(ctx, "unshare", args...)
}

// kernelSettings are the values that a kubelet would otherwise set for the whole
// machine. The node shows them to the kubelet as already set.
var kernelSettings = map[string]string{
	"vm.overcommit_memory":      "1",
	"vm.panic_on_oom":           "0",
	"kernel.panic":              "10",
	"kernel.panic_on_oops":      "1",
	"kernel.keys.root_maxkeys":  "1000000",
	"kernel.keys.root_maxbytes": "25000000",
}

// mountPoints are folders of the host that nodes mount their own folders over.
var mountPoints = []string{"/var/lib/kubelet", "/var/lib/cni"}

// makeMountPoints makes the missing mount points. It shares a lock with dropMountPoints
// across all clusters, because removing a folder also removes what is mounted on it in
// any namespace.
func makeMountPoints() error {
	unlock, err := lockFile(filepath.Join(runParent, "all.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	for _, folder := range mountPoints {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// dropMountPoints removes the mount points after the last cluster is removed. It keeps
// a folder that is not empty, because another program uses it.
func dropMountPoints() error {
	unlock, err := lockFile(filepath.Join(runParent, "all.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if others, err := os.ReadDir(stateParent); err == nil && len(others) > 0 {
		return nil
	}
	for _, folder := range append([]string{stateParent}, mountPoints...) {
		err := syscall.Rmdir(folder)
		if err != nil && !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.ENOTEMPTY) {
			return fmt.Errorf("remove %s: %w", folder, err)
		}
	}
	return nil
}

// mountsBelow returns the mounts on a folder of this namespace and below it, the
// deepest and latest first.
func mountsBelow(folder string) ([]string, error) {
	content, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	places := parseMounts(string(content), folder)
	slices.Reverse(places)
	return places, nil
}

func parseMounts(mountinfo, folder string) []string {
	var places []string
	for line := range strings.Lines(mountinfo) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		if at := fields[4]; at == folder || strings.HasPrefix(at, folder+"/") {
			places = append(places, at)
		}
	}
	return places
}

// unmountBelow unmounts everything on a folder and below it.
func unmountBelow(folder string) error {
	places, err := mountsBelow(folder)
	if err != nil {
		return err
	}
	for _, place := range places {
		if err := unmount(place); err != nil {
			return err
		}
	}
	return nil
}
