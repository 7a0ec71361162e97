package job

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// The work on a node is skipped by a rule. From its exit on, each kind of request fails in each
// way, once at each of its first calls, and kills the manager: nothing runs twice, and the
// entry is there before the pod goes. The page is new if the first node is skipped.
func TestASkipEndsRightAfterAnyFault(t *testing.T) {
	for _, of := range []struct {
		verb, skipped string
		calls         int
	}{{"Create", "a", 1}, {"Update", "b", 2}, {"Patch", "b", 2}, {"Delete", "b", 1}, {"List", "b", 2}} {
		for name, fault := range faults() {
			for call := range of.calls {
				t.Run(fmt.Sprintf("%s, %s, call %d", of.verb, name, call), func(t *testing.T) {
					j := theJob().OnExit(v1beta1.NodeActionSkip, 42).Parallelism("1").TTL(600).Obj()
					c := newCluster(t, j, node("a"), node("b"), node("c"))
					c.exits = map[string]int32{of.skipped: 42}
					runs, calls := c.playSkip(t, of.verb, call, fault)
					c.g.Expect(calls).To(BeNumerically(">", call), "the fault never came")
					c.g.Expect(c.status()).To(And(HaveField("Phase", v1beta1.PhaseComplete), HaveField("Completed", "3/3"),
						HaveField("Succeeded", int32(2)), HaveField("Skipped", int32(1)), HaveField("Failed", int32(0))))
					c.g.Expect(runs).To(And(HaveLen(3), HaveEach(1)))
				})
			}
		}
	}
}

// playSkip lets the Job run until it is over, with a fault once a node has exited. It returns how
// many requests of the verb there were from then on.
func (c *cluster) playSkip(t *testing.T, verb string, call int, fault fault) (ran, int) {
	t.Helper()
	runs, calls, stale := ran{}, new(int), new(int)
	for rounds := 60; rounds > 0; rounds-- {
		if *stale--; *stale < 0 {
			c.sync()
		}
		before := c.pods()
		if c.fault == nil && slices.ContainsFunc(before, func(pod corev1.Pod) bool { return len(pod.Status.ContainerStatuses) > 0 && pod.Labels["started"] != "" }) {
			calls, stale = c.failAt(verb, call, fault)
		}
		err := c.reconcile()
		for i := range before {
			if pod := &before[i]; pod.Labels["started"] != "" && !c.get(pod.DeepCopy()) {
				c.g.Expect(c.recordedPods()).To(ContainElement(pod.UID), "its entry is there before it goes")
			}
		}
		if err != nil {
			c.restart()
		}
		c.kubernetes(t, runs)
		if c.status().Phase == v1beta1.PhaseComplete {
			rounds = min(rounds, 4) // What is done then must start nothing.
		}
		c.clock.Step(6 * time.Second)
	}
	return runs, *calls
}

// recordedPods returns the UIDs of pods whose work was stopped, as the pages say.
func (c *cluster) recordedPods() []types.UID {
	list := &v1beta1.JobRecordList{}
	c.g.Expect(c.server.List(context.Background(), list)).To(Succeed())
	var all []types.UID
	for i := range list.Items {
		for _, entry := range list.Items[i].Spec.Nodes {
			all = append(all, entry.PodUID)
		}
	}
	return all
}
