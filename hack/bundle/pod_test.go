package main

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	podlabels "k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// podTemplate returns the operator's pod template, as OLM and kustomize both install it.
func podTemplate(t *testing.T) *corev1.PodTemplateSpec {
	t.Helper()
	return &load(t).CSV.Spec.InstallStrategy.StrategySpec.DeploymentSpecs[0].Spec.Template
}

// TestTheOperatorPrefersTheControlPlane checks where the operator runs: whoever owns its
// node owns its token.
func TestTheOperatorPrefersTheControlPlane(t *testing.T) {
	g := NewWithT(t)
	const controlPlane = "node-role.kubernetes.io/control-plane"
	pod := podTemplate(t).Spec
	g.Expect(pod.Tolerations).To(Equal([]corev1.Toleration{{Key: controlPlane, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule}}))
	g.Expect(pod.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution).To(HaveExactElements(HaveField("Preference.MatchExpressions",
		Equal([]corev1.NodeSelectorRequirement{{Key: controlPlane, Operator: corev1.NodeSelectorOpExists}}))))
}

func TestTheOperatorsPodIsBounded(t *testing.T) {
	g := NewWithT(t)
	pod := podTemplate(t).Spec
	g.Expect(pod.EnableServiceLinks).To(HaveValue(BeFalse()), "the names of all Services of the namespace are no settings")
	for _, container := range pod.Containers {
		for _, name := range []corev1.ResourceName{corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
			g.Expect(container.Resources.Requests).To(HaveKey(name), container.Name)
			g.Expect(container.Resources.Limits).To(HaveKey(name), container.Name)
		}
		g.Expect(container.SecurityContext.ReadOnlyRootFilesystem).To(HaveValue(BeTrue()))
		// A container's logs count as well. The kubelet keeps 50 MiB of each by default.
		logs := container.Resources.Limits[corev1.ResourceEphemeralStorage]
		g.Expect(logs.Value()).To(BeNumerically(">=", 10*50<<20), container.Name)
	}
}

// TestTheNetworkPolicySelectsTheOperatorAlone checks that the policy lets metrics in. A
// namespace may hold other operators, whose pods often have the label control-plane too.
func TestTheNetworkPolicySelectsTheOperatorAlone(t *testing.T) {
	g := NewWithT(t)
	var policies []networkingv1.NetworkPolicy
	for _, object := range load(t).Objects {
		if object.GetKind() == "NetworkPolicy" {
			policy := networkingv1.NetworkPolicy{}
			g.Expect(convert(object, &policy)).To(Succeed())
			policies = append(policies, policy)
		}
	}
	g.Expect(policies).To(HaveLen(1))
	spec, template := policies[0].Spec, podTemplate(t)
	g.Expect(spec.PodSelector.MatchExpressions).To(BeEmpty())
	selector := podlabels.SelectorFromSet(spec.PodSelector.MatchLabels)
	g.Expect(selector.Matches(podlabels.Set(template.Labels))).To(BeTrue())
	g.Expect(selector.Matches(podlabels.Set{"control-plane": "controller-manager"})).To(BeFalse())
	g.Expect(spec.PolicyTypes).To(Equal([]networkingv1.PolicyType{networkingv1.PolicyTypeIngress}), "the API server's port differs between clusters")
	g.Expect(spec.Ingress).To(HaveLen(1))
	g.Expect(spec.Ingress[0].From).To(BeEmpty())
	var open, metrics []intstr.IntOrString
	for _, port := range spec.Ingress[0].Ports {
		open = append(open, *port.Port)
	}
	for _, container := range template.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name == "metrics" || port.Name == "term-metrics" {
				metrics = append(metrics, intstr.FromInt32(port.ContainerPort))
			}
		}
	}
	g.Expect(open).To(ConsistOf(metrics))
	g.Expect(open).To(HaveLen(2))
}

// TestTheMetricsServiceHasBothProcesses checks that the bundle has what a ServiceMonitor selects,
// and no kind of the Prometheus operator: OLM cannot install one that the cluster does not know.
func TestTheMetricsServiceHasBothProcesses(t *testing.T) {
	g, service := NewWithT(t), corev1.Service{}
	for _, object := range load(t).Objects {
		g.Expect(object.GroupVersionKind().Group).NotTo(Equal("monitoring.coreos.com"))
		if object.GetKind() == "Service" {
			g.Expect(convert(object, &service)).To(Succeed())
		}
	}
	template := podTemplate(t)
	g.Expect(podlabels.SelectorFromSet(service.Spec.Selector).Matches(podlabels.Set(template.Labels))).To(BeTrue())
	ports := map[string]int32{}
	for _, container := range template.Spec.Containers {
		for _, port := range container.Ports {
			ports[port.Name] = port.ContainerPort
		}
	}
	g.Expect(service.Spec.Ports).To(HaveLen(2))
	for _, port := range service.Spec.Ports {
		g.Expect(ports).To(HaveKeyWithValue(port.TargetPort.StrVal, port.Port))
	}
}
