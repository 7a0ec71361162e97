package daemonset

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// maxSelector is how many bytes of a selector are sent in the address of a request.
const maxSelector = 4096

// Selector returns labels that no node lacks but those that are Excluded. The API server can
// leave out the other nodes of a list. Some that it does not leave out are Excluded too: of
// several affinity terms a node must match only one, which labels cannot say.
func (p *Placer) Selector() labels.Selector {
	wanted := &metav1.LabelSelector{MatchLabels: p.nodeSelector}
	if len(p.terms) == 1 {
		for _, e := range p.terms[0].MatchExpressions {
			if slices.Contains(labelOperators, e.Operator) {
				wanted.MatchExpressions = append(wanted.MatchExpressions,
					metav1.LabelSelectorRequirement{Key: e.Key, Operator: metav1.LabelSelectorOperator(e.Operator), Values: e.Values})
			}
		}
	}
	selector, err := metav1.LabelSelectorAsSelector(wanted)
	if err != nil || len(selector.String()) > maxSelector {
		return labels.Everything()
	}
	return selector
}

// labelOperators are those that a LabelSelector has too. A node affinity can also compare numbers.
var labelOperators = []corev1.NodeSelectorOperator{
	corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist,
}
