package main

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/blang/semver/v4"
	"github.com/operator-framework/api/pkg/lib/version"
	"github.com/operator-framework/api/pkg/operators/v1alpha1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// release holds the parts of a ClusterServiceVersion that the command line sets.
type release struct {
	// about has the description and icon of the package, for its catalogue.
	about       blob
	packageName string
	version     semver.Version
	// replaces is the name of the version that this one upgrades, and skipRange a range
	// of further such versions. Both can be empty.
	replaces, skipRange string
}

func (r *release) csvName() string { return csvName(r.packageName, r.version.String()) }

func csvName(packageName, version string) string { return packageName + ".v" + version }

// csv returns the ClusterServiceVersion: the base, completed from the manifests and the
// Go types.
func (m *objects) csv(r *release, t types) (*v1alpha1.ClusterServiceVersion, error) {
	csv := m.base.DeepCopy()
	csv.Name, csv.Namespace = r.csvName(), ""
	csv.Spec.Version = version.OperatorVersion{Version: r.version}
	csv.Spec.Replaces = r.replaces

	install := &csv.Spec.InstallStrategy
	install.StrategyName = v1alpha1.InstallStrategyNameDeployment
	var err error
	if install.StrategySpec.Permissions, install.StrategySpec.ClusterPermissions, err = m.permissions(); err != nil {
		return nil, err
	}
	for i := range m.deployments {
		d := &m.deployments[i]
		install.StrategySpec.DeploymentSpecs = append(install.StrategySpec.DeploymentSpecs,
			v1alpha1.StrategyDeploymentSpec{Name: d.Name, Label: d.Labels, Spec: d.Spec})
	}
	if csv.Spec.RelatedImages, err = m.relatedImages(); err != nil {
		return nil, err
	}

	csv.Spec.CustomResourceDefinitions.Owned = nil
	for i := range m.crds {
		for _, v := range m.crds[i].Spec.Versions {
			owned, err := t.owned(&m.crds[i], v.Name)
			if err != nil {
				return nil, err
			}
			csv.Spec.CustomResourceDefinitions.Owned = append(csv.Spec.CustomResourceDefinitions.Owned, owned)
		}
	}

	if csv.Annotations == nil {
		csv.Annotations = map[string]string{}
	}
	csv.Annotations["containerImage"] = m.deployments[0].Spec.Template.Spec.Containers[0].Image
	if r.skipRange != "" {
		csv.Annotations["olm.skipRange"] = r.skipRange
	}
	csv.Annotations[disconnected] = strconv.FormatBool(m.pinned())
	csv.Annotations["alm-examples"], err = m.examples()
	return csv, err
}

// examples returns the custom resources of the input, in the form of the annotation.
func (m *objects) examples() (string, error) {
	examples := []map[string]any{}
	for _, object := range m.customResources() {
		example := object.DeepCopy()
		unstructured.RemoveNestedField(example.Object, "metadata", "namespace")
		examples = append(examples, example.Object)
	}
	if len(examples) == 0 {
		return "", fmt.Errorf("there is no custom resource in the input to be an example")
	}
	data, err := json.MarshalIndent(examples, "", "  ")
	return string(data), err
}
