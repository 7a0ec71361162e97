package job

import (
	"context"
	"fmt"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// manyNodes is as many as a large cluster has.
const manyNodes = 5000

// crowd is the census of a Job on many nodes: most are done, some work, some failed,
// and some wait for their turn.
func crowd() *podIndex {
	c, q := newPodIndex(), &delayed{}
	events := c.events()
	for i := range manyNodes {
		p := wrappers.Pod(aJob, fmt.Sprintf("node-%04d", i), hash)
		switch i % 10 {
		case 0:
			p = p.Gated()
		case 1:
			p = p.ContainersReady()
		case 2:
			p = p.Restarted(v1beta1.ContainerName, 8, 1, "one line\nanother line")
		default:
			p = p.Completed()
		}
		events.Create(context.Background(), event.CreateEvent{Object: owned(p)}, q)
	}
	return c
}

func factsOf(c *podIndex) *State {
	f := &State{job: aJob, now: time.Unix(1e9, 0), hash: hash, daemonSet: daemonSet(manyNodes, manyNodes)}
	f.daemonSet.UID = theDaemonSet.UID
	f.nodes = c.nodes(f)
	return f
}

// BenchmarkStatus looks at a Job as each batch of events makes the manager do.
func BenchmarkStatus(b *testing.B) {
	c := crowd()
	b.ReportAllocs()
	for b.Loop() {
		if d := decide(factsOf(c)); d.status.Desired != manyNodes || d.status.Succeeded == 0 {
			b.Fatalf("wrong status: %+v", d.status)
		}
	}
}

// BenchmarkGates decides which nodes may start.
func BenchmarkGates(b *testing.B) {
	nodes := factsOf(crowd()).nodes
	b.ReportAllocs()
	for b.Loop() {
		if len(podsToUngate(nodes, manyNodes/5)) == 0 {
			b.Fatal("no node may start")
		}
	}
}

// BenchmarkPodEvent is what one event of one pod costs, however many there are.
func BenchmarkPodEvent(b *testing.B) {
	c, q := crowd(), &delayed{}
	events := c.events()
	before, after := owned(pod("node-0000").Gated()), owned(pod("node-0000"))
	b.ReportAllocs()
	for b.Loop() {
		q.jobs = q.jobs[:0]
		events.Update(context.Background(), updated(before, after), q)
		before, after = after, before
	}
	if len(q.jobs) != 1 {
		b.Fatal("the Job is not looked at")
	}
}
