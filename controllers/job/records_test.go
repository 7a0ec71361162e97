package job

import (
	"context"
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
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
