package job

import (
	"reflect"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/nodecache"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// A heartbeat costs nothing, and each change of a node enqueues every Job.
func TestNodeIndexEnqueuesEveryJob(t *testing.T) {
	g, index, states := NewWithT(t), newNodeIndex(), newJobStates()
	states.of(client.ObjectKeyFromObject(aJob), aJob.UID)
	handler, tainted := index.handler(states), node("a")
	tainted.Spec.Taints = []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoSchedule}}
	for _, test := range []struct {
		what   string
		change func(queue)
		jobs   []string
		nodes  int
	}{
		{"it joins", func(q queue) { handler.Create(t.Context(), event.CreateEvent{Object: node("a")}, q) }, []string{"j"}, 1},
		{"a heartbeat", func(q queue) { handler.Update(t.Context(), updated(node("a"), node("a")), q) }, nil, 1},
		{"it is tainted", func(q queue) { handler.Update(t.Context(), updated(node("a"), tainted), q) }, []string{"j"}, 1},
		{"it leaves", func(q queue) { handler.Delete(t.Context(), event.DeleteEvent{Object: tainted}, q) }, []string{"j"}, 0},
	} {
		q := &delayed{}
		before := index.version
		test.change(q)
		g.Expect(q.jobs).To(Equal(test.jobs), test.what)
		g.Expect(index.all()).To(HaveLen(test.nodes), test.what)
		g.Expect(index.version > before).To(Equal(test.jobs != nil), test.what)
	}
}

// placementIn returns the placement of the one node that there is.
func placementIn(nodes []plan.Node) daemonset.Placement {
	if len(nodes) == 0 {
		return daemonset.Excluded
	}
	return nodes[0].Placement
}

// The placement is computed again when a node or the template has changed. A desired
// DaemonSet and one that is there can have the same generation.
func TestPlace(t *testing.T) {
	g, index, state := NewWithT(t), newNodeIndex(), &jobState{}
	index.update(nodecache.Of(node("a")))
	place := func(onlyB bool) daemonset.Placement {
		ds := daemonSetFor(t, theJob().Obj(), 1)
		if ds.Generation = 1; onlyB {
			ds.Spec.Template.Spec.NodeName = "b"
		}
		template, generation := templateOf(state, ds)
		return placementIn(index.place(&state.nodes, template, generation))
	}
	g.Expect(place(false)).To(Equal(daemonset.Placed))
	g.Expect(place(true)).To(Equal(daemonset.Placed), "nothing has changed")

	var err error
	state.desired, err = daemonset.Desired(theJob().Obj(), "h1", daemonset.Pause{})
	g.Expect(err).NotTo(HaveOccurred())
	state.desired.Spec.Template.Spec.NodeName, state.desiredGeneration = "b", 1
	template, generation := templateOf(state, nil)
	g.Expect(placementIn(index.place(&state.nodes, template, generation))).To(Equal(daemonset.Excluded))
	g.Expect(place(false)).To(Equal(daemonset.Placed))

	tainted := node("a")
	tainted.Spec.Taints = []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoSchedule}}
	index.update(nodecache.Of(tainted))
	g.Expect(place(false)).To(Equal(daemonset.Tainted))
}

// Each Job holds its own nodes alone, and all share one copy of the others until a node changes.
func TestJobsShareTheNodesThatTheyExclude(t *testing.T) {
	g, index := NewWithT(t), newNodeIndex()
	for _, name := range []string{"a", "b", "c"} {
		index.update(nodecache.Of(node(name)))
	}
	onlyB := &corev1.PodTemplateSpec{Spec: corev1.PodSpec{NodeName: "b"}}
	own := index.place(&placedNodes{}, onlyB, 1)
	g.Expect(own).To(HaveExactElements(HaveField("Name", "b")))
	g.Expect(own).To(HaveCap(1))
	all := index.all()
	g.Expect(all).To(And(HaveLen(3), HaveKeyWithValue("a", HaveField("Placement", daemonset.Excluded)), HaveKeyWithValue("b", HaveField("UID", types.UID("b-uid")))))
	g.Expect(reflect.ValueOf(index.all()).Pointer()).To(Equal(reflect.ValueOf(all).Pointer()))

	index.remove("a")
	g.Expect(index.all()).To(And(HaveLen(2), Not(HaveKey("a"))))
	g.Expect(all).To(HaveLen(3), "a reconcile may still read it")
}
