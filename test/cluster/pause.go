package cluster

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// savePause builds the pause image and saves it among the images of all nodes.
func savePause(ctx context.Context, project, archive string) error {
	content, err := programImage(ctx, pauseImage, filepath.Join(project, "hack", "pause"))
	if err != nil {
		return err
	}
	return writeFile(archive, content, 0o644)
}

// programImage returns the archive of an image that holds one Go program and nothing
// else.
func programImage(ctx context.Context, image, source string) ([]byte, error) {
	folder, err := os.MkdirTemp("", "daemonset-job-image-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	name := filepath.Base(source)
	binary := filepath.Join(folder, name)
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, ".")
	build.Dir = source
	// The nodes have this machine's platform, whatever GOOS and GOARCH the caller set.
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	if said, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build %s: %w: %s", source, err, said)
	}
	program, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	return imageArchive(image, name, program)
}

// imageArchive returns an image of one program in the format of "docker save", which
// every container tool reads.
func imageArchive(image, name string, program []byte) ([]byte, error) {
	layer, err := tarball(map[string][]byte{name: program}, []string{name}, 0o755)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(layer)
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config":       map[string]any{"Entrypoint": []string{"/" + name}, "User": "65535:65535"},
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(digest[:])}},
	})
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal([]map[string]any{{
		"Config": "config.json", "RepoTags": []string{image}, "Layers": []string{"layer.tar"},
	}})
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"manifest.json": manifest, "config.json": config, "layer.tar": layer}
	return tarball(files, []string{"manifest.json", "config.json", "layer.tar"}, 0o644)
}

func tarball(files map[string][]byte, order []string, mode int64) ([]byte, error) {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, name := range order {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(files[name]))}
		if err := writer.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("archive %s: %w", name, err)
		}
		if _, err := writer.Write(files[name]); err != nil {
			return nil, fmt.Errorf("archive %s: %w", name, err)
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}
