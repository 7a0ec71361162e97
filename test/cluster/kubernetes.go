package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// kubernetes returns the folder with the components of a release. It builds them if
// the cache has no build of these sources.
func (r release) kubernetes(ctx context.Context, project string, log io.Writer) (string, error) {
	sources := filepath.Join(project, "hack", r.folder)
	sum, version, err := sourceOf(sources)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "daemonset-job", "kubernetes-"+sum)
	unlock, err := lockFile(folder + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	binary := filepath.Join(folder, "kubernetes")
	if _, err := os.Stat(binary); errors.Is(err, os.ErrNotExist) {
		err = r.build(ctx, sources, binary, version, log)
		if err != nil {
			return "", err
		}
	} else if err != nil {
		return "", err
	}
	for _, name := range r.components {
		if err := link("kubernetes", filepath.Join(folder, name)); err != nil {
			return "", err
		}
	}
	return folder, nil
}

// sourceOf returns the hash of the binary's sources, and the version of Kubernetes that
// they name.
func sourceOf(folder string) (sum, version string, err error) {
	hash := sha256.New()
	for _, name := range []string{"main.go", "go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return "", "", err
		}
		hash.Write(content)
		if found := kubernetesVersion.FindSubmatch(content); found != nil && name == "go.mod" {
			version = string(found[1])
		}
	}
	if version == "" {
		return "", "", fmt.Errorf("%s/go.mod names no version of k8s.io/kubernetes", folder)
	}
	return fmt.Sprintf("%x", hash.Sum(nil))[:12], version, nil
}

var kubernetesVersion = regexp.MustCompile(`(?m)^\s*k8s\.io/kubernetes (v\S+)`)

func (r release) build(ctx context.Context, sources, binary, version string, log io.Writer) error {
	began := time.Now()
	_, _ = fmt.Fprintf(log, "Building Kubernetes %s and etcd from source: once, and about ten minutes on two cores.\n", version)
	stop := heartbeat(log, began)
	defer stop()
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return err
	}
	flags := fmt.Sprintf("-s -w -X k8s.io/component-base/version.gitVersion=%[1]s -X k8s.io/client-go/pkg/version.gitVersion=%[1]s", version)
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", r.tags, "-ldflags", flags, "-o", binary+".new", ".")
	build.Dir = sources
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	build.Stdout, build.Stderr = log, log
	if err := build.Run(); err != nil {
		return fmt.Errorf("build Kubernetes: %w", err)
	}
	if err := os.Rename(binary+".new", binary); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(log, "%8s  Kubernetes built\n", elapsed(began))
	return nil
}

// heartbeat prints progress of a long step until the returned function is called.
func heartbeat(log io.Writer, began time.Time) func() {
	const every = 20 * time.Second
	ticker, done := time.NewTicker(every), make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-ticker.C:
				_, _ = fmt.Fprintf(log, "%8s  still building\n", time.Since(began).Round(time.Second))
			case <-done:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
		<-stopped
	}
}

// link makes a symbolic link, replacing one that points elsewhere.
func link(target, name string) error {
	if at, err := os.Readlink(name); err == nil && at == target {
		return nil
	}
	temporary := name + ".new"
	if err := os.RemoveAll(temporary); err != nil {
		return err
	}
	if err := os.Symlink(target, temporary); err != nil {
		return err
	}
	return os.Rename(temporary, name)
}
