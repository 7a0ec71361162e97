package cleanup

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

var finished = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func status(conditionType string) v1beta1.JobStatus {
	return v1beta1.JobStatus{Conditions: []metav1.Condition{{
		Type: conditionType, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(finished),
	}}}
}

func TestExpiry(t *testing.T) {
	job := func() *wrappers.JobWrapper { return wrappers.Job("ns", "j") }
	deleted := job().Status(status(v1beta1.JobComplete))
	deleted.DeletionTimestamp = new(metav1.NewTime(finished))
	tests := map[string]struct {
		job  *wrappers.JobWrapper
		when time.Duration
		ever bool
	}{
		"active":                       {job().TTL(0), 0, false},
		"suspended":                    {job().TTL(0).Status(status(v1beta1.JobSuspended)), 0, false},
		"complete":                     {job().Status(status(v1beta1.JobComplete)), 0, true},
		"complete, no TTL":             {job().TTL(0).Status(status(v1beta1.JobComplete)), 0, true},
		"complete, with a TTL":         {job().TTL(60).Status(status(v1beta1.JobComplete)), time.Minute + time.Second, true},
		"failed":                       {job().Status(status(v1beta1.JobFailed)), 0, false},
		"failed, no TTL":               {job().TTL(0).Status(status(v1beta1.JobFailed)), 0, true},
		"failed, with a TTL":           {job().TTL(60).Status(status(v1beta1.JobFailed)), time.Minute + time.Second, true},
		"changed since":                {job().TTL(0).Generation(2).Status(status(v1beta1.JobComplete)), 0, false},
		"being deleted":                {deleted, 0, false},
		"of a GitOps tool":             {job().Label("kustomize.toolkit.fluxcd.io/name", "apps").Status(status(v1beta1.JobComplete)), 0, false},
		"of a CronJob":                 {job().OfCronJob("weekly", "u").Status(status(v1beta1.JobComplete)), 0, false},
		"of a CronJob, failed":         {job().OfCronJob("weekly", "u").TTL(0).Status(status(v1beta1.JobFailed)), 0, false},
		"of a GitOps tool, with a TTL": {job().TTL(0).Label("kustomize.toolkit.fluxcd.io/name", "apps").Status(status(v1beta1.JobComplete)), 0, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			at, ever := expiry(test.job.Obj())
			g.Expect(ever).To(Equal(test.ever))
			if ever {
				g.Expect(at).To(Equal(finished.Add(test.when)))
			}
		})
	}
}
