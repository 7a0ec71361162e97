package gitops

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// customization is Karmada's ResourceInterpreterCustomization.
type customization struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Target struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
		} `json:"target"`
		Customizations map[string]struct {
			LuaScript string `json:"luaScript"`
		} `json:"customizations"`
	} `json:"spec"`
}

// interpreter returns the scripts for a kind, by what they are for.
func interpreter(t *testing.T, kind string) map[string]string {
	t.Helper()
	g := NewWithT(t)
	c := customization{}
	g.Expect(yaml.UnmarshalStrict([]byte(sample(t, "karmada/"+strings.ToLower(kind)+".yaml")), &c)).To(Succeed())
	g.Expect(c.APIVersion + "/" + c.Kind).To(Equal("config.karmada.io/v1alpha1/ResourceInterpreterCustomization"))
	g.Expect(c.Spec.Target.APIVersion + "/" + c.Spec.Target.Kind).To(Equal(v1beta1.GroupVersion.WithKind(kind).GroupVersion().String() + "/" + kind))
	scripts := map[string]string{}
	for rule, script := range c.Spec.Customizations {
		scripts[rule] = script.LuaScript
	}
	// There is no replica to divide, and nothing to retain: the operator writes no spec.
	g.Expect(slices.Collect(maps.Keys(scripts))).To(ConsistOf("healthInterpretation", "statusReflection", "statusAggregation", "dependencyInterpretation"))
	return scripts
}

// sample returns a file of config/samples.
func sample(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "config", "samples", file))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return string(data)
}

// A Job is unhealthy when only a person can help it, and before the operator has seen it.
func TestKarmadaJudgesTheHealth(t *testing.T) {
	script := interpreter(t, "Job")["healthInterpretation"]
	for name, c := range cases(t) {
		t.Run(name, func(t *testing.T) {
			seen := c.job.Status.TemplateHash != "" && c.job.Status.ObservedGeneration == c.job.Generation
			healthy := call(t, script, "InterpretHealth", object(t, c.job).Object)
			NewWithT(t).Expect(healthy).To(Equal(seen && c.read.kstatus != stalled.kstatus))
		})
	}
}

// What a cluster reflects is part of its status, and does not grow with its nodes.
func TestKarmadaReflectsTheStatus(t *testing.T) {
	script := interpreter(t, "Job")["statusReflection"]
	for name, c := range cases(t) {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			observed := object(t, c.job).Object
			reflected := call(t, script, "ReflectStatus", observed).(map[string]any)
			g.Expect(reflected).To(HaveKeyWithValue("generation", c.job.Generation))
			delete(reflected, "generation")
			for key, part := range reflected {
				g.Expect(observed["status"]).To(HaveKeyWithValue(key, part))
			}
			g.Expect(reflected).NotTo(Or(HaveKey("failedNodes"), HaveKey("failureGroups"), HaveKey("leftOutNodes")))
		})
	}
	NewWithT(t).Expect(call(t, script, "ReflectStatus", map[string]any{"metadata": map[string]any{}})).To(BeEmpty())
}

// member returns what Karmada has of a Job in a cluster that saw this generation of its template.
func member(t *testing.T, cluster string, generation string, job *v1beta1.Job) map[string]any {
	t.Helper()
	observed := object(t, job)
	observed.SetAnnotations(map[string]string{"resourcetemplate.karmada.io/generation": generation})
	return map[string]any{
		"clusterName": cluster, "applied": true, "health": "Healthy",
		"status": call(t, interpreter(t, "Job")["statusReflection"], "ReflectStatus", observed.Object),
	}
}

