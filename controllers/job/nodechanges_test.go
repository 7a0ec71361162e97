package job

import (
	"fmt"
	"math/rand/v2"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/nodecache"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// Whoever reads the index now and then sees what an index of the present nodes alone would show,
// however many have changed since it looked last.
func TestNodesThatChangedArePlacedAgain(t *testing.T) {
	g, random := NewWithT(t), rand.New(rand.NewPCG(3, 4))
	index, present := newNodeIndex(), map[string]*nodecache.Node{}
	templates := []*corev1.PodTemplateSpec{
		&plan.AnyNode,
		{Spec: corev1.PodSpec{NodeSelector: map[string]string{"pool": "1"}}},
		{Spec: corev1.PodSpec{NodeName: "n7"}},
		{Spec: corev1.PodSpec{Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}}}},
	}
	last := make([]placedNodes, len(templates))
	change := func() {
		name := fmt.Sprint("n", random.IntN(50))
		if random.IntN(3) == 0 {
			delete(present, name)
			index.remove(name)
			return
		}
		n := node(name)
		n.Labels = map[string]string{"pool": fmt.Sprint(random.IntN(3))}
		if random.IntN(3) == 0 {
			n.Spec.Taints = []corev1.Taint{{Key: "x", Effect: corev1.TaintEffectNoSchedule}}
		}
		present[name] = nodecache.Of(n)
		index.update(present[name])
	}
	for range 300 {
		for range random.IntN(3) * random.IntN(3) * random.IntN(2*maxNodeChanges/5) {
			change()
		}
		fresh := newNodeIndex()
		for _, n := range present {
			fresh.update(n)
		}
		for k, template := range templates {
			if random.IntN(2) == 0 {
				continue
			}
			before := byName(last[k].nodes)
			held := last[k].nodes
			g.Expect(byName(index.place(&last[k], template, 1))).To(Equal(byName(fresh.place(&placedNodes{}, template, 1))))
			g.Expect(byName(held)).To(Equal(before), "a reconcile may still read it")
		}
		if random.IntN(2) == 0 {
			g.Expect(index.all()).To(Equal(fresh.all()))
		}
	}
	g.Expect(index.version).To(BeNumerically(">", 10*maxNodeChanges))
	g.Expect(len(index.changes)).To(BeNumerically("<=", 2*maxNodeChanges))
	for _, n := range index.all() {
		g.Expect(n.Placement).To(Equal(daemonset.Excluded))
	}
}

func byName(nodes []plan.Node) map[string]plan.Node {
	all := map[string]plan.Node{}
	for _, n := range nodes {
		all[n.Name] = n
	}
	return all
}

// BenchmarkPlaceAfterAChange places the nodes of a Job on ten of many nodes after one has changed.
func BenchmarkPlaceAfterAChange(b *testing.B) {
	index, last := newNodeIndex(), placedNodes{}
	for i := range 3 * manyNodes {
		n := node(fmt.Sprint("n", i))
		n.Labels = map[string]string{"group": fmt.Sprint(i / 10)}
		index.update(nodecache.Of(n))
	}
	template := &corev1.PodTemplateSpec{Spec: corev1.PodSpec{NodeSelector: map[string]string{"group": "7"}}}
	tainted, taints := node("n3"), []corev1.Taint{{Key: "x", Effect: corev1.TaintEffectNoSchedule}}
	b.ReportAllocs()
	for b.Loop() {
		if tainted.Spec.Taints == nil {
			tainted.Spec.Taints = taints
		} else {
			tainted.Spec.Taints = nil
		}
		index.update(nodecache.Of(tainted))
		if len(index.place(&last, template, 1)) != 10 {
			b.Fatal("wrong nodes")
		}
	}
}

// BenchmarkPlaceFirst places the nodes of a new Job on ten of many nodes.
func BenchmarkPlaceFirst(b *testing.B) {
	index := newNodeIndex()
	for i := range 3 * manyNodes {
		n := wrappers.RealNode(i)
		n.Labels["group"] = fmt.Sprint(i / 10)
		index.update(nodecache.Of(n))
	}
	template := &corev1.PodTemplateSpec{Spec: corev1.PodSpec{NodeSelector: map[string]string{"group": "7"}}}
	b.ReportAllocs()
	for b.Loop() {
		if nodes := index.place(&placedNodes{}, template, 1); len(nodes) != 10 {
			b.Fatal("wrong nodes", len(nodes))
		}
	}
}
