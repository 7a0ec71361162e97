package v1beta1

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestControls(t *testing.T) {
	cronJob := &CronJob{ObjectMeta: metav1.ObjectMeta{Name: "weekly", UID: "u"}}
	for name, test := range map[string]struct {
		change   func(*metav1.OwnerReference)
		of, runs bool
	}{
		"of the CronJob":             {func(*metav1.OwnerReference) {}, true, true},
		"of a later version":         {func(o *metav1.OwnerReference) { o.APIVersion = GroupVersion.Group + "/v2" }, true, true},
		"of an earlier one":          {func(o *metav1.OwnerReference) { o.UID = "earlier" }, true, false},
		"owned, and not controlled":  {func(o *metav1.OwnerReference) { o.Controller = nil }, false, false},
		"of batch's CronJob":         {func(o *metav1.OwnerReference) { o.APIVersion = "batch/v1" }, false, false},
		"of another kind":            {func(o *metav1.OwnerReference) { o.Kind = "Job" }, false, false},
		"of something that is wrong": {func(o *metav1.OwnerReference) { o.APIVersion = "a/b/c" }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			g, owner := NewWithT(t), *metav1.NewControllerRef(cronJob, GroupVersion.WithKind("CronJob"))
			test.change(&owner)
			job := &Job{ObjectMeta: metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{Name: "other", UID: "other"}, owner}}}
			g.Expect(CronJobOf(job) != nil).To(Equal(test.of))
			g.Expect(cronJob.Controls(job)).To(Equal(test.runs))
		})
	}
	NewWithT(t).Expect(cronJob.Controls(&Job{})).To(BeFalse())
}