func TestKarmadaAggregatesTheStatus(t *testing.T) {
	script, all := interpreter(t, "Job")["statusAggregation"], cases(t)
	of := func(names ...string) []any {
		var items []any
		for i, name := range names {
			items = append(items, member(t, "c"+string(rune('1'+i)), "3", all[name].job))
		}
		return items
	}
	for name, test := range map[string]struct {
		items     []any
		phase     v1beta1.JobPhase
		completed string
		kstatus   string
		message   string
	}{
		"no cluster":               {nil, v1beta1.PhasePending, "0/0", "InProgress", "no cluster has the Job yet"},
		"not applied":              {[]any{map[string]any{"clusterName": "c1", "applied": false}}, v1beta1.PhasePending, "0/0", "InProgress", "not ready in c1"},
		"new":                      {of("new"), v1beta1.PhasePending, "0/0", "InProgress", "not ready in c1"},
		"complete":                 {of("complete", "complete, with failures"), v1beta1.PhaseComplete, "1/2", "Current", "ready in c1, c2"},
		"one at work":              {of("complete", "at work"), v1beta1.PhaseRunning, "2/3", "InProgress", "not ready in c2"},
		"one failed":               {of("failed", "complete"), v1beta1.PhaseFailed, "1/2", "Failed", "needs a person in c1"},
		"one failed, one at work":  {of("at work", "failed"), v1beta1.PhaseRunning, "1/3", "Failed", "needs a person in c2"},
		"one held":                 {of("complete", "held"), v1beta1.PhaseRunning, "1/2", "Failed", "needs a person in c2"},
		"suspended":                {of("suspended by the user", "suspended by the user"), v1beta1.PhaseSuspended, "0/2", "InProgress", "not ready in c1, c2"},
		"blocked":                  {of("a quota"), v1beta1.PhasePending, "0/1", "InProgress", "not ready in c1"},
		"never, all done":          {of("never, all done", "never, all done"), v1beta1.PhaseRunning, "2/2", "Current", "ready in c1, c2"},
		"changed, one is late":     {of("complete", "failed, changed"), v1beta1.PhaseRunning, "1/1", "InProgress", "not ready in c2"},
		"one has an earlier one":   {append(of("complete"), member(t, "c2", "2", all["complete"].job)), v1beta1.PhaseRunning, "1/1", "InProgress", "not ready in c2"},
		"an old Karmada":           {[]any{member(t, "c1", "", all["complete"].job)}, v1beta1.PhaseComplete, "1/1", "Current", "ready in c1"},
		"complete and not applied": {append(of("complete"), map[string]any{"clusterName": "c2", "applied": false}), v1beta1.PhaseRunning, "1/1", "InProgress", "not ready in c2"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			desired := wrappers.Job("ns", "j").Generation(3).Obj()
			desired.CreationTimestamp = metav1.NewTime(now)
			template := object(t, desired).Object
			var items any
			if test.items != nil {
				items = test.items
			}
			result := call(t, script, "AggregateStatus", template, items).(map[string]any)
			hub := &v1beta1.Job{}
			g.Expect(runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(result, hub, true)).To(Succeed(), "what the API server stores")
			g.Expect(validation.ValidateConditions(hub.Status.Conditions, field.NewPath("status", "conditions"))).To(BeEmpty())
			g.Expect(hub.Status.Phase).To(Equal(test.phase))
			g.Expect(hub.Status.Completed).To(Equal(test.completed))
			g.Expect(hub.Status.CompletionTime != nil).To(Equal(test.phase == v1beta1.PhaseComplete))
			g.Expect(hub.Finished() != nil).To(Equal(test.phase == v1beta1.PhaseComplete || test.phase == v1beta1.PhaseFailed))
			read, err := status.Compute(&unstructured.Unstructured{Object: result})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(read.Status.String()).To(Equal(test.kstatus), read.Message)
			g.Expect(hub.Status.Conditions).To(ContainElement(HaveField("Message", test.message)))
			g.Expect(call(t, script, "AggregateStatus", result, items)).To(Equal(result), "the same again writes nothing")
		})
	}
}

func TestKarmadaFindsTheDependencies(t *testing.T) {
	env := []any{map[string]any{"name": "A", "valueFrom": map[string]any{"configMapKeyRef": map[string]any{"name": "settings", "key": "a"}}}}
	short := map[string]any{"image": "i", "env": env}
	long := map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "c", "image": "i", "env": env}}}}}
	for name, spec := range map[string]map[string]any{"short": short, "long": long} {
		for kind, full := range map[string]any{"Job": spec, "CronJob": map[string]any{"jobTemplate": map[string]any{"spec": spec}}} {
			found := call(t, interpreter(t, kind)["dependencyInterpretation"], "GetDependencies", map[string]any{"metadata": map[string]any{"namespace": "ns"}, "spec": full})
			NewWithT(t).Expect(found).To(Equal([]any{map[string]any{"name": "settings", "namespace": "ns"}}), name+" "+kind)
		}
	}
}
