package job

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// What the manager wrote is nothing new to it. What another writer did is, also if the cache
// shows both at once.
func TestOwnRecordsEnqueueNoJob(t *testing.T) {
	page := func(version string) *v1beta1.JobRecord {
		return &v1beta1.JobRecord{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "j-j-uid-0", Labels: plan.PageLabels(aJob), ResourceVersion: version}}
	}
	created := func(version string) func(*recordIndex, queue) {
		return func(i *recordIndex, q queue) {
			i.handler().Create(t.Context(), event.CreateEvent{Object: page(version)}, q)
		}
	}
	updated := func(version string) func(*recordIndex, queue) {
		return func(i *recordIndex, q queue) {
			i.handler().Update(t.Context(), event.UpdateEvent{ObjectOld: page("1"), ObjectNew: page(version)}, q)
		}
	}
	deleted := func(i *recordIndex, q queue) {
		i.handler().Delete(t.Context(), event.DeleteEvent{Object: page("5")}, q)
	}
	wrote := func(version string) func(*recordIndex, queue) {
		return func(i *recordIndex, _ queue) { i.wrote(page(version)) }
	}
	for name, test := range map[string]struct {
		steps    []func(*recordIndex, queue)
		enqueued int
	}{
		"created by the manager":           {[]func(*recordIndex, queue){wrote("5"), created("5")}, 0},
		"updated by the manager":           {[]func(*recordIndex, queue){wrote("5"), updated("5")}, 0},
		"observed before the answer":       {[]func(*recordIndex, queue){updated("5"), wrote("5")}, 1},
		"present when the manager started": {[]func(*recordIndex, queue){created("5")}, 1},
		"updated by another":               {[]func(*recordIndex, queue){wrote("5"), updated("6")}, 1},
		"updated by both":                  {[]func(*recordIndex, queue){wrote("5"), updated("5"), updated("6")}, 1},
		"deleted by another":               {[]func(*recordIndex, queue){wrote("5"), updated("5"), deleted}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			g, i, q := NewWithT(t), newRecordIndex(), &delayed{}
			for _, step := range test.steps {
				step(i, q)
			}
			g.Expect(q.jobs).To(HaveLen(test.enqueued))
			changed, _ := i.changed(aJob, []*v1beta1.JobRecord{page("5")}, 0)
			g.Expect(changed).To(Equal(test.enqueued > 0 && name != "present when the manager started" && name != "observed before the answer"))
		})
	}
}

// A write that changed nothing that the plan rests on is followed by no reconcile.
func TestWrittenRecordsAreKnownToTheIndex(t *testing.T) {
	c := keepsResults(t, func() error { return nil })
	c.must(c.reconcile())
	c.g.Expect(c.status().Phase).To(Equal(v1beta1.PhaseComplete))
	records, q := &v1beta1.JobRecordList{}, &delayed{}
	c.must(c.server.List(t.Context(), records, client.InNamespace("ns")))
	c.g.Expect(records.Items).To(HaveLen(1))
	c.r.recordIndex.handler().Update(t.Context(), event.UpdateEvent{ObjectOld: &records.Items[0], ObjectNew: &records.Items[0]}, q)
	c.g.Expect(q.jobs).To(BeEmpty())
}
