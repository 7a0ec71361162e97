package daemonset

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// Explain returns why the DaemonSet controller gives a node no pod, for a person. It is empty
// for a node that is Placed.
func (p *Placer) Explain(node *corev1.Node) string {
	switch p.Place(node) {
	case Placed:
		return ""
	case NotReady:
		return "not Ready"
	case Tainted:
		for taint := range p.untolerated(node) {
			if !isOfReadiness(taint) {
				return fmt.Sprintf("taint %s is not tolerated", taint.ToString())
			}
		}
	}
	if p.nodeName != "" && p.nodeName != node.Name {
		return fmt.Sprintf("name is not %q, the nodeName of the pods", p.nodeName)
	}
	for _, key := range slices.Sorted(maps.Keys(p.nodeSelector)) {
		if value, ok := node.Labels[key]; !ok || value != p.nodeSelector[key] {
			return fmt.Sprintf("label %s is not %q", key, p.nodeSelector[key])
		}
	}
	return explainTerms(p.terms, node)
}

// explainTerms returns why none of the terms of a required node affinity matches.
func explainTerms(terms []corev1.NodeSelectorTerm, node *corev1.Node) string {
	if len(terms) != 1 {
		return fmt.Sprintf("labels match none of the %d terms of the node affinity", len(terms))
	}
	for _, expression := range terms[0].MatchExpressions {
		if matchesTerm(corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{expression}}, node) {
			continue
		}
		if slices.ContainsFunc(realNodeRequirements(), func(r corev1.NodeSelectorRequirement) bool { return describe(r) == describe(expression) }) {
			return "virtual node, on which no pod of a DaemonSet runs"
		}
		return "labels do not match the node affinity: " + describe(expression)
	}
	for _, field := range terms[0].MatchFields {
		if !matchesTerm(corev1.NodeSelectorTerm{MatchFields: []corev1.NodeSelectorRequirement{field}}, node) {
			return "fields do not match the node affinity: " + describe(field)
		}
	}
	return "the node affinity has an empty term, which matches no node"
}

func matchesTerm(term corev1.NodeSelectorTerm, node *corev1.Node) bool {
	selector, err := nodeaffinity.NewNodeSelector(&corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{term}})
	return err == nil && selector.Match(node)
}

func describe(r corev1.NodeSelectorRequirement) string {
	text := r.Key + " " + string(r.Operator)
	if len(r.Values) > 0 {
		text += " " + strings.Join(r.Values, ", ")
	}
	return text
}
