package gitops

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/schedule"
)

// A CronJob is ready while runs start by its schedule, whatever its last run came to. A tool
// that waited for a run would wait for a week.
func TestTheHealthOfCronJobs(t *testing.T) {
	script := healthScript(t)
	for name, c := range map[string]struct {
		change func(*schedule.State)
		read   tools
	}{
		"it is not observed":       {nil, tools{"InProgress", "Progressing"}},
		"its next run is far":      {func(*schedule.State) {}, tools{"Current", "Healthy"}},
		"it is suspended":          {func(s *schedule.State) { s.CronJob.Spec.Suspend = new(true) }, tools{"Current", "Healthy"}},
		"its schedule is invalid":  {func(s *schedule.State) { s.CronJob.Spec.Schedule = "weekly" }, tools{"Failed", "Degraded"}},
		"its time zone is unknown": {func(s *schedule.State) { s.CronJob.Spec.TimeZone = "Berlin" }, tools{"Failed", "Degraded"}},
		"the policy is missing":    {func(s *schedule.State) { s.Guard.Missing = "no policy" }, tools{"InProgress", "Progressing"}},
		"a run waits": {func(s *schedule.State) {
			s.Now = s.Now.Add(8 * 24 * time.Hour)
			s.Children = []*v1beta1.Job{{ObjectMeta: metav1.ObjectMeta{Name: "c-manual-abcde", UID: "u", CreationTimestamp: metav1.NewTime(now)}}}
		}, tools{"Current", "Healthy"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			cronJob := &v1beta1.CronJob{
				ObjectMeta: metav1.ObjectMeta{Name: "c", UID: "c-uid", Generation: 1, CreationTimestamp: metav1.NewTime(now)},
				Spec:       v1beta1.CronJobSpec{Schedule: "0 3 * * 0", JobTemplate: v1beta1.JobTemplateSpec{Spec: v1beta1.JobSpec{Image: "i"}}},
			}
			cronJob.Status.ObservedGeneration = -1
			if c.change != nil {
				s := &schedule.State{CronJob: cronJob, Now: now}
				c.change(s)
				cronJob.Status = *schedule.Decide(s).Status
			}
			content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(cronJob)
			g.Expect(err).NotTo(HaveOccurred())
			result, err := status.Compute(&unstructured.Unstructured{Object: content})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(result.Status.String()).To(Equal(c.read.kstatus), result.Message)
			argoCD, message := health(t, script, content)
			g.Expect(argoCD).To(Equal(c.read.argoCD), message)
		})
	}
}
