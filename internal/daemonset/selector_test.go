package daemonset

import (
	"math/rand/v2"
	"strconv"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// required returns a template whose pods need a node that matches one of the terms.
func required(nodeSelector map[string]string, terms ...corev1.NodeSelectorTerm) *corev1.PodTemplateSpec {
	spec := corev1.PodSpec{NodeSelector: nodeSelector}
	if len(terms) > 0 {
		spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms},
		}}
	}
	return &corev1.PodTemplateSpec{Spec: spec}
}

func term(expressions ...corev1.NodeSelectorRequirement) corev1.NodeSelectorTerm {
	return corev1.NodeSelectorTerm{MatchExpressions: expressions}
}

func TestSelector(t *testing.T) {
	in := corev1.NodeSelectorRequirement{Key: "zone", Operator: corev1.NodeSelectorOpIn, Values: []string{"a", "b"}}
	above := corev1.NodeSelectorRequirement{Key: "cores", Operator: corev1.NodeSelectorOpGt, Values: []string{"4"}}
	many := corev1.NodeSelectorRequirement{Key: "zone", Operator: corev1.NodeSelectorOpIn}
	for i := range 1000 {
		many.Values = append(many.Values, "zone-"+strconv.Itoa(i))
	}
	sample := podTemplate(wrappers.Job("ns", "j").Obj(), "h1", Pause{Image: "pause:v1"})
	for name, test := range map[string]struct {
		template *corev1.PodTemplateSpec
		selector string
	}{
		"every node":                       {required(nil), ""},
		"a node selector":                  {required(map[string]string{"pool": "gpu"}), "pool=gpu"},
		"one term":                         {required(nil, term(in)), "zone in (a,b)"},
		"one term and a node selector":     {required(map[string]string{"pool": "gpu"}, term(in)), "pool=gpu,zone in (a,b)"},
		"what labels cannot compare":       {required(nil, term(in, above)), "zone in (a,b)"},
		"one of two terms":                 {required(map[string]string{"pool": "gpu"}, term(in), term(above)), "pool=gpu"},
		"a name":                           {required(nil, corev1.NodeSelectorTerm{MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{"n"}}}}), ""},
		"a value that is no label":         {required(map[string]string{"pool": "not a label"}), ""},
		"more than fits into an address":   {required(nil, term(many)), ""},
		"the short form, no virtual nodes": {&sample, "eks.amazonaws.com/compute-type notin (fargate),type notin (virtual-kubelet)"},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(NewPlacer(test.template).Selector().String()).To(Equal(test.selector))
		})
	}
}

// No node that the pods are placed on lacks the labels, whatever its template says.
func TestSelectorLeavesOutNoPlacedNode(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	keys, values := []string{"a", "b", "c"}, []string{"", "1", "2", "30", "x"}
	operators := append([]corev1.NodeSelectorOperator{corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt}, labelOperators...)
	somewhere := func() map[string]string {
		set := map[string]string{}
		for _, key := range keys {
			if random.IntN(2) == 0 {
				set[key] = values[random.IntN(len(values))]
			}
		}
		return set
	}
	left, placed := 0, 0
	for range 20_000 {
		var terms []corev1.NodeSelectorTerm
		for range random.IntN(3) {
			var one corev1.NodeSelectorTerm
			for range random.IntN(3) {
				e := corev1.NodeSelectorRequirement{Key: keys[random.IntN(3)], Operator: operators[random.IntN(len(operators))]}
				if e.Operator != corev1.NodeSelectorOpExists && e.Operator != corev1.NodeSelectorOpDoesNotExist {
					e.Values = []string{values[random.IntN(len(values))]}
				}
				one.MatchExpressions = append(one.MatchExpressions, e)
			}
			terms = append(terms, one)
		}
		nodeSelector := map[string]string{}
		if random.IntN(3) == 0 {
			nodeSelector = somewhere()
		}
		placer := NewPlacer(required(nodeSelector, terms...))
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: somewhere()}}
		selected := placer.Selector().Matches(labels.Set(node.Labels))
		switch {
		case placer.Place(node) != Excluded && !selected:
			t.Fatalf("%v leaves out a node with %v of %v", placer.Selector(), node.Labels, terms)
		case !selected:
			left++
		case placer.Place(node) != Excluded:
			placed++
		}
	}
	if left < 1000 || placed < 1000 {
		t.Errorf("%d left out, %d placed: the test tests little", left, placed)
	}
}
