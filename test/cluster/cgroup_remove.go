package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// remove removes the group with all groups below it. It retries for two reasons: the
// kernel may hold an emptied group for a moment, and the shell of a killed command may
// enter the group late.
func (c cgroups) remove(group string, patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for _, folder := range c.members(group) {
		for {
			err := removeGroupFolder(folder)
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("remove cgroup: %w", err)
			}
			time.Sleep(20 * time.Millisecond)
			if err := c.kill(group, patience); err != nil {
				return err
			}
		}
	}
	return nil
}

func removeGroupFolder(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeGroupFolder(filepath.Join(folder, entry.Name())); err != nil {
				return err
			}
		}
	}
	if err := syscall.Rmdir(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", folder, err)
	}
	return nil
}
