package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/blang/semver/v4"
)

// flagsOf holds the flags of a command that describes a release.
type flagsOf struct {
	*flag.FlagSet
	packageName, version, replaces, skipRange, channels, defaultChannel string
	overwrite                                                           bool
}

func newFlags(name string) *flagsOf {
	f := &flagsOf{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError)}
	f.StringVar(&f.packageName, "package", "daemonset-job", "name of the `package`")
	f.StringVar(&f.version, "version", "", "semantic `version`, without v")
	f.StringVar(&f.replaces, "replaces", "", "semantic `version` that this one is an upgrade of")
	f.StringVar(&f.skipRange, "skip-range", "", "`range` of versions that can be upgraded to this one directly")
	f.StringVar(&f.channels, "channels", "stable", "comma separated `channels`")
	f.Bool("q", true, "accepted as by operator-sdk: nothing but errors is printed anyway")
	f.BoolVar(&f.overwrite, "overwrite", true, "accepted as by operator-sdk: what was generated before is replaced anyway")
	f.StringVar(&f.defaultChannel, "default-channel", "", "`channel` for users who name none (default: the first)")
	return f
}

// release returns the release that the parsed flags describe.
func (f *flagsOf) release() (*release, error) {
	if !f.overwrite {
		return nil, errors.New("-overwrite=false: only what is replaced as a whole is up to date")
	}
	version, err := semver.Parse(f.version)
	if err != nil {
		return nil, fmt.Errorf("-version %q: %w", f.version, err)
	}
	r := &release{packageName: f.packageName, version: version, skipRange: f.skipRange}
	if f.replaces != "" {
		if _, err := semver.Parse(f.replaces); err != nil {
			return nil, fmt.Errorf("-replaces %q: %w", f.replaces, err)
		}
		r.replaces = csvName(f.packageName, f.replaces)
	}
	if f.skipRange != "" {
		if _, err := semver.ParseRange(f.skipRange); err != nil {
			return nil, fmt.Errorf("-skip-range %q: %w", f.skipRange, err)
		}
		if f.replaces == "" {
			return nil, errors.New("-skip-range needs -replaces: without it, OLM would offer no upgrade from the earlier versions")
		}
	}
	if f.defaultChannel == "" {
		f.defaultChannel, _, _ = strings.Cut(f.channels, ",")
	}
	return r, nil
}

// generate writes the bundle and its Dockerfile from the manifests on standard input.
func generate(args []string) error {
	f := newFlags("generate")
	api := f.String("api", "", "`folder` with the Go types of the custom resources")
	output := f.String("output", "bundle", "`folder` to write")
	folder := f.String("folder", "bundle", "`name` of that folder in the Dockerfile")
	dockerfile := f.String("dockerfile", "bundle.Dockerfile", "`file` to write")
	useDigests := f.Bool("use-image-digests", false, "name all images by the digest that their registry has for their tag")
	mirror := f.String("digest-registry", "", "`host` of a registry to ask for the digests (default: each image's own)")
	if err := f.Parse(args); err != nil {
		return err
	}
	r, err := f.release()
	if err != nil {
		return err
	}
	t, err := loadTypes(*api)
	if err != nil {
		return err
	}
	m, err := collect(os.Stdin)
	if err != nil {
		return err
	}
	if *useDigests {
		if err := m.pin(digestFrom(*mirror)); err != nil {
			return err
		}
	}
	csv, err := m.csv(r, t)
	if err != nil {
		return err
	}
	files, err := m.files(csv, r.packageName)
	if err != nil {
		return err
	}
	labels, err := labels(r.packageName, f.channels, f.defaultChannel, csv.Spec.MinKubeVersion, m.scorecard != nil)
	if err != nil {
		return err
	}
	files["metadata/annotations.yaml"] = annotations(labels)
	if err := writeAll(*output, files); err != nil {
		return err
	}
	return os.WriteFile(*dockerfile, dockerfileOf(labels, *folder, m.scorecard != nil), 0o644)
}
