//go:build !race

package job

import (
	"context"
	"runtime"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// Most bytes that the manager may keep of a pod and of a node: the object in the informer's
// store with its keys, and what the controller's index adds.
const (
	mostOfAPod  = 1024
	mostOfANode = 1024
)

// crowded is how many objects the informers get.
const crowded = 5000

// encoded is an object as the API server sends it.
type encoded interface {
	client.Object
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// retained returns how many bytes of each object the informer and the index keep. The informer is
// client-go's, with the transform and the index of the manager's cache. Each object is decoded for it
// from what the API server sends, as a streamed first list.
func retained(tb testing.TB, empty func() encoded, object func(number int) encoded, events handler.EventHandler) uint64 {
	tb.Helper()
	g, sent := NewWithT(tb), make([][]byte, crowded)
	for i := range sent {
		var err error
		sent[i], err = object(i).Marshal()
		g.Expect(err).NotTo(HaveOccurred())
	}
	tb.Logf("an object of %T has %d bytes when it is sent", empty(), len(sent[0]))
	objects := watch.NewFake()
	informer := toolscache.NewSharedIndexInformer(&toolscache.ListWatch{
		WatchFuncWithContext: func(context.Context, metav1.ListOptions) (watch.Interface, error) { return objects, nil },
	}, empty(), 0, toolscache.Indexers{toolscache.NamespaceIndex: toolscache.MetaNamespaceIndexFunc})
	g.Expect(informer.SetTransform(transformOf(empty()))).To(Succeed())
	q, seen := &delayed{}, 0
	_, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{AddFunc: func(o any) {
		q.jobs = q.jobs[:0]
		events.Create(context.Background(), event.CreateEvent{Object: o.(client.Object)}, q)
		seen++
	}})
	g.Expect(err).NotTo(HaveOccurred())
	stop, stopped := make(chan struct{}), make(chan struct{})
	before := heap()
	go func() { defer close(stopped); informer.Run(stop) }()
	for _, data := range sent {
		o := empty()
		g.Expect(o.Unmarshal(data)).To(Succeed())
		objects.Add(o)
	}
	end := empty()
	end.SetResourceVersion("9000000")
	end.SetAnnotations(map[string]string{metav1.InitialEventsAnnotationKey: "true"})
	objects.Action(watch.Bookmark, end)
	g.Eventually(func() int { return len(informer.GetStore().ListKeys()) }).WithTimeout(30 * time.Second).Should(Equal(crowded))
	var after uint64
	g.Eventually(func() bool { last := after; after = heap(); return last > 0 && last <= after+crowded }).WithTimeout(30 * time.Second).Should(BeTrue())
	kept := (after - before) / crowded
	close(stop)
	<-stopped
	g.Expect(seen).To(Equal(crowded))
	runtime.KeepAlive(sent)
	runtime.KeepAlive(events)
	return kept
}

// heap returns how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func retainedOfPod(tb testing.TB) uint64 {
	return retained(tb, func() encoded { return &corev1.Pod{} }, func(i int) encoded {
		return wrappers.Pod(aJob, wrappers.RealNode(i).Name, "0123456789").Exit("job-container").Real(i).Obj()
	}, newPodIndex().handler())
}

func retainedOfNode(tb testing.TB) uint64 {
	return retained(tb, func() encoded { return &corev1.Node{} }, func(i int) encoded { return wrappers.RealNode(i) }, newNodeIndex().handler(newJobStates()))
}

// On 15,000 nodes, each KiB of a pod is 30 MiB of the container: the garbage collector lets the
// heap grow to twice what is in use.
func TestThePartsOfAPodAndANodeThatAreKept(t *testing.T) {
	g := NewWithT(t)
	pod, node := retainedOfPod(t), retainedOfNode(t)
	t.Logf("the manager keeps %d bytes of a pod, and %d of a node", pod, node)
	g.Expect(pod).To(And(BeNumerically(">", 100), BeNumerically("<=", mostOfAPod)))
	g.Expect(node).To(And(BeNumerically(">", 100), BeNumerically("<=", mostOfANode)))
}

// BenchmarkRetained reports the bytes that are kept of a pod and of a node.
func BenchmarkRetained(b *testing.B) {
	for name, measure := range map[string]func(testing.TB) uint64{"pod": retainedOfPod, "node": retainedOfNode} {
		b.Run(name, func(b *testing.B) {
			var kept uint64
			for b.Loop() {
				kept = measure(b)
			}
			b.ReportMetric(float64(kept), "B/"+name)
		})
	}
}
