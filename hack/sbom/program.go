package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// program is one file that was built, for one platform.
type program struct {
	name, platform, digest, goVersion string

	// main is the module that has the program's main package, and deps are all others.
	main debug.Module
	deps []debug.Module
}

// read returns what a program says of itself.
func read(path string) (program, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return program{}, fmt.Errorf("%s: %w", path, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return program{}, err
	}
	digest := sha256.Sum256(data)
	p := program{
		name: filepath.Base(path), digest: hex.EncodeToString(digest[:]), goVersion: strings.TrimPrefix(info.GoVersion, "go"),
		platform: setting(info, "GOOS") + "/" + setting(info, "GOARCH"), main: info.Main,
	}
	for _, dependency := range info.Deps {
		p.deps = append(p.deps, built(dependency))
	}
	return p, nil
}

// built returns the module whose code is in the program: what another module replaces is not. A
// folder that replaces a module is one of this project.
func built(dependency *debug.Module) debug.Module {
	switch replacement := dependency.Replace; {
	case replacement == nil:
		return *dependency
	case replacement.Version == "":
		return debug.Module{Path: dependency.Path}
	default:
		return *replacement
	}
}

func setting(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
