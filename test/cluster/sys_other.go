//go:build !linux

package cluster

import "syscall"

// New refuses every other system; these let the end-to-end tests, which also
// run against a cluster elsewhere, be compiled there.

func unmount(string) error { return ErrUnsupported }

func withParent() *syscall.SysProcAttr { return nil }
