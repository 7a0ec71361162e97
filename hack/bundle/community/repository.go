package community

import "github.com/darkowlzz/daemonset-job/hack/bundle/openshift"

// Repository is a repository of community operators.
type Repository struct {
	// Name is the repository's name, and Registry where its pipeline pushes bundles.
	Name, Registry string
	// TagPrefix is put before the version in the tag of a bundle's image.
	TagPrefix string
	// FBC says that the repository takes file-based catalogues. Others make the
	// catalogue from the bundles' channels and updateGraph.
	FBC bool
	// OpenShift says that it has a catalogue for each version of OpenShift. Others have
	// a single one.
	OpenShift bool
}

// The two repositories. k8s-operatorhub/community-operators documents file-based
// catalogues in docs/contributing-fbc.md of its pull request 8737. Its pipeline still
// takes each folder of an operator for a version, so that templates would fail there.
var (
	OperatorHub = Repository{Name: "community-operators", Registry: "quay.io/operatorhubio", TagPrefix: "v"}
	OpenShift   = Repository{Name: "community-operators-prod", Registry: "quay.io/community-operator-pipeline-prod", FBC: true, OpenShift: true}
)

// image returns the image that the repository's pipeline builds from a version.
func (r *Repository) image(packageName, version string) string {
	return r.Registry + "/" + packageName + ":" + r.TagPrefix + version
}

// catalogues returns the names of the repository's catalogues that offer a release.
func (r *Repository) catalogues(release *Release) (names []string) {
	if !r.OpenShift {
		return []string{"latest"}
	}
	for minor := release.FirstOpenShift; minor <= release.LastOpenShift; minor++ {
		names = append(names, openshift.Name(minor))
	}
	return names
}
