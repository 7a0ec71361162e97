package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cgroups are the control group trees of the host: one on cgroup v2, one for each
// controller on v1. A cluster makes its groups in all of them.
type cgroups struct {
	// roots are where the trees are mounted.
	roots []string
	// delegate is set on v2, where a group must delegate controllers to its children.
	delegate bool
}

func hostCgroups() (cgroups, error) {
	content, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return cgroups{}, err
	}
	found := parseCgroups(string(content))
	if len(found.roots) == 0 {
		return cgroups{}, errors.New("no cgroup file system is mounted on this machine")
	}
	return found, nil
}

// parseCgroups finds the trees in the kernel's list of mounts. On a host that also
// mounts v1 trees, the v2 tree has no controllers to delegate.
func parseCgroups(mountinfo string) cgroups {
	var found cgroups
	seen := map[string]bool{}
	v1 := false
	for line := range strings.Lines(mountinfo) {
		before, after, ok := strings.Cut(strings.TrimSpace(line), " - ")
		fields := strings.Fields(before)
		if !ok || len(fields) < 5 {
			continue
		}
		kind, _, _ := strings.Cut(after, " ")
		if (kind != "cgroup" && kind != "cgroup2") || seen[fields[4]] {
			continue
		}
		v1 = v1 || kind == "cgroup"
		seen[fields[4]] = true
		found.roots = append(found.roots, fields[4])
	}
	found.delegate = !v1
	return found
}

// make makes the group and its parents in each tree.
func (c cgroups) make(group string) error {
	for _, root := range c.roots {
		at := root
		for part := range strings.SplitSeq(group, "/") {
			parent := at
			at = filepath.Join(at, part)
			if c.delegate {
				delegate(parent)
			}
			if err := os.Mkdir(at, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
			if err := inheritCPUSet(parent, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// delegate enables each controller of the group for its children. It skips a controller
// that the kernel refuses: the kubelet reports those that it needs.
func delegate(group string) {
	content, err := os.ReadFile(filepath.Join(group, "cgroup.controllers"))
	if err != nil {
		return
	}
	for name := range strings.FieldsSeq(string(content)) {
		_ = os.WriteFile(filepath.Join(group, "cgroup.subtree_control"), []byte("+"+name), 0)
	}
}

// inheritCPUSet copies its parent's processors and memory nodes to a new v1 group. The
// kernel makes them empty, and then no process can enter the group.
func inheritCPUSet(parent, group string) error {
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		own, err := os.ReadFile(filepath.Join(group, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if strings.TrimSpace(string(own)) != "" {
			continue
		}
		value, err := os.ReadFile(filepath.Join(parent, name))
		if err != nil || strings.TrimSpace(string(value)) == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(group, name), value, 0); err != nil {
			return err
		}
	}
	return nil
}

// members returns the group's folders, one in each tree.
func (c cgroups) members(group string) []string {
	var folders []string
	for _, root := range c.roots {
		folders = append(folders, filepath.Join(root, group))
	}
	return folders
}

// pids returns the processes in the group and below it, in any tree. A process that was
// interrupted while it entered the group is in some trees only.
func (c cgroups) pids(group string) []int {
	seen := map[int]bool{}
	var pids []int
	for _, folder := range c.members(group) {
		// A group may be removed during the walk. A removed group holds no process.
		_ = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return nil
			}
			content, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
			if err != nil {
				return nil
			}
			for text := range strings.FieldsSeq(string(content)) {
				if pid, err := strconv.Atoi(text); err == nil && pid > 0 && !seen[pid] {
					seen[pid] = true
					pids = append(pids, pid)
				}
			}
			return nil
		})
	}
	return pids
}

// kill kills every process in the group and below it, also those that are started
// meanwhile.
func (c cgroups) kill(group string, patience time.Duration) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		pids := c.pids(group)
		if len(pids) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("processes %v of cgroup %s do not end", pids, group)
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}
