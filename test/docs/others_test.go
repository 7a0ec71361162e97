package docs

import (
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
)

// other is how a manifest is checked whose kind the API server of these tests does not have.
type other struct {
	// into returns an object of its Go type, which must have each field.
	into func() any
	// elsewhere names what checks it where there is no such type here.
	elsewhere string
}

// others are these kinds, with their groups. The kinds of OLM v0 are not among them: their
// CustomResourceDefinitions are installed.
var others = map[string]other{
	"Kustomization.kustomize.toolkit.fluxcd.io": {into: func() any { return &kustomizev1.Kustomization{} }},

	"ClusterCatalog.olm.operatorframework.io":   {elsewhere: "hack/olmv1, into the types of OLM v1"},
	"ClusterExtension.olm.operatorframework.io": {elsewhere: "hack/olmv1, into the types of OLM v1"},

	"ClusterResourcePlacement.placement.kubernetes-fleet.io": {elsewhere: "test/gitops"},
	"ManifestWork.work.open-cluster-management.io":           {elsewhere: "test/gitops"},
	"PropagationPolicy.policy.karmada.io":                    {elsewhere: "test/gitops"},
	"ResourceInterpreterCustomization.config.karmada.io":     {elsewhere: "test/gitops, which runs its scripts"},

	"PrometheusRule.monitoring.coreos.com": {elsewhere: "make test-alerts, with promtool"},
	"ServiceMonitor.monitoring.coreos.com": {elsewhere: "make test-chart, which renders the same; its Go types are in a module with all of Prometheus"},
	"Certificate.cert-manager.io":          {elsewhere: "make verify, which builds config/components/cert-manager"},
	"Issuer.cert-manager.io":               {elsewhere: "make verify, which builds config/components/cert-manager"},
}
