// Package community writes a release of the operator in the form in which the
// repositories of community operators take it.
package community

import (
	"fmt"
	"slices"
	"strings"
)

// Release is a version to submit, with the update graph that it belongs to.
type Release struct {
	// Package is the operator's name, and Version a semantic version without v.
	Package, Version string
	// Bundle is the folder of the bundle.
	Bundle string
	// Icon and Description are those of the package in catalogues.
	Icon        *Icon
	Description string
	// DefaultChannel is the channel of users who name none. Channels hold this version
	// and all earlier ones.
	DefaultChannel string
	Channels       []Channel
	// Reviewers are the GitHub users whose submissions the pipelines merge.
	Reviewers []string
	// FirstOpenShift and LastOpenShift are the minor versions of OpenShift 4 between
	// which catalogues offer the operator.
	FirstOpenShift, LastOpenShift uint64
	// Template names the catalogue template that catalogues are made from.
	Template string
}

// Icon is an icon in the form of a catalogue.
type Icon struct {
	Data      string `json:"base64data"`
	MediaType string `json:"mediatype"`
}

// Channel is a channel of the package.
type Channel struct {
	Name    string
	Entries []Entry
}

// Entry is a version in a channel, with the versions that it upgrades.
type Entry struct {
	Name      string `json:"name"`
	Replaces  string `json:"replaces,omitempty"`
	SkipRange string `json:"skipRange,omitempty"`
}

// version returns the version of an entry's name.
func (r *Release) version(name string) (string, error) {
	version, ok := strings.CutPrefix(name, r.Package+".v")
	if !ok {
		return "", fmt.Errorf("%q is not a version of %s", name, r.Package)
	}
	return version, nil
}

// own returns the channels of this version, the default one first, and its entry.
func (r *Release) own() (channels []string, entry Entry, err error) {
	for _, channel := range r.Channels {
		for _, e := range channel.Entries {
			if e.Name == r.Package+".v"+r.Version {
				channels, entry = append(channels, channel.Name), e
			}
		}
	}
	if channels == nil {
		return nil, Entry{}, fmt.Errorf("no channel of the catalogue has version %s: run `make catalog`", r.Version)
	}
	slices.SortStableFunc(channels, func(a, b string) int {
		switch {
		case a == r.DefaultChannel:
			return -1
		case b == r.DefaultChannel:
			return 1
		}
		return 0
	})
	return channels, entry, nil
}
