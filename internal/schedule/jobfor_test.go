package schedule

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func TestJobFor(t *testing.T) {
	g, at := NewWithT(t), instant(t, "2026-06-01 03:00 +02:00")
	c := theCronJob("0 3 * * *", inTimeZone("Europe/Berlin"))
	c.Labels, c.Annotations, c.Finalizers = map[string]string{"of": "cronjob"}, map[string]string{"of": "cronjob"}, []string{"example.com/f"}
	c.Spec.JobTemplate = v1beta1.JobTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{
			Name: "other", GenerateName: "other-", Namespace: "other", UID: "other", ResourceVersion: "7", Generation: 7, Finalizers: []string{"example.com/f"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: "p", UID: "p", Controller: new(true)}},
			Labels:          map[string]string{"team": "a"}, Annotations: map[string]string{"note": "b"},
		},
		Spec: v1beta1.JobSpec{Image: "example.com/work:v1", Args: []string{"a"}, NodeSelector: map[string]string{"pool": "a"}, BackoffLimit: new(int32(2))},
	}
	before := c.DeepCopy()
	job := JobFor(c, Run{Name: nameAt(c, at), ScheduledTime: at.In(time.FixedZone("", 7200))})
	g.Expect(job.ObjectMeta).To(Equal(metav1.ObjectMeta{
		Namespace: "ns", Name: "c-29671260",
		Labels:      map[string]string{"team": "a", v1beta1.LabelCronJob: "c"},
		Annotations: map[string]string{"note": "b", v1beta1.AnnotationScheduledTime: "2026-06-01T01:00:00Z"},
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: "daemonset.darkowlzz.space/v1beta1", Kind: "CronJob", Name: "c", UID: "c-uid", Controller: new(true), BlockOwnerDeletion: new(true),
		}},
	}))
	g.Expect(job.Spec).To(Equal(c.Spec.JobTemplate.Spec))
	g.Expect(job.Status).To(Equal(v1beta1.JobStatus{}))
	g.Expect(v1beta1.CronJobOf(job).UID).To(Equal(c.UID))

	job.Labels["team"], job.Annotations["note"], job.Spec.Args[0], job.Spec.NodeSelector["pool"], *job.Spec.BackoffLimit = "", "", "", "", 7
	g.Expect(c).To(Equal(before), "the CronJob shares nothing with its Job")
}

// TestJobForWithoutMetadata is for a template that has none.
func TestJobForWithoutMetadata(t *testing.T) {
	g, c := NewWithT(t), theCronJob("0 3 * * *")
	job := JobFor(c, Run{Name: "c-1", ScheduledTime: time.Unix(60, 0)})
	g.Expect(job.Labels).To(Equal(map[string]string{v1beta1.LabelCronJob: "c"}))
	g.Expect(job.Annotations).To(Equal(map[string]string{v1beta1.AnnotationScheduledTime: "1970-01-01T00:01:00Z"}))
}

// TestNamesOfRuns is for the longest names, until the number of minutes has nine digits.
func TestNamesOfRuns(t *testing.T) {
	g := NewWithT(t)
	for at, length := range map[string]int{"2026-06-01 03:00": 49, "2160-02-18 10:39": 49} {
		due := utc(t, at)
		c := theCronJob("* * * * *", createdAt(due.Add(-time.Minute)))
		c.Name = strings.Repeat("c", v1beta1.MaxCronJobNameLength)
		s := newStage(t, c).to(due)
		g.Expect(s.created).To(HaveLen(1))
		g.Expect(s.created[0]).To(HaveLen(length))
		g.Expect(len(s.created[0])).To(BeNumerically("<=", v1beta1.MaxNameLength))
		g.Expect(IsRunName(c.Name, s.created[0])).To(BeTrue())
		g.Expect(len(s.job(s.created[0]).Labels[v1beta1.LabelCronJob])).To(BeNumerically("<=", 63))
	}
}

// TestNamesOfOtherJobs is for Jobs of other CronJobs, of which one's name begins as the other's.
func TestNamesOfOtherJobs(t *testing.T) {
	for _, name := range []string{"c", "c-", "c-daily-29000000", "c-29000000-x", "d-29000000", "c29000000", ""} {
		NewWithT(t).Expect(IsRunName("c", name)).To(BeFalse(), name)
	}
}

// TestJobsTakeTheTemplateAtTheirStart is for a template that is edited between two runs.
func TestJobsTakeTheTemplateAtTheirStart(t *testing.T) {
	g, s := NewWithT(t), newStage(t, theCronJob("0 * * * *", withPolicy(v1beta1.AllowConcurrent)))
	s.to(utc(t, "2026-06-01 01:00")).edit(func(c *v1beta1.CronJob) { c.Spec.JobTemplate.Spec.Image = "example.com/work:v2" }).to(utc(t, "2026-06-01 02:00"))
	g.Expect(s.job(s.created[0]).Spec.Image).To(Equal("example.com/work:v1"))
	g.Expect(s.job(s.created[1]).Spec.Image).To(Equal("example.com/work:v2"))
}
