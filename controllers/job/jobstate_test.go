package job

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// An operator that forgets nothing needs more memory with every Job there ever was:
// one that is deleted in the background is gone at once.
func TestAJobStateGoesWithItsJob(t *testing.T) {
	c := newCluster(t)
	g, name := c.g, client.ObjectKeyFromObject(aJob)
	load := func(uid string) *jobState {
		if c.job = nil; uid != "" {
			c.job = theJob().UID(uid).Obj()
		}
		job, state, err := c.r.load(context.Background(), name)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(job == nil).To(Equal(uid == ""))
		return state
	}
	first := load("first")
	first.expectations.Confirm(nil, nil)
	g.Expect(load("first")).To(BeIdenticalTo(first))
	second := load("second")
	g.Expect(second).NotTo(BeIdenticalTo(first), "another Job has the name")
	g.Expect(second.expectations.Known()).To(BeFalse())
	g.Expect(c.r.states.byName).To(HaveLen(1))
	load("")
	g.Expect(c.r.states.byName).To(BeEmpty())
}

func TestDesiredDaemonSetIsComputedOncePerGeneration(t *testing.T) {
	g := NewWithT(t)
	state, job := &jobState{}, wrappers.Job("ns", "j").UID("u").Obj()
	first, err := state.desiredDaemonSet(job, "h1", Options{Pause: daemonset.Pause{Image: "pause:v1"}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(state.desiredDaemonSet(job, "h1", Options{Pause: daemonset.Pause{Image: "pause:v1"}})).To(BeIdenticalTo(first))
	job.Generation, job.Spec.Image = 2, "example.com/other:v1"
	second, err := state.desiredDaemonSet(job, "h1", Options{Pause: daemonset.Pause{Image: "pause:v1"}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(second.Spec.Template.Spec.Containers[0].Image).To(Equal("example.com/other:v1"))
	third, err := state.desiredDaemonSet(job, "h2", Options{Pause: daemonset.Pause{Image: "pause:v1"}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(templateHash(third)).To(Equal("h2"))

	job.Status = v1beta1.JobStatus{Resume: new(""), Conditions: []metav1.Condition{
		{Type: v1beta1.JobSuspended, Status: metav1.ConditionTrue, Reason: v1beta1.ReasonMaxFailedNodesExceeded},
	}}
	held, err := state.desiredDaemonSet(job, "h2", Options{Pause: daemonset.Pause{Image: "pause:v1"}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(held.Spec.Template.Spec.SchedulingGates).NotTo(BeEmpty(), "a hold changes no generation")
}

func TestNewestIsWhatWasWrittenUntilTheCacheShowsIt(t *testing.T) {
	g := NewWithT(t)
	at := func(version string) *v1beta1.Job {
		job := wrappers.Job("ns", "j").Obj()
		job.ResourceVersion = version
		return job
	}
	written := at("10")
	g.Expect(newest(&written, at("9")).ResourceVersion).To(Equal("10"))
	g.Expect(written).NotTo(BeNil())
	g.Expect(newest(&written, at("10")).ResourceVersion).To(Equal("10"))
	g.Expect(written).To(BeNil())
	g.Expect(newest(&written, at("9")).ResourceVersion).To(Equal("9"), "nothing is remembered")
}

func TestWasApplied(t *testing.T) {
	desired := daemonSetFor(t, theJob().Obj(), 1)
	state := &jobState{applied: appliedDaemonSet{uid: desired.UID, generation: desired.Generation}}
	NewWithT(t).Expect(state.wasApplied(desired, desired)).To(BeTrue())
	for name, change := range map[string]func(*appsv1.DaemonSet){
		"another DaemonSet of the name": func(ds *appsv1.DaemonSet) { ds.UID = "other" },
		"another writer changed it":     func(ds *appsv1.DaemonSet) { ds.Generation++ },
		"the Job has changed since":     func(ds *appsv1.DaemonSet) { ds.Annotations[v1beta1.AnnotationAppliedHash] = "old" },
	} {
		t.Run(name, func(t *testing.T) {
			ds := desired.DeepCopy()
			change(ds)
			NewWithT(t).Expect(state.wasApplied(ds, desired)).To(BeFalse())
		})
	}
}

func TestANodeWaitsLongerEachTimeThatItsPodFindsNoPlace(t *testing.T) {
	g, state, now := NewWithT(t), &jobState{}, time.Unix(0, 0)
	for _, wait := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		state.backOff("a", now)
		g.Expect(state.backoff["a"]).To(Equal(now.Add(wait * time.Minute)))
	}
	for range 100 {
		state.backOff("a", now)
	}
	g.Expect(state.backoff["a"]).To(Equal(now.Add(maxBackoff)))
	state.backOff("b", now)
	g.Expect(state.backoff["b"]).To(Equal(now.Add(firstBackoff)))
}
