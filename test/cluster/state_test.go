package cluster

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func TestFreeIndexIsTheSmallest(t *testing.T) {
	s := &state{Nodes: []member{{"node-1", 1}, {"b", 3}}}
	if index, err := s.freeIndex(); err != nil || index != 2 {
		t.Errorf("%d, %v", index, err)
	}
	for index := 1; index <= maxNodes; index++ {
		s.Nodes = append(s.Nodes, member{Index: index})
	}
	if _, err := s.freeIndex(); err == nil {
		t.Error("there is no place left, and no error")
	}
}

func TestWriteFileReplacesWhole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "folder", "file")
	for _, content := range []string{"a long content", "short"} {
		if err := writeFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != content {
			t.Errorf("%q, %v", got, err)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
		t.Errorf("%v are left, %v", entries, err)
	}
}

func TestLockFileExcludes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lock")
	unlock, err := lockFile(file)
	if err != nil {
		t.Fatal(err)
	}
	second := make(chan error)
	go func() {
		unlock, err := lockFile(file)
		if err == nil {
			unlock()
		}
		second <- err
	}()
	select {
	case err := <-second:
		t.Fatal("two have the lock", err)
	case <-time.After(50 * time.Millisecond):
	}
	unlock()
	if err := <-second; err != nil {
		t.Error(err)
	}
}

func TestWithExtra(t *testing.T) {
	given := []string{"--a=1", "--b=2", "--c"}
	for name, c := range map[string]struct{ extra, want []string }{
		"nothing":       {nil, []string{"--a=1", "--b=2", "--c"}},
		"another":       {[]string{"--d=4"}, []string{"--a=1", "--b=2", "--c", "--d=4"}},
		"the same":      {[]string{"--b=3"}, []string{"--a=1", "--c", "--b=3"}},
		"without value": {[]string{"--c=false"}, []string{"--a=1", "--b=2", "--c=false"}},
		"twice":         {[]string{"--b=3", "--b=4"}, []string{"--a=1", "--c", "--b=3", "--b=4"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := withExtra(given, c.extra); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
