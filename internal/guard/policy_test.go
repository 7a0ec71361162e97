package guard

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// alterations are what an administrator could do to the policy or its binding, each of which lets
// requests through.
var alterations = map[string]func(*pair){
	"an exemption": func(p *pair) {
		p.policy.Spec.MatchConditions = []admissionv1.MatchCondition{{Name: "friends", Expression: `request.userInfo.username != "friend"`}}
	},
	"failures are ignored":                       func(p *pair) { p.policy.Spec.FailurePolicy = new(admissionv1.Ignore) },
	"the policy of a version without JobRecords": withoutRecords,
	"the policy of a version without CronJobs":   func(p *pair) { rule(p).Resources = []string{"jobrecords", "jobs"} },
	"JobRecords of anyone":                       func(p *pair) { p.policy.Spec.Validations[1].Expression = "true" },
	"another expression":                         func(p *pair) { p.policy.Spec.Validations[0].Expression = "true" },
	"a further validation": func(p *pair) {
		p.policy.Spec.Validations = append(p.policy.Spec.Validations, p.policy.Spec.Validations[0])
	},
	"creates alone":                  func(p *pair) { rule(p).Operations = []admissionv1.OperationType{admissionv1.Create} },
	"one version alone":              func(p *pair) { rule(p).APIVersions = []string{"v1beta1"} },
	"all resources":                  func(p *pair) { rule(p).Resources = []string{"*"} },
	"Jobs alone":                     func(p *pair) { rule(p).Resources = []string{"jobs"} },
	"another resource":               func(p *pair) { rule(p).Resources = []string{"others"} },
	"another group":                  func(p *pair) { rule(p).APIGroups = []string{"example.com"} },
	"some names alone":               func(p *pair) { rule(p).ResourceNames = []string{"a"} },
	"a second rule":                  func(p *pair) { constraints(p).ResourceRules = append(constraints(p).ResourceRules, *rule(p)) },
	"excluded resources":             func(p *pair) { constraints(p).ExcludeResourceRules = constraints(p).ResourceRules },
	"some namespaces alone":          func(p *pair) { constraints(p).NamespaceSelector = selector },
	"some Jobs alone":                func(p *pair) { constraints(p).ObjectSelector = selector },
	"exact matches alone":            func(p *pair) { constraints(p).MatchPolicy = new(admissionv1.Exact) },
	"parameters":                     func(p *pair) { p.policy.Spec.ParamKind = &admissionv1.ParamKind{APIVersion: "v1", Kind: "ConfigMap"} },
	"a warning alone":                func(p *pair) { p.binding.Spec.ValidationActions = []admissionv1.ValidationAction{admissionv1.Warn} },
	"another policy":                 func(p *pair) { p.binding.Spec.PolicyName = "another" },
	"a binding of some Jobs alone":   func(p *pair) { p.binding.Spec.MatchResources = &admissionv1.MatchResources{ObjectSelector: selector} },
	"a binding with a parameter":     func(p *pair) { p.binding.Spec.ParamRef = &admissionv1.ParamRef{Name: "a"} },
	"no constraint that is observed": func(p *pair) { p.policy.Spec.MatchConstraints = nil },
}

// withoutRecords makes the policy that of the versions before JobRecords.
func withoutRecords(p *pair) {
	rule(p).Resources = []string{"jobs"}
	p.policy.Spec.Validations = p.policy.Spec.Validations[:1]
	first := &p.policy.Spec.Validations[0]
	first.Expression = strings.TrimPrefix(first.Expression, "request.resource.resource == 'jobrecords' || ")
}

var selector = &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}}

func constraints(p *pair) *admissionv1.MatchResources { return p.policy.Spec.MatchConstraints }

func rule(p *pair) *admissionv1.NamedRuleWithOperations { return &constraints(p).ResourceRules[0] }

func TestTheComparisonIsExact(t *testing.T) {
	own := ours()
	NewWithT(t).Expect(own.problemOf(ours())).To(BeZero())
	for name, alter := range alterations {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			found := ours()
			alter(&found)
			wrong := own.problemOf(found)
			g.Expect(wrong.altered).To(BeTrue())
			g.Expect(wrong.sentence).To(ContainSubstring("daemonset-job-guard"))
		})
	}
	t.Run("no policy", func(t *testing.T) {
		NewWithT(t).Expect(own.problemOf(pair{nil, own.binding}).sentence).To(ContainSubstring("ValidatingAdmissionPolicy daemonset-job-guard is missing"))
	})
	t.Run("no binding", func(t *testing.T) {
		NewWithT(t).Expect(own.problemOf(pair{own.policy, nil}).sentence).To(ContainSubstring("Binding daemonset-job-guard is missing"))
	})
}

// A later version checks further kinds. An earlier version accepts them, and keeps them when
// it repairs the rest.
func TestFurtherResourcesAreAccepted(t *testing.T) {
	g := NewWithT(t)
	own, later := ours(), ours()
	rule(&later).Resources = []string{"cronjobs", "jobrecords", "jobs", "others"}
	g.Expect(own.problemOf(later)).To(BeZero())
	g.Expect(later.problemOf(own).altered).To(BeTrue())

	altered := later
	altered.policy = later.policy.DeepCopy()
	altered.policy.Spec.Validations[0].Expression = "true"
	fixed := repaired(&altered.policy.Spec, &own.policy.Spec)
	g.Expect(fixed.Validations).To(Equal(own.policy.Spec.Validations))
	g.Expect(fixed.MatchConstraints.ResourceRules[0].Resources).To(ConsistOf("jobs", "jobrecords", "cronjobs", "others"))
	g.Expect(rule(&own).Resources).To(ConsistOf("jobs", "jobrecords", "cronjobs"), "its own copy stays")

	rule(&altered).Resources = nil
	constraints(&altered).ResourceRules = nil
	g.Expect(repaired(&altered.policy.Spec, &own.policy.Spec)).To(Equal(&own.policy.Spec))
}

func TestSinceIsWhenTheYoungerOfBothIsEnforced(t *testing.T) {
	g := NewWithT(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	found := ours()
	found.policy.CreationTimestamp, found.binding.CreationTimestamp = metav1.NewTime(at), metav1.NewTime(at.Add(time.Hour))
	g.Expect(sinceOf(found)).To(Equal(at.Add(time.Hour + enforcedAfter)))
	found.policy.CreationTimestamp = metav1.NewTime(at.Add(2 * time.Hour))
	g.Expect(sinceOf(found)).To(Equal(at.Add(2*time.Hour + enforcedAfter)))
}
