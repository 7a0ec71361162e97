package daemonset

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestPlace(t *testing.T) {
	node := func(labels map[string]string, taints ...corev1.Taint) *corev1.Node {
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: labels}, Spec: corev1.NodeSpec{Taints: taints}}
	}
	taint := func(key string, effect corev1.TaintEffect) corev1.Taint {
		return corev1.Taint{Key: key, Effect: effect}
	}
	pod := func(spec corev1.PodSpec) *corev1.PodTemplateSpec { return &corev1.PodTemplateSpec{Spec: spec} }
	everything := []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	sample := podTemplate(wrappers.Job("ns", "j").Obj(), "h1", Pause{Image: "pause:v1"})
	tests := map[string]struct {
		template  *corev1.PodTemplateSpec
		node      *corev1.Node
		placement Placement
	}{
		"a plain node":                     {pod(corev1.PodSpec{}), node(nil), Placed},
		"another node's name":              {pod(corev1.PodSpec{NodeName: "m"}), node(nil), Excluded},
		"a node selector that matches":     {pod(corev1.PodSpec{NodeSelector: map[string]string{"a": "b"}}), node(map[string]string{"a": "b"}), Placed},
		"a node selector that does not":    {pod(corev1.PodSpec{NodeSelector: map[string]string{"a": "b"}}), node(nil), Excluded},
		"cordoned":                         {pod(corev1.PodSpec{}), node(nil, taint(corev1.TaintNodeUnschedulable, corev1.TaintEffectNoSchedule)), Placed},
		"under memory pressure":            {pod(corev1.PodSpec{}), node(nil, taint(corev1.TaintNodeMemoryPressure, corev1.TaintEffectNoSchedule)), Placed},
		"a taint that only prefers":        {pod(corev1.PodSpec{}), node(nil, taint("x", corev1.TaintEffectPreferNoSchedule)), Placed},
		"a taint":                          {pod(corev1.PodSpec{}), node(nil, taint("x", corev1.TaintEffectNoSchedule)), Tainted},
		"a taint that evicts":              {pod(corev1.PodSpec{}), node(nil, taint("x", corev1.TaintEffectNoExecute)), Tainted},
		"a taint that is tolerated":        {pod(corev1.PodSpec{Tolerations: everything}), node(nil, taint("x", corev1.TaintEffectNoSchedule)), Placed},
		"not ready":                        {pod(corev1.PodSpec{}), node(nil, taint(corev1.TaintNodeNotReady, corev1.TaintEffectNoSchedule), taint(corev1.TaintNodeNotReady, corev1.TaintEffectNoExecute)), NotReady},
		"unreachable":                      {pod(corev1.PodSpec{}), node(nil, taint(corev1.TaintNodeUnreachable, corev1.TaintEffectNoSchedule)), NotReady},
		"not ready, and another taint":     {pod(corev1.PodSpec{}), node(nil, taint(corev1.TaintNodeNotReady, corev1.TaintEffectNoSchedule), taint("x", corev1.TaintEffectNoSchedule)), Tainted},
		"not ready, tolerated":             {pod(corev1.PodSpec{Tolerations: everything}), node(nil, taint(corev1.TaintNodeNotReady, corev1.TaintEffectNoSchedule)), Placed},
		"no network":                       {pod(corev1.PodSpec{}), node(nil, taint(corev1.TaintNodeNetworkUnavailable, corev1.TaintEffectNoSchedule)), Tainted},
		"no network, on the host's":        {pod(corev1.PodSpec{HostNetwork: true}), node(nil, taint(corev1.TaintNodeNetworkUnavailable, corev1.TaintEffectNoSchedule)), Placed},
		"the short form on a real node":    {&sample, node(map[string]string{"type": "t3.large"}), Placed},
		"the short form on a virtual node": {&sample, node(map[string]string{"type": "virtual-kubelet"}), Excluded},
		"the short form on Fargate":        {&sample, node(map[string]string{"eks.amazonaws.com/compute-type": "fargate"}), Excluded},
	}
	// The DaemonSet controller lets its pods tolerate these with this effect alone.
	for key, tolerated := range map[string]corev1.TaintEffect{
		corev1.TaintNodeDiskPressure:   corev1.TaintEffectNoSchedule,
		corev1.TaintNodeMemoryPressure: corev1.TaintEffectNoSchedule,
		corev1.TaintNodePIDPressure:    corev1.TaintEffectNoSchedule,
		corev1.TaintNodeUnschedulable:  corev1.TaintEffectNoSchedule,
		corev1.TaintNodeNotReady:       corev1.TaintEffectNoExecute,
		corev1.TaintNodeUnreachable:    corev1.TaintEffectNoExecute,
	} {
		for _, effect := range []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute} {
			placement := Tainted
			switch {
			case effect == tolerated:
				placement = Placed
			case tolerated == corev1.TaintEffectNoExecute:
				placement = NotReady
			}
			t.Run(key+":"+string(effect), func(t *testing.T) {
				NewWithT(t).Expect(NewPlacer(pod(corev1.PodSpec{})).Place(node(nil, taint(key, effect)))).To(Equal(placement))
			})
		}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(NewPlacer(test.template).Place(test.node)).To(Equal(test.placement))
		})
	}
}
