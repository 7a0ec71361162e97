package community

import "fmt"

// The files of templates, by which Release.Template chooses.
const (
	Basic  = "basic.yaml"
	Semver = "semver.yaml"
)

// templateTypes holds the type of each template.
var templateTypes = map[string]string{Basic: "olm.template.basic", Semver: "olm.semver"}

// config is ci.yaml, by which a pipeline publishes the operator.
type config struct {
	UpdateGraph string   `json:"updateGraph"`
	Reviewers   []string `json:"reviewers"`
	FBC         *fbc     `json:"fbc,omitempty"`
}

type fbc struct {
	Enabled   bool      `json:"enabled"`
	Promotion string    `json:"version_promotion_strategy,omitempty"`
	Mapping   []mapping `json:"catalog_mapping"`
}

// mapping says which catalogues are made from a template.
type mapping struct {
	Template   string   `json:"template_name"`
	Type       string   `json:"type"`
	Catalogues []string `json:"catalog_names"`
}

func (r *Release) config(repository *Repository) (*config, error) {
	c := &config{UpdateGraph: "replaces-mode", Reviewers: r.Reviewers}
	if !repository.FBC {
		return c, nil
	}
	kind, ok := templateTypes[r.Template]
	if !ok {
		return nil, fmt.Errorf("there is no template %q, only %s and %s", r.Template, Basic, Semver)
	}
	names := repository.catalogues(r)
	if len(names) == 0 {
		return nil, fmt.Errorf("the newest OpenShift, 4.%d, is older than the first that has the operator's Kubernetes, 4.%d", r.LastOpenShift, r.FirstOpenShift)
	}
	c.FBC = &fbc{Enabled: true, Mapping: []mapping{{r.Template, kind, names}}}
	if repository.OpenShift {
		// A reviewer sees the operator before a newer OpenShift offers it.
		c.FBC.Promotion = "review-needed"
	}
	return c, nil
}

// releaseConfig is release-config.yaml. It says where the pipeline adds the bundle to
// the templates after it has built the bundle's image.
type releaseConfig struct {
	Templates []addition `json:"catalog_templates"`
}

type addition struct {
	Template       string   `json:"template_name"`
	Channels       []string `json:"channels"`
	DefaultChannel string   `json:"defaultChannel,omitempty"`
	Replaces       string   `json:"replaces,omitempty"`
	SkipRange      string   `json:"skipRange,omitempty"`
}

func (r *Release) releaseConfig() (*releaseConfig, error) {
	channels, entry, err := r.own()
	if err != nil {
		return nil, err
	}
	a := addition{Template: r.Template}
	if r.Template == Semver {
		// The version's order alone makes the upgrades.
		for _, channel := range channels {
			name, err := semverChannel(channel)
			if err != nil {
				return nil, err
			}
			a.Channels = append(a.Channels, name)
		}
		return &releaseConfig{[]addition{a}}, nil
	}
	a.Channels, a.Replaces, a.SkipRange = channels, entry.Replaces, entry.SkipRange
	if channels[0] == r.DefaultChannel {
		a.DefaultChannel = r.DefaultChannel
	}
	return &releaseConfig{[]addition{a}}, nil
}
