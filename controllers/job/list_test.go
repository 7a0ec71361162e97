package job

import (
	"context"
	"errors"
	"strconv"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// The API server answers with three pages.
func TestLiveListsArePaged(t *testing.T) {
	g := NewWithT(t)
	var asked []*client.ListOptions
	server := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		List: func(_ context.Context, _ client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			given := (&client.ListOptions{}).ApplyOptions(options)
			if asked = append(asked, given); len(asked) > 6 {
				return errors.New("more requests than pages")
			}
			page, _ := strconv.Atoi(given.Continue) // The first page has no token.
			switch list := list.(type) {
			case *corev1.PodList:
				list.Items = []corev1.Pod{*pod(strconv.Itoa(page)).Obj()}
			case *corev1.NodeList:
				list.Items = []corev1.Node{*node(strconv.Itoa(page))}
			}
			if list.SetContinue(""); page < 2 {
				list.SetContinue(strconv.Itoa(page + 1))
			}
			return nil
		},
	}).Build()
	r := New(server, server, events.NewFakeRecorder(1), clock.RealClock{}, Options{})

	pods, err := r.listPods(t.Context(), aJob)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(pods).To(HaveExactElements(HaveField("Node", "0"), HaveField("Node", "1"), HaveField("Node", "2")))
	g.Expect(asked).To(HaveLen(3))
	for _, options := range asked {
		g.Expect(options.Limit).To(Equal(int64(pageSize)))
		g.Expect(options.Namespace).To(Equal(aJob.Namespace))
		g.Expect(options.LabelSelector.Matches(labels.Set(v1beta1.PodLabels(aJob.Name)))).To(BeTrue())
		g.Expect(options.LabelSelector.Matches(labels.Set(v1beta1.PodLabels("other")))).To(BeFalse())
	}

	nodes, err := r.listNodes(t.Context(), &plan.AnyNode)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(nodes).To(HaveExactElements(HaveField("Name", "0"), HaveField("Name", "1"), HaveField("Name", "2")))
	g.Expect(asked[5].Limit).To(Equal(int64(pageSize)))
}

func TestAPageOfPodsIsBoundedByTheLargest(t *testing.T) {
	for largest, size := range map[int]int64{0: 500, 6 << 10: 500, 33 << 10: 93, 1 << 20: 3, 2 << 20: 2, 9 << 20: 2} {
		NewWithT(t).Expect(podPageSize(largest)).To(Equal(size), "%d", largest)
	}
}
