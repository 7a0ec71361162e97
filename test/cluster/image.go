package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Load loads an image into every node, also into nodes that are added later. image is
// an archive file in Docker's or the OCI's format, or the name of an image that the
// container tool has.
func (c *Cluster) Load(ctx context.Context, image, tool string) error {
	return c.change(func() error {
		archive := filepath.Join(c.layout.images(), fileName(image)+".tar")
		if err := save(ctx, image, tool, archive+".new"); err != nil {
			return errors.Join(err, os.RemoveAll(archive+".new"))
		}
		if err := os.Rename(archive+".new", archive); err != nil {
			return err
		}
		group, inner := errgroup.WithContext(ctx)
		for _, m := range c.state.Nodes {
			if !c.nodeProcesses(m).containerd.running() {
				c.say("%s does not run its containerd and is left out.", m.Name)
				continue
			}
			group.Go(func() error { return c.importImage(inner, m, archive) })
		}
		return group.Wait()
	})
}

// fileName returns a file name that is unique for the full name of an image.
func fileName(image string) string {
	return strings.NewReplacer("%", "%25", "/", "%2F", ":", "%3A").Replace(image)
}

func (c *Cluster) importImage(ctx context.Context, m member, archive string) error {
	_, err := c.ctr(ctx, m.Name, "images", "import", archive)
	return err
}

// importAll imports all loaded images into a node.
func (c *Cluster) importAll(ctx context.Context, m member) error {
	archives, err := filepath.Glob(filepath.Join(c.layout.images(), "*.tar"))
	if err != nil {
		return err
	}
	for _, archive := range archives {
		if err := c.importImage(ctx, m, archive); err != nil {
			return err
		}
	}
	return nil
}

// save writes an image to an archive file.
func save(ctx context.Context, image, tool, archive string) error {
	if info, err := os.Stat(image); err == nil && info.Mode().IsRegular() {
		return copyFile(image, archive)
	}
	if tool == "" {
		tool = containerTool(ctx)
	}
	if tool == "" {
		return fmt.Errorf("%s is no file, and no container tool is here that could have it: install docker (with its engine), podman or buildah", image)
	}
	if filepath.Base(tool) == "docker" {
		return run(ctx, tool, "save", "--output", archive, image)
	}
	// Repeat the name: without it, an image built without a registry's name would be
	// saved under "localhost", and pods would not find it.
	return run(ctx, tool, "push", image, "docker-archive:"+archive+":"+image)
}

// containerTool returns a container tool: docker if its engine answers, else podman or
// buildah if one is installed.
func containerTool(ctx context.Context) string {
	const engineAnswers = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, engineAnswers)
	defer cancel()
	if run(ctx, "docker", "info") == nil {
		return "docker"
	}
	for _, tool := range []string{"podman", "buildah"} {
		if _, err := exec.LookPath(tool); err == nil {
			return tool
		}
	}
	return ""
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		return errors.Join(err, target.Close())
	}
	return target.Close()
}
