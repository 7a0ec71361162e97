package schedule

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func TestASuspendedCronJobSaysNothingOfThePolicy(t *testing.T) {
	g := NewWithT(t)
	c := theCronJob("0 * * * *", observedBefore, suspended)
	d := Decide(&State{CronJob: c, Guard: Guard{Missing: "the policy is missing"}, Now: utc(t, "2026-06-01 01:30")})
	g.Expect(d.Status.Conditions[0].Reason).To(Equal(v1beta1.ReasonCronJobSuspended), "nothing would look again when the policy is back")
}

func TestReplaceSparesTheRunIfTheNameIsTaken(t *testing.T) {
	g := NewWithT(t)
	next := utc(t, "2026-06-01 02:00")
	c := theCronJob("0 * * * *", observedBefore, withPolicy(v1beta1.ReplaceConcurrent), lastScheduled(next), withPending(next, ""))
	foreign := childAt(c, next)
	foreign.OwnerReferences = nil
	state := &State{CronJob: c, Children: []*v1beta1.Job{childAt(c, utc(t, "2026-06-01 01:00"))}, Named: metadataOf(foreign), Now: next.Add(time.Second)}
	g.Expect(Decide(state).Delete).To(BeEmpty(), "the run that replaces it cannot be made")
	state.Now = next.Add(time.Hour)
	g.Expect(Decide(state).Status.Pending.Name).To(Equal(nameAt(c, state.Now)), "the next one has another name")
}

func TestAJobWithTheUIDInAnotherReferenceIsNoRun(t *testing.T) {
	g := NewWithT(t)
	at := utc(t, "2026-06-01 01:00")
	c := theCronJob("0 * * * *", observedBefore, lastScheduled(at), withPending(at, ""))
	odd := childAt(c, at)
	odd.OwnerReferences[0].Kind, odd.OwnerReferences[0].APIVersion = "ConfigMap", "v1"
	d := Decide(&State{CronJob: c, Named: metadataOf(odd), Now: at.Add(time.Minute)})
	g.Expect(d.Status.Conditions).To(ContainElement(HaveField("Reason", v1beta1.ReasonNameTaken)))
}

// TestWhatKeepsARefusedRunNow is about what a user has to look at first.
func TestWhatKeepsARefusedRunNow(t *testing.T) {
	for reason, hinder := range map[string]func(*stage){
		v1beta1.ReasonGuardMissing: func(s *stage) { s.guard.Missing = "the policy is missing" },
		v1beta1.ReasonRunWaiting:   func(s *stage) { s.jobs = append(s.jobs, manualChild(s.cronJob, "abcde", s.now)) },
		v1beta1.ReasonJobRefused:   func(*stage) {},
	} {
		t.Run(reason, func(t *testing.T) {
			s := newStage(t, theCronJob("0 * * * *"))
			s.refuses = "exceeded quota"
			s.to(utc(t, "2026-06-01 01:00"))
			hinder(s)
			s.wait(time.Minute)
			is, _ := s.ready()
			NewWithT(t).Expect(is).To(Equal(reason))
		})
	}
}

// TestScheduledTimeOfAnyAnnotation is for what the API server would refuse in a status. Whoever
// may label a Job may annotate it.
func TestScheduledTimeOfAnyAnnotation(t *testing.T) {
	for text, taken := range map[string]string{
		"2026-06-01T01:00:00Z":      "2026-06-01T01:00:00Z",
		"2026-06-01T01:00:00.5Z":    "2026-06-01T01:00:00Z",
		"2026-06-01T01:00:00+02:00": "2026-05-31T23:00:00Z",
		"9999-12-31T23:59:59-01:00": "",
		"0000-01-01T00:00:00+01:00": "",
		"0001-01-01T00:00:00Z":      "",
		"yesterday":                 "",
		"":                          "",
	} {
		t.Run(text, func(t *testing.T) {
			g, job := NewWithT(t), &v1beta1.Job{}
			job.Annotations = map[string]string{v1beta1.AnnotationScheduledTime: text}
			at := scheduledTime(job)
			if taken == "" {
				g.Expect(at).To(BeNil())
				return
			}
			g.Expect(at.UTC().Format(time.RFC3339Nano)).To(Equal(taken))
		})
	}
}
