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

// cgroups are the control group trees of the host: one on cgroup v2, one for
// each controller on v1. A group of ours is made in all of them.
type cgroups struct {
	// roots are where the trees are mounted.
	roots []string
	// delegate is set on v2, where a group must hand controllers down.
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

// parseCgroups finds the trees in the kernel's list of mounts. A v2 tree
// beside v1 ones has no controllers to hand down.
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

// make makes the group, and those above it, in each tree.
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

// delegate hands down each controller that the group has. One that is refused
// is left out: the kubelet names those that it cannot do without.
func delegate(group string) {
	content, err := os.ReadFile(filepath.Join(group, "cgroup.controllers"))
	if err != nil {
		return
	}
	for name := range strings.FieldsSeq(string(content)) {
		_ = os.WriteFile(filepath.Join(group, "cgroup.subtree_control"), []byte("+"+name), 0)
	}
}

// inheritCPUSet gives a new v1 group its parent's processors and memory: it
// starts with none, and then no process can enter it.
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

// members are the group's folders, one in each tree.
func (c cgroups) members(group string) []string {
	var folders []string
	for _, root := range c.roots {
		folders = append(folders, filepath.Join(root, group))
	}
	return folders
}

// pids are the processes in the group and below it, in any tree: a process
// that was caught half-way into the group is in some of them only.
func (c cgroups) pids(group string) []int {
	seen := map[int]bool{}
	var pids []int
	for _, folder := range c.members(group) {
		// A group may go while it is read; what is gone holds nothing.
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

// kill ends every process in the group and below it, and those that they
// start while it does so.
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
