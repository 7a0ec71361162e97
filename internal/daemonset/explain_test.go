package daemonset

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestExplain(t *testing.T) {
	node := func(labels map[string]string, taints ...corev1.Taint) *corev1.Node {
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: labels}, Spec: corev1.NodeSpec{Taints: taints}}
	}
	terms := func(terms ...corev1.NodeSelectorTerm) corev1.PodSpec {
		return corev1.PodSpec{Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms},
		}}}
	}
	zone := corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{
		{Key: "pool", Operator: corev1.NodeSelectorOpExists}, {Key: "zone", Operator: corev1.NodeSelectorOpIn, Values: []string{"a", "b"}},
	}}
	gpu := corev1.Taint{Key: "gpu", Value: "yes", Effect: corev1.TaintEffectNoSchedule}
	away := corev1.Taint{Key: corev1.TaintNodeUnreachable, Effect: corev1.TaintEffectNoSchedule}
	short := podTemplate(wrappers.Job("ns", "j").Obj(), "h1", Pause{Image: "pause:v1"}).Spec
	for name, test := range map[string]struct {
		pod  corev1.PodSpec
		node *corev1.Node
		why  string
	}{
		"placed":                      {corev1.PodSpec{}, node(nil), ""},
		"another name":                {corev1.PodSpec{NodeName: "m"}, node(nil), `name is not "m", the nodeName of the pods`},
		"no such label":               {corev1.PodSpec{NodeSelector: map[string]string{"pool": "web"}}, node(nil), `label pool is not "web"`},
		"an empty label":              {corev1.PodSpec{NodeSelector: map[string]string{"pool": ""}}, node(nil), `label pool is not ""`},
		"another label":               {corev1.PodSpec{NodeSelector: map[string]string{"a": "1", "pool": "web"}}, node(map[string]string{"a": "1", "pool": "db"}), `label pool is not "web"`},
		"the first requirement":       {terms(zone), node(nil), "labels do not match the node affinity: pool Exists"},
		"the second requirement":      {terms(zone), node(map[string]string{"pool": "x", "zone": "c"}), "labels do not match the node affinity: zone In a, b"},
		"none of two terms":           {terms(zone, zone), node(nil), "labels match none of the 2 terms of the node affinity"},
		"a field":                     {terms(corev1.NodeSelectorTerm{MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{"m"}}}}), node(nil), "fields do not match the node affinity: metadata.name In m"},
		"an empty term":               {terms(corev1.NodeSelectorTerm{}), node(nil), "the node affinity has an empty term, which matches no node"},
		"a virtual node":              {short, node(map[string]string{"type": "virtual-kubelet"}), "virtual node, on which no pod of a DaemonSet runs"},
		"Fargate":                     {short, node(map[string]string{"eks.amazonaws.com/compute-type": "fargate"}), "virtual node, on which no pod of a DaemonSet runs"},
		"a taint":                     {corev1.PodSpec{}, node(nil, gpu), "taint gpu=yes:NoSchedule is not tolerated"},
		"a taint of a node not Ready": {corev1.PodSpec{}, node(nil, away, gpu), "taint gpu=yes:NoSchedule is not tolerated"},
		"not Ready":                   {corev1.PodSpec{}, node(nil, away), "not Ready"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			placer := NewPlacer(&corev1.PodTemplateSpec{Spec: test.pod})
			g.Expect(placer.Explain(test.node)).To(Equal(test.why))
			isPlaced := placer.Place(test.node) == Placed
			g.Expect(isPlaced).To(Equal(test.why == ""))
		})
	}
}
