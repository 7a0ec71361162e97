//go:build !linux

package cluster

import "syscall"

// New fails on other systems. These stubs let the end-to-end tests compile there, which
// can run against a remote cluster.

func unmount(string) error { return ErrUnsupported }

func withParent() *syscall.SysProcAttr { return nil }
