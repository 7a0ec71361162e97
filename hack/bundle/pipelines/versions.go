package pipelines

import (
	"fmt"
	"strings"

	"github.com/blang/semver/v4"

	ocp "github.com/darkowlzz/daemonset-job/hack/bundle/openshift"
)

// versionsAgree demands that each OpenShift that is named has the Kubernetes that is
// demanded.
func versionsAgree(_ *Operator, v *Version) error {
	text := v.field("spec", "minKubeVersion")
	if text == "" {
		return nil
	}
	kubernetes, err := semver.ParseTolerant(text)
	if err != nil {
		return fmt.Errorf("minKubeVersion %q: %w", text, err)
	}
	selector := strings.TrimSpace(v.annotations[ocp.Annotation])
	if selector == "" {
		return fmt.Errorf("minKubeVersion is %s, and annotations.yaml has no %s", text, ocp.Annotation)
	}
	// The first version is the oldest in each form: v4.17, =v4.17, v4.17-v4.20.
	first, _, _ := strings.Cut(strings.TrimPrefix(selector, "="), "-")
	minor, err := ocp.Minor(first)
	if err != nil {
		return err
	}
	if has := ocp.Kubernetes(minor); has.LT(kubernetes) {
		return fmt.Errorf("%s is %s with Kubernetes %s, and minKubeVersion %s", ocp.Annotation, selector, has, text)
	}
	return nil
}

// replacesIsThere demands that the version that is upgraded is there, and offered
// wherever this one is.
func replacesIsThere(o *Operator, v *Version) error {
	replaces := v.field("spec", "replaces")
	if replaces == "" {
		return nil
	}
	if replaces == v.field("metadata", "name") {
		return fmt.Errorf("version %s replaces itself", v.name)
	}
	for _, earlier := range o.versions {
		if earlier.field("metadata", "name") != replaces {
			continue
		}
		own, before := v.annotations[ocp.Annotation], earlier.annotations[ocp.Annotation]
		if own == before || before == "" {
			return nil
		}
		first, err := ocp.Minor(own)
		if err != nil {
			return fmt.Errorf("version %s is for any OpenShift, version %s for %s: %w", v.name, earlier.name, before, err)
		}
		last, err := ocp.Minor(before)
		if err != nil {
			return err
		}
		if first < last {
			return fmt.Errorf("version %s is for OpenShift %s, and version %s, which it replaces, for %s", v.name, own, earlier.name, before)
		}
		return nil
	}
	return fmt.Errorf("%s, which is replaced, is not there: write into a clone that has it", replaces)
}
