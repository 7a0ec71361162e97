package job

import (
	"context"
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// A live list holds no more than the manager keeps of what it wrote.
func TestListedRecordsLoseTheirOutputs(t *testing.T) {
	g := NewWithT(t)
	server := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		List: func(_ context.Context, _ client.WithWatch, list client.ObjectList, _ ...client.ListOption) error {
			records, ok := list.(*v1beta1.JobRecordList)
			g.Expect(ok).To(BeTrue())
			for _, i := range []int{10, 2, 0} { // By name, as the API server orders them.
				page := v1beta1.JobRecord{Spec: v1beta1.JobRecordSpec{Sealed: i < 2, Nodes: []v1beta1.NodeRecord{{Node: "n", Output: "6.8"}}}}
				page.Name, page.ResourceVersion = fmt.Sprint("j-", i), fmt.Sprint(i)
				records.Items = append(records.Items, page)
			}
			return nil
		},
	}).Build()
	r := New(server, server, events.NewFakeRecorder(1), clock.RealClock{}, Options{})
	pages, err := r.listRecords(t.Context(), aJob)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(pages).To(HaveLen(3))
	for i, want := range []string{"", "", "6.8"} {
		g.Expect(pages[i].Spec.Nodes).To(Equal([]v1beta1.NodeRecord{{Node: "n", Output: want}}))
		g.Expect(pages[i].Spec.Sealed).To(Equal(want == ""), "only the last one is written again")
	}
	g.Expect(pages[2].Name).To(Equal("j-10"))
}

// The entries of a node that left are dropped once the manager has observed both.
func TestEntriesOfNodesThatLeftAreNotKept(t *testing.T) {
	j := theJob().Obj()
	hash, err := daemonset.CurrentHash(j, nil)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	j.Status = v1beta1.JobStatus{TemplateHash: hash, RunGeneration: 1, Records: 1, Gated: true}
	page := &v1beta1.JobRecord{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "j-j-uid-0", Labels: plan.PageLabels(j)},
		Spec:       v1beta1.JobRecordSpec{Run: v1beta1.JobRun{TemplateHash: hash, Generation: 1}, Sealed: true},
	}
	for _, name := range []string{"a", "b", "unknown"} {
		page.Spec.Nodes = append(page.Spec.Nodes, v1beta1.NodeRecord{Node: name, NodeUID: types.UID(name + "-uid"), Result: v1beta1.RecordSucceeded})
	}
	c := newCluster(t, j, node("a"), node("b"), page)
	entries := func() []v1beta1.NodeRecord {
		c.must(c.reconcile())
		return c.r.states.of(client.ObjectKeyFromObject(j), j.UID).records.Pages[0].Spec.Nodes
	}
	c.g.Expect(entries()).To(HaveLen(3))
	c.must(c.server.Delete(t.Context(), node("b")))
	c.sync()
	c.g.Expect(entries()).To(HaveExactElements(HaveField("Node", "a"), HaveField("Node", "unknown")), "the cache may not show it yet")
	c.g.Expect(c.get(page)).To(BeTrue())
	c.g.Expect(page.Spec.Nodes).To(HaveLen(3))
}
