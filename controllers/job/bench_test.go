package job

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/nodecache"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// manyNodes is as many as a large cluster has.
const manyNodes = 5000

// crowd is the index of a Job on many nodes: most are done, some are active, some
// failed, and some are gated.
func crowd() *podIndex {
	c, q := newPodIndex(), &delayed{}
	events := c.handler()
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

func manyNodeObjects() []*nodecache.Node {
	nodes := make([]*nodecache.Node, manyNodes)
	for i := range nodes {
		nodes[i] = nodecache.Of(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%04d", i), UID: types.UID(fmt.Sprint("uid-", i))}})
	}
	return nodes
}

// observed is the State of the crowd's Job.
func observed(i *podIndex) plan.State {
	ds := theDaemonSet.DeepCopy()
	ds.Spec.Template.Labels = map[string]string{v1beta1.LabelTemplateHash: hash}
	ds.Status.DesiredNumberScheduled, ds.Status.CurrentNumberScheduled = manyNodes, manyNodes
	job := wrappers.Job("ns", "j").UID("j-uid").Parallelism("20%").MaxFailedNodes("100%").Obj()
	return plan.State{Job: job, Records: plan.Records{Known: true}, Now: time.Unix(1e9, 0), TemplateHash: hash, DaemonSet: ds, ExpectationsMet: true,
		Pods: i.pods(client.ObjectKeyFromObject(aJob)), Nodes: placeNodes(manyNodeObjects(), daemonset.NewPlacer(&plan.AnyNode))}
}

// BenchmarkCompute plans for a Job as each batch of events makes the manager do.
func BenchmarkCompute(b *testing.B) {
	state := observed(crowd())
	b.ReportAllocs()
	for b.Loop() {
		p := plan.Compute(state)
		if p.Status == nil || p.Status.Status.Desired != manyNodes || p.Status.Status.Succeeded == 0 || len(p.Ungate)+len(p.Pages) == 0 {
			b.Fatalf("wrong plan: %+v", p)
		}
	}
}

// largeNodes is as many as the largest clusters have.
const largeNodes = 15000

// BenchmarkComputeLarge plans for a Job without parallelism on the largest cluster, as the manager does
// each second while its nodes get done: half of them are done and recorded.
func BenchmarkComputeLarge(b *testing.B) {
	c, q := newPodIndex(), &delayed{}
	events := c.handler()
	state := observed(c)
	state.Job = wrappers.Job("ns", "j").UID("j-uid").Obj()
	state.Others = map[string]*plan.Node{}
	state.Nodes = make([]plan.Node, largeNodes)
	for i := range state.Nodes {
		p := wrappers.Pod(aJob, fmt.Sprintf("node-%05d", i), hash).ContainersReady()
		state.Nodes[i] = plan.Node{Name: fmt.Sprintf("node-%05d", i), UID: types.UID(fmt.Sprintf("6a1c3f0e-0000-4000-8000-%012d", i)), Placement: daemonset.Placed}
		state.Others[state.Nodes[i].Name] = &plan.Node{Name: state.Nodes[i].Name, UID: state.Nodes[i].UID, Placement: daemonset.Excluded}
		if i < largeNodes*2/3 {
			if i < largeNodes/2 {
				p = p.Completed()
			}
			events.Create(context.Background(), event.CreateEvent{Object: owned(p)}, q)
		}
	}
	state.Pods = c.pods(client.ObjectKeyFromObject(aJob))
	first := plan.Compute(state)
	for len(first.Pages) == 0 {
		state.Now = state.Now.Add(time.Minute)
		state.Records.Unwritten = first.Unwritten
		first = plan.Compute(state)
	}
	state.Records = state.Records.Written(first.Pages, first.Later, state.Now)
	if len(state.Records.Pages) != largeNodes/2/250 {
		b.Fatal("wrong pages", len(state.Records.Pages))
	}
	b.ReportAllocs()
	for b.Loop() {
		if p := plan.Compute(state); len(p.Pages) > 0 || p.ReadLive {
			b.Fatalf("wrong plan: %+v", p)
		}
	}
}

// BenchmarkPodEvent handles one event of one pod among many, from when it is decoded.
func BenchmarkPodEvent(b *testing.B) {
	c, q := crowd(), &delayed{}
	events, transform := c.handler(), transformOf(&corev1.Pod{})
	decoded := [2]*corev1.Pod{pod("node-0000").Exit("work").Real(1).Obj(), pod("node-0000").Exit("work").Real(1).Ended("work", 0).Obj()}
	before, err := transform(decoded[0])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		after, err := transform(decoded[i%2])
		if err != nil {
			b.Fatal(err)
		}
		q.jobs = q.jobs[:0]
		events.Update(context.Background(), updated(before.(client.Object), after.(client.Object)), q)
		before = after
	}
	if len(q.jobs) != 1 {
		b.Fatal("the Job is not enqueued")
	}
}

// BenchmarkObserve copies what all pods say, as each reconcile does.
func BenchmarkObserve(b *testing.B) {
	c := crowd()
	var pods []plan.Pod
	b.ReportAllocs()
	for b.Loop() {
		if pods = c.observe(pods[:0], client.ObjectKeyFromObject(aJob)); len(pods) != manyNodes {
			b.Fatal("wrong pods")
		}
	}
}

// transformOf returns the transform of the manager's cache.
func transformOf(o client.Object) toolscache.TransformFunc {
	var found cache.ByObject
	for kind, by := range CacheByObject() {
		if fmt.Sprintf("%T", kind) == fmt.Sprintf("%T", o) {
			found = by
		}
	}
	return found.Transform
}
