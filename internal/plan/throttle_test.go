package plan

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func progress(succeeded, desired int32) *v1beta1.JobStatus {
	return &v1beta1.JobStatus{Phase: v1beta1.PhaseRunning, Succeeded: succeeded, Active: desired - succeeded, Desired: desired}
}

func TestWriteAfter(t *testing.T) {
	g := NewWithT(t)
	last := func(ago time.Duration) time.Time { return now.Add(-ago) }
	g.Expect(writeAfter(progress(1, 5), progress(1, 5), last(time.Hour), now)).To(BeNumerically("<", 0), "nothing changed")
	g.Expect(writeAfter(progress(1, 5), progress(2, 5), last(time.Second), now)).To(BeZero(), "each of a few nodes is told at once")
	g.Expect(writeAfter(progress(1, 5), progress(2, 5), last(50*time.Millisecond), now)).To(Equal(200*time.Millisecond), "but not too often")
	g.Expect(writeAfter(progress(1, 1000), progress(2, 1000), last(time.Second), now)).To(Equal(4*time.Second), "one of many waits")
	g.Expect(writeAfter(progress(1, 1000), progress(101, 1000), last(time.Second), now)).To(BeZero(), "a tenth of many does not")
	g.Expect(writeAfter(progress(1, 1000), progress(2, 1000), last(time.Minute), now)).To(BeZero())

	complete := progress(1000, 1000)
	complete.Phase = v1beta1.PhaseComplete
	g.Expect(writeAfter(progress(999, 1000), complete, now, now)).To(BeZero(), "a verdict is never held back")
	seen := progress(1, 1000)
	seen.ObservedGeneration = 2
	g.Expect(writeAfter(progress(1, 1000), seen, now, now)).To(BeZero(), "nor is that an update was seen")
	blocked := func(reason string) *v1beta1.JobStatus {
		status := progress(1, 1000)
		status.Conditions = []metav1.Condition{{Type: v1beta1.JobBlocked, Status: metav1.ConditionTrue, Reason: reason}}
		return status
	}
	g.Expect(writeAfter(blocked("A"), blocked("B"), now, now)).To(BeZero(), "nor is what the user must do")
}

// A hundred nodes are named. What the others print is in the groups alone.
func TestFailureGroupsAloneAreNotWritten(t *testing.T) {
	g := NewWithT(t)
	grouped := func(status *v1beta1.JobStatus, message string) *v1beta1.JobStatus {
		status.FailureGroups = []v1beta1.FailureGroup{{Reason: "R", Message: message, Count: 200}}
		return status
	}
	g.Expect(writeAfter(grouped(progress(1, 1000), "a"), grouped(progress(1, 1000), "b"), now.Add(-time.Hour), now)).To(BeNumerically("<", 0))
	g.Expect(writeAfter(grouped(progress(1, 1000), "a"), progress(1, 1000), now.Add(-time.Hour), now)).To(BeNumerically("<", 0))
	g.Expect(writeAfter(grouped(progress(1, 1000), "a"), grouped(progress(2, 1000), "b"), now.Add(-time.Second), now)).To(Equal(4*time.Second), "as without groups")
}

func TestTheNumberOfWritesDoesNotGrowWithTheNodes(t *testing.T) {
	g := NewWithT(t)
	for _, nodes := range []int32{100, 1000, 5000} {
		writes, written, clock := 0, now, now
		last := progress(0, nodes)
		for done := int32(1); done <= nodes; done++ {
			clock = clock.Add(10 * time.Millisecond)
			if next := progress(done, nodes); writeAfter(last, next, written, clock) == 0 {
				writes, last, written = writes+1, next, clock
			}
		}
		g.Expect(writes).To(BeNumerically("<=", significantPart+1), "%d nodes", nodes)
	}
}

func TestTheNumberOfWritesIsBoundedWhenAllTakesLonger(t *testing.T) {
	g := NewWithT(t)
	for _, nodes := range []int32{100, 1000, 5000} {
		writes, written, clock := 0, now, now
		last := progress(0, nodes)
		for started := int32(1); started <= 2*nodes; started++ {
			clock = clock.Add(100 * time.Second / time.Duration(2*nodes))
			next := progress(max(0, started-nodes), nodes)
			next.Active = min(started, nodes) - next.Succeeded
			if writeAfter(last, next, written, clock) == 0 {
				writes, last, written = writes+1, next, clock
			}
		}
		g.Expect(writes).To(BeNumerically("<=", 2*significantPart+5), "%d nodes", nodes)
	}
}
