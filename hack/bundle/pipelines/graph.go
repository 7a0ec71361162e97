package pipelines

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blang/semver/v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func updateGraph(o *Operator, _ *Version) error {
	switch o.config["updateGraph"] {
	case "replaces-mode", "semver-mode":
		return nil
	case nil:
		return errors.New("ci.yaml has no updateGraph")
	}
	return fmt.Errorf("updateGraph is %v, neither replaces-mode nor semver-mode", o.config["updateGraph"])
}

// channel returns the versions of a channel in their order.
func (o *Operator) channel(name string) (all []*Version, err error) {
	parsed := map[*Version]semver.Version{}
	for _, v := range o.versions {
		if !slices.Contains(v.channels(), name) {
			continue
		}
		_, text := v.csvName()
		if parsed[v], err = semver.Parse(text); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b *Version) int { return parsed[a].Compare(parsed[b]) })
	return all, nil
}

func (v *Version) channels() (all []string) {
	for name := range strings.SplitSeq(v.annotations[bundlePrefix+"channels.v1"], ",") {
		all = append(all, strings.TrimSpace(name))
	}
	return all
}

func (o *Operator) channels() (all []string) {
	for _, v := range o.versions {
		all = append(all, v.channels()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// upgrades returns, for each version of a channel, the versions that upgrade it.
func (o *Operator) upgrades(channel []*Version) (map[*Version][]*Version, error) {
	all := map[*Version][]*Version{}
	if o.config["updateGraph"] == "semver-mode" {
		for i := 1; i < len(channel); i++ {
			all[channel[i-1]] = append(all[channel[i-1]], channel[i])
		}
		return all, nil
	}
	for _, v := range channel {
		skips, _, _ := unstructured.NestedStringSlice(v.csv, "spec", "skips")
		inRange := func(semver.Version) bool { return false }
		if text := v.field("metadata", "annotations", "olm.skipRange"); text != "" {
			var err error
			if inRange, err = semver.ParseRange(text); err != nil {
				return nil, fmt.Errorf("olm.skipRange %q: %w", text, err)
			}
		}
		for _, earlier := range channel {
			name := earlier.field("metadata", "name")
			_, text := earlier.csvName()
			if name == v.field("spec", "replaces") || slices.Contains(skips, name) || inRange(semver.MustParse(text)) {
				all[earlier] = append(all[earlier], v)
			}
		}
	}
	return all, nil
}

// noneDangles demands that each version of a channel but the newest is upgraded.
func noneDangles(o *Operator, _ *Version) error {
	return o.eachChannel(func(name string, channel []*Version, upgrades map[*Version][]*Version) error {
		for _, earlier := range channel[:len(channel)-1] {
			if len(upgrades[earlier]) == 0 {
				return fmt.Errorf("nothing upgrades version %s in the channel %s", earlier.name, name)
			}
		}
		return nil
	})
}

func noLoop(o *Operator, _ *Version) error {
	return o.eachChannel(func(name string, channel []*Version, upgrades map[*Version][]*Version) error {
		// A version that upgrades nothing further is removed, until only loops are left.
		left := slices.Clone(channel)
		for {
			before := len(left)
			left = slices.DeleteFunc(left, func(v *Version) bool {
				return !slices.ContainsFunc(upgrades[v], func(next *Version) bool { return slices.Contains(left, next) })
			})
			switch len(left) {
			case 0:
				return nil
			case before:
				return fmt.Errorf("the upgrades of version %s in the channel %s are a loop", left[0].name, name)
			}
		}
	})
}

func (o *Operator) eachChannel(check func(string, []*Version, map[*Version][]*Version) error) error {
	for _, name := range o.channels() {
		channel, err := o.channel(name)
		if err != nil {
			return err
		}
		upgrades, err := o.upgrades(channel)
		if err != nil {
			return err
		}
		if err := check(name, channel, upgrades); err != nil {
			return err
		}
	}
	return nil
}
