package pipelines

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func operatorName(o *Operator, v *Version) error {
	name, _ := v.csvName()
	if name == "" {
		return fmt.Errorf("the ClusterServiceVersion has no name")
	}
	if v.packageName() != name {
		return fmt.Errorf("the package is %q, and the ClusterServiceVersion's name begins with %q", v.packageName(), name)
	}
	for _, other := range o.versions {
		if otherName, _ := other.csvName(); otherName != name || other.packageName() != v.packageName() {
			return fmt.Errorf("version %s has another name than version %s", other.name, v.name)
		}
	}
	return packageIsTheFolder(o, v)
}

func packageIsTheFolder(o *Operator, _ *Version) error {
	for _, v := range o.versions {
		if v.packageName() != o.name {
			return fmt.Errorf("the package of version %s is %q, and the folder %q", v.name, v.packageName(), o.name)
		}
	}
	return nil
}

func oneName(o *Operator, v *Version) error {
	name, _ := v.csvName()
	for _, other := range o.versions {
		if otherName, _ := other.csvName(); otherName != name {
			return fmt.Errorf("the versions have the names %q and %q", name, otherName)
		}
	}
	return nil
}

func versionIsTheFolder(_ *Operator, v *Version) error {
	if version := v.field("spec", "version"); version != v.name {
		return fmt.Errorf("the folder is %q, and spec.version %q", v.name, version)
	}
	return nil
}

func noNetworkPolicy(_ *Operator, v *Version) error {
	for file, object := range v.manifests {
		version, _ := object["apiVersion"].(string)
		if object["kind"] == "NetworkPolicy" && strings.HasPrefix(version, "networking.k8s.io/") {
			return fmt.Errorf("%s is a NetworkPolicy", file)
		}
	}
	return nil
}

// onlyVersions demands that each folder is a version: the playbooks count folders and
// annotations.yaml.
func onlyVersions(o *Operator, _ *Version) error {
	if len(o.others) > 0 {
		return fmt.Errorf("the folders %v are no versions", o.others)
	}
	return nil
}

func requiredAnnotations(_ *Operator, v *Version) error {
	for _, key := range []string{"channels.v1", "manifests.v1", "mediatype.v1", "metadata.v1", "package.v1"} {
		if v.annotations[bundlePrefix+key] == "" {
			return fmt.Errorf("annotations.yaml has no %s", bundlePrefix+key)
		}
	}
	return nil
}

// semverReplacesNothing demands that versions whose order makes the upgrades name none.
// The playbooks assume that mode when ci.yaml has none.
func semverReplacesNothing(o *Operator, v *Version) error {
	if mode, _ := o.config["updateGraph"].(string); mode != "" && mode != "semver-mode" {
		return nil
	}
	for _, key := range []string{"replaces", "skips"} {
		if _, found, _ := unstructured.NestedFieldNoCopy(v.csv, "spec", key); found {
			return fmt.Errorf("the ClusterServiceVersion has spec.%s in semver mode", key)
		}
	}
	return nil
}

// containerImageIsUsed demands that the annotation's image is in the file once more.
func containerImageIsUsed(_ *Operator, v *Version) error {
	image := v.field("metadata", "annotations", "containerImage")
	if image == "" || strings.Count(v.csvText, image) < 2 {
		return fmt.Errorf("no container has the image of the annotation containerImage, %q", image)
	}
	return nil
}
