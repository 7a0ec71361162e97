package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blang/semver/v4"
)

// addByVersion adds bundles of any versions to the channels. Images say nothing about
// the upgrades that a catalogue offers, so that each version upgrades the one before it,
// as in the semver mode of `opm index add`.
func addByVersion(catalogue []blob, r *release, bundles []blob, channels []string, defaultChannel string) ([]blob, error) {
	if len(bundles) == 0 {
		return nil, fmt.Errorf("there is no bundle in the input")
	}
	for i := range bundles {
		b := &bundles[i]
		if b.Schema != schemaBundle || b.Package != r.packageName {
			return nil, fmt.Errorf("%s %s is no bundle of %s", b.Schema, b.Name, r.packageName)
		}
		if err := b.canBeServed(); err != nil {
			return nil, err
		}
		version, err := versionOf(r.packageName, b.Name)
		if err != nil {
			return nil, err
		}
		own := *r
		own.version, own.replaces, own.skipRange = version, "", ""
		catalogue = addBundle(catalogue, &own, b, channels, defaultChannel)
	}
	for i := range catalogue {
		b := &catalogue[i]
		if b.Schema != schemaChannel || !slices.Contains(channels, b.Name) {
			continue
		}
		if err := chain(r.packageName, b.Entries); err != nil {
			return nil, err
		}
	}
	return catalogue, nil
}

// chain sorts the entries of a channel, and lets each upgrade the one before it.
func chain(packageName string, entries []entry) error {
	versions := map[string]semver.Version{}
	for _, e := range entries {
		version, err := versionOf(packageName, e.Name)
		if err != nil {
			return err
		}
		versions[e.Name] = version
	}
	slices.SortFunc(entries, func(a, b entry) int { return versions[a.Name].Compare(versions[b.Name]) })
	for i := range entries {
		entries[i].Replaces = ""
		if i > 0 {
			entries[i].Replaces = entries[i-1].Name
		}
	}
	return nil
}

func versionOf(packageName, name string) (semver.Version, error) {
	version, err := semver.Parse(strings.TrimPrefix(name, csvName(packageName, "")))
	if err != nil {
		return version, fmt.Errorf("%q is not named as a version of %s: %w", name, packageName, err)
	}
	return version, nil
}
