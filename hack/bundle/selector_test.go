package main

import (
	"bytes"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

// labelMaps returns all labels and selectors of a decoded object which have the label
// control-plane.
func labelMaps(value any) []map[string]any {
	var found []map[string]any
	switch value := value.(type) {
	case map[string]any:
		if _, ok := value["control-plane"]; ok {
			return []map[string]any{value}
		}
		for _, member := range value {
			found = append(found, labelMaps(member)...)
		}
	case []any:
		for _, item := range value {
			found = append(found, labelMaps(item)...)
		}
	}
	return found
}

// TestSelectorsSelectThisOperatorAlone checks that Deployment, pods, network policy, Service and
// monitor have the same two labels. Under OLM operators share a namespace, each one of
// operator-sdk's has the label control-plane, and a Deployment's selector is immutable.
func TestSelectorsSelectThisOperatorAlone(t *testing.T) {
	g := NewWithT(t)
	places := map[string]int{}
	for file, text := range filesIn(t, "config", "bundle/manifests") {
		if !strings.HasSuffix(file, ".yaml") {
			continue
		}
		for document, err := range documents(bytes.NewReader([]byte(text))) {
			g.Expect(err).NotTo(HaveOccurred(), file)
			var object any
			g.Expect(yaml.Unmarshal(document, &object)).To(Succeed(), file)
			for _, labels := range labelMaps(object) {
				g.Expect(labels).To(Equal(map[string]any{"app.kubernetes.io/name": "daemonset-job", "control-plane": "controller-manager"}), file)
				places[file]++
			}
		}
	}
	for file, count := range map[string]int{
		"config/manager/manager.yaml":                                                       3, // the Deployment, its selector, its pods
		"config/network-policy/operator.yaml":                                               1,
		"config/default/metrics_service.yaml":                                               2, // the Service, its selector
		"config/prometheus/monitor.yaml":                                                    2, // the ServiceMonitor, its selector
		"bundle/manifests/daemonset-job.clusterserviceversion.yaml":                         3,
		"bundle/manifests/daemonset-job-operator_networking.k8s.io_v1_networkpolicy.yaml":   1,
		"bundle/manifests/daemonset-job-controller-manager-metrics-service_v1_service.yaml": 2,
	} {
		g.Expect(places).To(HaveKeyWithValue(file, count))
	}
}
