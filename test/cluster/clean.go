package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// VerifyClean returns an error that lists everything that a cluster of this name left
// on the machine: processes, mounts in any mount namespace, cgroups, devices and files.
// It reads the machine only, so that it also finds what Down missed.
func (c *Cluster) VerifyClean() error {
	var left []error
	complain := func(format string, args ...any) { left = append(left, fmt.Errorf(format, args...)) }

	for _, folder := range []string{c.layout.state(), c.layout.run()} {
		if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) {
			complain("folder %s", folder)
		}
	}
	for _, folder := range c.cgroups.members(c.layout.group()) {
		if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) {
			complain("cgroup %s", folder)
		}
	}
	devices, err := c.devices()
	if err != nil {
		return err
	}
	for _, device := range devices {
		complain("network device %s", device)
	}
	traces, err := c.traces()
	if err != nil {
		return err
	}
	left = append(left, traces...)
	if len(left) > 0 {
		return fmt.Errorf("cluster %s has left on this machine:\n%w", c.Name(), errors.Join(left...))
	}
	return nil
}

// traces checks the cgroup, the command line and the mounts of every process of the
// machine.
func (c *Cluster) traces() ([]error, error) {
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var found []error
	namespaces := map[string]bool{}
	folders := []string{c.layout.state() + "/", c.layout.run() + "/"}
	for _, process := range processes {
		if filepath.Base(process) == fmt.Sprint(os.Getpid()) {
			continue
		}
		if status, err := os.ReadFile(filepath.Join(process, "stat")); err != nil || hasEnded(string(status)) {
			continue
		}
		groups, _ := os.ReadFile(filepath.Join(process, "cgroup"))
		command, _ := os.ReadFile(filepath.Join(process, "cmdline"))
		if inGroup(string(groups), c.layout.group()) || mentions(string(command), folders) {
			found = append(found, fmt.Errorf("process %s: %s", filepath.Base(process), strings.ReplaceAll(string(command), "\x00", " ")))
		}
		namespace, err := os.Readlink(filepath.Join(process, "ns", "mnt"))
		if err != nil || namespaces[namespace] {
			continue // The process has ended, or its mount namespace was already checked.
		}
		namespaces[namespace] = true
		mounts, _ := os.ReadFile(filepath.Join(process, "mountinfo"))
		for line := range strings.Lines(string(mounts)) {
			if mentions(line, folders) {
				found = append(found, fmt.Errorf("mount seen by process %s: %s", filepath.Base(process), strings.TrimSpace(line)))
			}
		}
	}
	return found, nil
}

// hasEnded returns whether /proc/PID/stat describes a zombie, which init has not reaped
// yet.
func hasEnded(status string) bool {
	// The command name may contain any character, so the state is after the last ")".
	state := status[strings.LastIndex(status, ")")+1:]
	return strings.HasPrefix(state, " Z") || strings.HasPrefix(state, " X")
}

// inGroup returns whether /proc/PID/cgroup names the group or one below it.
func inGroup(groups, group string) bool {
	for line := range strings.Lines(groups) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) == 3 && (fields[2] == "/"+group || strings.HasPrefix(fields[2], "/"+group+"/")) {
			return true
		}
	}
	return false
}

func mentions(text string, folders []string) bool {
	for _, folder := range folders {
		if strings.Contains(text, folder) {
			return true
		}
	}
	return false
}
