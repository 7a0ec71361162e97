// Package openshift relates versions of Kubernetes to the versions of OpenShift that
// are built from them.
package openshift

import (
	"fmt"

	"github.com/blang/semver/v4"
)

// Annotation says in a bundle's metadata, and in a label of its image, which versions
// of OpenShift offer the bundle. A single version includes all later ones.
const Annotation = "com.redhat.openshift.versions"

// offset is the difference between the minor versions of OpenShift 4 and Kubernetes 1:
// OpenShift 4.17 has Kubernetes 1.30. It holds since OpenShift 4.3, the source is
// https://access.redhat.com/solutions/4870701.
const (
	offset = 13
	oldest = 3
)

// First returns the minor version of the first OpenShift 4 whose clusters all have at
// least a version of Kubernetes. A cluster of OpenShift can have any patch of its
// Kubernetes, so the first one for 1.30.1 is that of 1.31.
func First(minKubeVersion string) (minor uint64, err error) {
	version, err := semver.ParseTolerant(minKubeVersion)
	if err != nil {
		return 0, fmt.Errorf("minKubeVersion %q: %w", minKubeVersion, err)
	}
	if version.Major != 1 || version.Minor < oldest+offset {
		return 0, fmt.Errorf("minKubeVersion %q: no version of OpenShift is known for it", minKubeVersion)
	}
	minor = version.Minor - offset
	if version.Patch > 0 {
		minor++
	}
	return minor, nil
}

// Kubernetes returns the version of Kubernetes that a minor version of OpenShift 4 has.
func Kubernetes(minor uint64) semver.Version {
	return semver.Version{Major: 1, Minor: minor + offset}
}

// Name returns the name of a minor version of OpenShift 4, as in v4.17.
func Name(minor uint64) string { return fmt.Sprintf("v4.%d", minor) }

// Minor returns the minor version of a name, with or without the v.
func Minor(name string) (uint64, error) {
	version, err := semver.ParseTolerant(name)
	if err != nil {
		return 0, fmt.Errorf("OpenShift %q: %w", name, err)
	}
	if version.Major != 4 {
		return 0, fmt.Errorf("OpenShift %q: only 4 is known", name)
	}
	return version.Minor, nil
}
