package pipelines

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func releaseConfigFits(o *Operator, v *Version) error {
	if v.release == nil {
		return nil
	}
	if !o.fbc() {
		return fmt.Errorf("release-config.yaml needs fbc.enabled in ci.yaml")
	}
	types := map[any]any{}
	for _, template := range o.mapping() {
		types[template["template_name"]] = template["type"]
	}
	list, _, _ := unstructured.NestedSlice(v.release, "catalog_templates")
	for _, template := range maps(list) {
		kind, ok := types[template["template_name"]]
		if !ok {
			return fmt.Errorf("ci.yaml has no catalog_mapping for the template %v", template["template_name"])
		}
		channels, _, _ := unstructured.NestedStringSlice(template, "channels")
		for _, channel := range channels {
			if kind == "olm.semver" && !slices.Contains([]string{"Fast", "Candidate", "Stable"}, channel) {
				return fmt.Errorf("a semver template has no channel %s", channel)
			}
		}
	}
	return nil
}

// oneTemplateEach demands that each catalogue is made from one template.
func oneTemplateEach(o *Operator, _ *Version) error {
	seen := map[string]bool{}
	for _, template := range o.mapping() {
		names, _, _ := unstructured.NestedStringSlice(template, "catalog_names")
		for _, name := range names {
			if seen[name] {
				return fmt.Errorf("ci.yaml has two templates for the catalogue %s", name)
			}
			seen[name] = true
		}
	}
	return nil
}

// registries holds the allowed_bundle_registries of config.yaml in
// redhat-openshift-ecosystem/community-operators-prod.
var registries = []string{"quay.io/community-operator-pipeline-prod/", "quay.io/openshift-community-operators/"}

// allowedRegistries demands that catalogues name the images that the pipeline pushes.
// Catalogues are made from templates, which hold the same names.
func allowedRegistries(o *Operator, _ *Version) error {
	for _, template := range o.mapping() {
		name, _ := template["template_name"].(string)
		content := map[string]any{}
		if err := read(filepath.Join(o.folder, "catalog-templates", name), &content); err != nil {
			return fmt.Errorf("a catalogue's template: %w", err)
		}
		for _, image := range images(content) {
			if !slices.ContainsFunc(registries, func(registry string) bool { return strings.HasPrefix(image, registry) }) {
				return fmt.Errorf("%s: the image %s is none that the pipeline pushes", name, image)
			}
		}
	}
	return nil
}

// images returns the images of a template: basic ones have "image", semver ones "Image".
func images(content any) (all []string) {
	switch content := content.(type) {
	case []any:
		for _, item := range content {
			all = append(all, images(item)...)
		}
	case map[string]any:
		for key, value := range content {
			if image, ok := value.(string); ok && strings.EqualFold(key, "image") {
				all = append(all, image)
			}
			all = append(all, images(value)...)
		}
	}
	return all
}
