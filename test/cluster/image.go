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

// Load gives an image to every node, and to those that are added later. What
// it takes is an archive file, in Docker's or the OCI's form, or else the name
// of an image that the container tool has.
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

// fileName keeps images apart by their full names.
func fileName(image string) string {
	return strings.NewReplacer("%", "%25", "/", "%2F", ":", "%3A").Replace(image)
}

func (c *Cluster) importImage(ctx context.Context, m member, archive string) error {
	_, err := c.ctr(ctx, m.Name, "images", "import", archive)
	return err
}

// importAll gives a node all images that were loaded.
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
		return fmt.Errorf("%s is no file, and neither docker (with its engine), podman nor buildah is here to have it", image)
	}
	if filepath.Base(tool) == "docker" {
		return run(ctx, tool, "save", "--output", archive, image)
	}
	// The name is given again, since an image built without a registry's name
	// would be saved under "localhost", where no pod looks for it.
	return run(ctx, tool, "push", image, "docker-archive:"+archive+":"+image)
}

// containerTool returns the first tool that can be asked for an image.
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
