package job

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/nodecache"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// nodesOf are nodes with the label of a pool, in the version in which the fake client has them.
func nodesOf(pool string, names ...string) []client.Object {
	var all []client.Object
	for _, name := range names {
		n := node(name)
		n.ResourceVersion, n.Labels = "999", map[string]string{"pool": pool}
		all = append(all, n)
	}
	return all
}

func tainted(nodes []client.Object) []client.Object {
	for _, n := range nodes {
		n.(*corev1.Node).Spec.Taints = []corev1.Taint{{Key: "x", Effect: corev1.TaintEffectNoSchedule}}
	}
	return nodes
}

// A Job on one pool of nodes asks for that pool, and for no other node than those that it saw there.
func TestListNodes(t *testing.T) {
	gpu := &corev1.PodTemplateSpec{Spec: corev1.PodSpec{NodeSelector: map[string]string{"pool": "gpu"}}}
	earlier := func(nodes []client.Object) []client.Object {
		for _, n := range nodes {
			n.SetResourceVersion("998")
		}
		return nodes
	}
	var many []string
	for i := range maxReadByName + 1 {
		many = append(many, fmt.Sprint("n", i))
	}
	for name, test := range map[string]struct {
		cached, live []client.Object
		pods         []plan.Pod
		// asked are the selectors of the requests.
		asked     []string
		placement map[string]daemonset.Placement
	}{
		"as cached": {
			cached: nodesOf("gpu", "a", "b"), live: nodesOf("gpu", "a", "b"), pods: []plan.Pod{{Node: "a"}, {Node: ""}},
			asked:     []string{"pool=gpu"},
			placement: map[string]daemonset.Placement{"a": daemonset.Placed, "b": daemonset.Placed},
		},
		"others are as in the cache": {
			cached: append(nodesOf("web", "w"), nodesOf("gpu", "a")...), live: nodesOf("gpu", "a"),
			asked:     []string{"pool=gpu"},
			placement: map[string]daemonset.Placement{"a": daemonset.Placed, "w": daemonset.Excluded},
		},
		"one joined, another was relabelled, and the cache shows neither": {
			cached: append(nodesOf("gpu", "a"), earlier(nodesOf("web", "w"))...), live: nodesOf("gpu", "a", "new", "w"),
			asked:     []string{"pool=gpu", "metadata.name=new", "metadata.name=w"},
			placement: map[string]daemonset.Placement{"a": daemonset.Placed, "new": daemonset.Placed, "w": daemonset.Placed},
		},
		"one of the Job's was relabelled": {
			cached: earlier(nodesOf("gpu", "a")), live: nodesOf("web", "a"),
			asked:     []string{"pool=gpu", "metadata.name=a"},
			placement: map[string]daemonset.Placement{"a": daemonset.Excluded},
		},
		"one of the Job's was tainted": {
			cached: earlier(nodesOf("gpu", "a")), live: tainted(nodesOf("gpu", "a")),
			asked:     []string{"pool=gpu", "metadata.name=a"},
			placement: map[string]daemonset.Placement{"a": daemonset.Tainted},
		},
		"one has a pod and is not cached": {
			live: nodesOf("web", "a"), pods: []plan.Pod{{Node: "a"}},
			asked: []string{"pool=gpu", "metadata.name=a"}, placement: map[string]daemonset.Placement{"a": daemonset.Excluded},
		},
		"one of the Job's is gone": {
			cached: nodesOf("gpu", "a"), asked: []string{"pool=gpu", "metadata.name=a"}, placement: map[string]daemonset.Placement{},
		},
		"one with a pod was relabelled, and is gone": {
			cached: nodesOf("web", "a"), pods: []plan.Pod{{Node: "a"}, {Node: "a"}},
			asked: []string{"pool=gpu", "metadata.name=a"}, placement: map[string]daemonset.Placement{},
		},
		"more are gone than are asked for one by one": {
			cached: nodesOf("gpu", many...), live: nodesOf("web", "w"),
			asked: []string{"pool=gpu", "all"}, placement: map[string]daemonset.Placement{"w": daemonset.Excluded},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var mu sync.Mutex
			var asked []string
			server := fake.NewClientBuilder().WithObjects(test.live...).
				WithIndex(&corev1.Node{}, metav1.ObjectNameField, nameOf).
				WithInterceptorFuncs(interceptor.Funcs{
					List: func(ctx context.Context, s client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
						given := (&client.ListOptions{}).ApplyOptions(options)
						mu.Lock()
						defer mu.Unlock()
						switch {
						case given.LabelSelector != nil:
							asked = append(asked, given.LabelSelector.String())
						case given.FieldSelector != nil:
							asked = append(asked, given.FieldSelector.String())
						default:
							asked = append(asked, "all")
						}
						return s.List(ctx, list, options...)
					},
				}).Build()
			r := New(server, server, events.NewFakeRecorder(1), clock.RealClock{}, Options{})
			for _, o := range test.cached {
				r.nodeIndex.update(nodecache.Of(o.(*corev1.Node)))
			}
			own := r.nodeIndex.place(&placedNodes{}, gpu, 1)
			nodes, others, err := r.listNodes(t.Context(), gpu, own, test.pods)
			g.Expect(err).NotTo(HaveOccurred())
			placement := map[string]daemonset.Placement{}
			for _, n := range others {
				placement[n.Name] = n.Placement
			}
			read := map[string]bool{}
			for _, n := range nodes {
				placement[n.Name] = n.Placement
				read[n.Name] = true
			}
			slices.Sort(asked[1:])
			g.Expect(asked).To(Equal(test.asked))
			g.Expect(placement).To(Equal(test.placement))
			g.Expect(nodes).To(HaveLen(len(read)), "each once")
		})
	}
}
