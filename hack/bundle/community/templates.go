package community

import "fmt"

// basicTemplate is a catalogue whose bundles are images alone.
type basicTemplate struct {
	Schema  string `json:"schema"`
	Entries []any  `json:"entries"`
}

type packageEntry struct {
	Schema         string `json:"schema"`
	Name           string `json:"name"`
	DefaultChannel string `json:"defaultChannel"`
	Icon           *Icon  `json:"icon,omitempty"`
	Description    string `json:"description,omitempty"`
}

type channelEntry struct {
	Schema  string  `json:"schema"`
	Name    string  `json:"name"`
	Package string  `json:"package"`
	Entries []Entry `json:"entries"`
}

type bundleEntry struct {
	Schema string `json:"schema"`
	Image  string `json:"image"`
}

// basic returns the template with the channels and upgrades of the project's own
// catalogue.
func (r *Release) basic(repository *Repository) (*basicTemplate, error) {
	t := &basicTemplate{templateTypes[Basic], []any{packageEntry{"olm.package", r.Package, r.DefaultChannel, r.Icon, r.Description}}}
	var bundles []any
	seen := map[string]bool{}
	for _, channel := range r.Channels {
		t.Entries = append(t.Entries, channelEntry{"olm.channel", channel.Name, r.Package, channel.Entries})
		for _, entry := range channel.Entries {
			version, err := r.version(entry.Name)
			if err != nil {
				return nil, err
			}
			if !seen[version] {
				seen[version] = true
				bundles = append(bundles, bundleEntry{"olm.bundle", repository.image(r.Package, version)})
			}
		}
	}
	t.Entries = append(t.Entries, bundles...)
	return t, nil
}

// semverTemplate is a catalogue whose upgrades follow from the versions. opm makes the
// channels stable-v0, stable-v1 and so on from it.
type semverTemplate struct {
	Schema    string         `json:"Schema"`
	Major     bool           `json:"GenerateMajorChannels"`
	Minor     bool           `json:"GenerateMinorChannels"`
	Candidate *semverBundles `json:"Candidate,omitempty"`
	Fast      *semverBundles `json:"Fast,omitempty"`
	Stable    *semverBundles `json:"Stable,omitempty"`
}

type semverBundles struct {
	Bundles []semverBundle `json:"Bundles"`
}

type semverBundle struct {
	Image string `json:"Image"`
}

func (r *Release) semver(repository *Repository) (*semverTemplate, error) {
	t := &semverTemplate{Schema: templateTypes[Semver], Major: true}
	for _, channel := range r.Channels {
		name, err := semverChannel(channel.Name)
		if err != nil {
			return nil, err
		}
		bundles := &semverBundles{}
		for _, entry := range channel.Entries {
			version, err := r.version(entry.Name)
			if err != nil {
				return nil, err
			}
			bundles.Bundles = append(bundles.Bundles, semverBundle{repository.image(r.Package, version)})
		}
		switch name {
		case "Candidate":
			t.Candidate = bundles
		case "Fast":
			t.Fast = bundles
		case "Stable":
			t.Stable = bundles
		}
	}
	return t, nil
}

// semverChannel returns a channel's name in the template, which knows three.
func semverChannel(name string) (string, error) {
	switch name {
	case "candidate":
		return "Candidate", nil
	case "fast":
		return "Fast", nil
	case "stable":
		return "Stable", nil
	}
	return "", fmt.Errorf("channel %q has no place in a semver template: its channels are candidate, fast and stable", name)
}
