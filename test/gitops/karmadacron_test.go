package gitops

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/schedule"
)

// cron returns a CronJob of this schedule as Karmada reads it from a cluster, in which the
// manager has observed it or not.
func cron(t *testing.T, expression string, observed bool) map[string]any {
	t.Helper()
	cronJob := &v1beta1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Name: "c", UID: "c-uid", Generation: 1, CreationTimestamp: metav1.NewTime(now)},
		Spec:       v1beta1.CronJobSpec{Schedule: expression, JobTemplate: v1beta1.JobTemplateSpec{Spec: v1beta1.JobSpec{Image: "i"}}},
	}
	cronJob.Annotations = map[string]string{"resourcetemplate.karmada.io/generation": "1"}
	cronJob.Status.ObservedGeneration = -1
	if observed {
		cronJob.Status = *schedule.Decide(&schedule.State{CronJob: cronJob, Now: now}).Status
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(cronJob)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	unstructured.RemoveNestedField(content, "spec", "jobTemplate", "metadata") // Go writes it although it is empty.
	return content
}

func TestKarmadaInterpretsCronJobs(t *testing.T) {
	scripts := interpreter(t, "CronJob")
	for name, test := range map[string]struct {
		clusters []map[string]any
		healthy  []bool
		kstatus  string
		message  string
	}{
		"none":             {nil, nil, "InProgress", "no cluster has the CronJob yet"},
		"all scheduled":    {[]map[string]any{cron(t, "@daily", true), cron(t, "@weekly", true)}, []bool{true, true}, "Current", "ready in c1, c2"},
		"one not observed": {[]map[string]any{cron(t, "@daily", true), cron(t, "@daily", false)}, []bool{true, false}, "InProgress", "not ready in c2"},
		"one is invalid":   {[]map[string]any{cron(t, "sometimes", true), cron(t, "@daily", true)}, []bool{false, true}, "Failed", "needs a person in c1"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var items any
			var list []any
			for i, observed := range test.clusters {
				g.Expect(call(t, scripts["healthInterpretation"], "InterpretHealth", observed)).To(Equal(test.healthy[i]))
				reflected := call(t, scripts["statusReflection"], "ReflectStatus", observed)
				list = append(list, map[string]any{"clusterName": "c" + string(rune('1'+i)), "applied": true, "status": reflected})
				items = list
			}
			result := call(t, scripts["statusAggregation"], "AggregateStatus", cron(t, "@daily", false), items).(map[string]any)
			hub := &v1beta1.CronJob{}
			g.Expect(runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(result, hub, true)).To(Succeed())
			g.Expect(validation.ValidateConditions(hub.Status.Conditions, field.NewPath("status", "conditions"))).To(BeEmpty())
			g.Expect(hub.Status.Conditions).To(ContainElement(HaveField("Message", test.message)))
			read, err := status.Compute(&unstructured.Unstructured{Object: result})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(read.Status.String()).To(Equal(test.kstatus), read.Message)
		})
	}
}

// The times are those that hold for all clusters.
func TestKarmadaSumsUpTheTimesOfCronJobs(t *testing.T) {
	g, script := NewWithT(t), interpreter(t, "CronJob")["statusAggregation"]
	item := func(last, successful, next string, active int64) any {
		status := map[string]any{"lastScheduleTime": last, "nextScheduleTime": next, "activeJobs": active}
		if successful != "" {
			status["lastSuccessfulTime"] = successful
		}
		return map[string]any{"clusterName": last, "status": status}
	}
	const first, second, third = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"
	all := call(t, script, "AggregateStatus", cron(t, "@daily", false), []any{item(second, first, third, 2), item(first, second, second, 1)})
	g.Expect(all).To(HaveKeyWithValue("status", And(HaveKeyWithValue("lastScheduleTime", second), HaveKeyWithValue("lastSuccessfulTime", first),
		HaveKeyWithValue("nextScheduleTime", second), HaveKeyWithValue("activeJobs", int64(3)))))
	some := call(t, script, "AggregateStatus", cron(t, "@daily", false), []any{item(second, first, third, 0), item(first, "", second, 0)})
	g.Expect(some).To(HaveKeyWithValue("status", Not(HaveKey("lastSuccessfulTime"))), "one has never succeeded")
}
