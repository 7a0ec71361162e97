package cluster

import (
	"errors"
	"fmt"
	"syscall"
)

// unmount unmounts a path if something is mounted there. It does so lazily, because
// another process may be reading the mount.
func unmount(place string) error {
	err := syscall.Unmount(place, syscall.MNT_DETACH)
	if err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOENT) {
		return fmt.Errorf("unmount %s: %w", place, err)
	}
	return nil
}

// withParent makes the kernel kill a helper program when this process is killed.
// Otherwise the program could make things that no state records.
func withParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
