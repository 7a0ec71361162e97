package guard

import (
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/yaml"

	manifests "github.com/darkowlzz/daemonset-job/config/guard"
)

// enforcedAfter is how long a new policy may not be enforced yet. API servers read their
// policies once a second, and times of the API have whole seconds.
const enforcedAfter = 3 * time.Second

// pair is the policy with its binding, nil where there is none.
type pair struct {
	policy  *admissionv1.ValidatingAdmissionPolicy
	binding *admissionv1.ValidatingAdmissionPolicyBinding
}

// ours returns the operator's own copy.
func ours() pair {
	own := pair{&admissionv1.ValidatingAdmissionPolicy{}, &admissionv1.ValidatingAdmissionPolicyBinding{}}
	mustDecode(manifests.Policy, own.policy)
	mustDecode(manifests.Binding, own.binding)
	return own
}

func mustDecode(manifest []byte, to any) {
	if err := yaml.UnmarshalStrict(manifest, to); err != nil {
		panic(err) // The manifest is a constant.
	}
}

// problem is what is wrong with a policy in the cluster. The zero value is nothing.
type problem struct {
	// sentence names the object and what is wrong with it.
	sentence string
	// altered objects exist. Applying them again would leave what was added to them.
	altered bool
}

// problemOf compares the policy in the cluster with the operator's own. The comparison is
// that of the types that this version knows: a field that a later Kubernetes defaults is
// no alteration.
func (own pair) problemOf(found pair) problem {
	switch {
	case found.policy == nil:
		return problem{sentence: "the ValidatingAdmissionPolicy " + own.policy.Name + " is missing"}
	case found.binding == nil:
		return problem{sentence: "the ValidatingAdmissionPolicyBinding " + own.binding.Name + " is missing"}
	case !covers(&found.policy.Spec, &own.policy.Spec):
		return problem{"the ValidatingAdmissionPolicy " + own.policy.Name + " is not as this version of the operator has it", true}
	case !equality.Semantic.DeepEqual(found.binding.Spec, own.binding.Spec):
		return problem{"the ValidatingAdmissionPolicyBinding " + own.binding.Name + " is not as this version of the operator has it", true}
	}
	return problem{}
}

// covers returns whether the spec in the cluster is the operator's own, or that of a version
// which checks further resources. Two versions side by side then both accept it.
func covers(found, own *admissionv1.ValidatingAdmissionPolicySpec) bool {
	found = found.DeepCopy()
	theirs, rules := rulesOf(found), rulesOf(own)
	if len(theirs) != len(rules) {
		return false
	}
	for i := range rules {
		for _, resource := range rules[i].Resources {
			if !slices.Contains(theirs[i].Resources, resource) {
				return false
			}
		}
		theirs[i].Resources = rules[i].Resources
	}
	return equality.Semantic.DeepEqual(found, own)
}

// repaired returns the operator's own spec, with the further resources that the one in the
// cluster names.
func repaired(found, own *admissionv1.ValidatingAdmissionPolicySpec) *admissionv1.ValidatingAdmissionPolicySpec {
	own = own.DeepCopy()
	theirs, rules := rulesOf(found), rulesOf(own)
	if len(theirs) != len(rules) {
		return own
	}
	for i := range rules {
		for _, resource := range theirs[i].Resources {
			// The API server refuses a list with a wildcard and names.
			if !strings.Contains(resource, "*") && !slices.Contains(rules[i].Resources, resource) {
				rules[i].Resources = append(rules[i].Resources, resource)
			}
		}
	}
	return own
}

func rulesOf(spec *admissionv1.ValidatingAdmissionPolicySpec) []admissionv1.NamedRuleWithOperations {
	if spec.MatchConstraints == nil {
		return nil
	}
	return spec.MatchConstraints.ResourceRules
}

// sinceOf returns from when on the API server checked every request against the policy.
func sinceOf(found pair) time.Time {
	policy, binding := found.policy.CreationTimestamp.Time, found.binding.CreationTimestamp.Time
	if binding.After(policy) {
		policy = binding
	}
	return policy.Add(enforcedAfter)
}
