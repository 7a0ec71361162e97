package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// state is what commands must know of a cluster that an earlier command made. Each part
// is written before the thing that it describes exists, so that Down can remove an
// incomplete cluster.
type state struct {
	Slot int `json:"slot"`
	// Boot is the boot id. It differs after a reboot.
	Boot       string              `json:"boot"`
	Binaries   string              `json:"binaries"`
	ExtraArgs  map[string][]string `json:"extraArgs,omitempty"`
	Kubeconfig string              `json:"kubeconfig,omitempty"`
	Nodes      []member            `json:"nodes"`
	// Complete is set once the whole cluster has been ready.
	Complete bool `json:"complete"`
}

// member is a node of the cluster. Its index selects its addresses.
type member struct {
	Name  string `json:"name"`
	Index int    `json:"index"`
}

func (s *state) member(name string) (member, bool) {
	at := slices.IndexFunc(s.Nodes, func(m member) bool { return m.Name == name })
	if at < 0 {
		return member{}, false
	}
	return s.Nodes[at], true
}

// freeIndex returns the smallest index without a node. Reusing addresses keeps them
// from running out when nodes are added and removed often.
func (s *state) freeIndex() (int, error) {
	for index := 1; index <= maxNodes; index++ {
		if !slices.ContainsFunc(s.Nodes, func(m member) bool { return m.Index == index }) {
			return index, nil
		}
	}
	return 0, fmt.Errorf("the cluster has its %d nodes already", maxNodes)
}

// errAbsent is returned when no cluster of that name exists.
var errAbsent = errors.New("there is no such cluster")

func readState(l layout) (*state, error) {
	content, err := os.ReadFile(l.stateFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", errAbsent, l.name)
	}
	if err != nil {
		return nil, err
	}
	var s state
	if err := json.Unmarshal(content, &s); err != nil {
		return nil, fmt.Errorf("%s: %w", l.stateFile(), err)
	}
	return &s, nil
}

func (s *state) write(l layout) error {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(l.stateFile(), content, 0o600)
}

// writeFile replaces a file atomically, so that a killed process leaves the old content
// or the new content.
func writeFile(name string, content []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	temporary := name + ".new"
	if err := os.WriteFile(temporary, content, mode); err != nil {
		return err
	}
	return os.Rename(temporary, name)
}

func writeJSON(name string, value any) error {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(name, append(content, '\n'), 0o644)
}

// lockFile holds the lock on a file until the returned function is called. The kernel
// releases it when the process ends for any reason.
func lockFile(name string) (func(), error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return func() { _ = file.Close() }, nil
}

func bootID() string {
	content, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}
