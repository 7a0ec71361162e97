package cluster

import (
	"errors"
	"fmt"
	"syscall"
)

// unmount lets go of what is mounted on a place, if anything is. Lazily:
// something on the machine may be looking at it just now.
func unmount(place string) error {
	err := syscall.Unmount(place, syscall.MNT_DETACH)
	if err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOENT) {
		return fmt.Errorf("unmount %s: %w", place, err)
	}
	return nil
}

// withParent makes a helper program end when this one is killed. It must not
// go on to make things that nobody knows of.
func withParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
