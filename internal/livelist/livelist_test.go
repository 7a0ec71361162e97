package livelist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// server answers with three pages of a pod each. The moment of its answers is over when it has
// answered that many times, and a list from then on sees another one. It records the requests.
type server struct {
	expiresAfter int
	always       bool
	asked        []string
}

func (s *server) list(_ context.Context, _ client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
	given := (&client.ListOptions{}).ApplyOptions(options)
	s.asked = append(s.asked, given.Continue)
	moment, page := "first", 0
	if given.Continue != "" {
		if _, err := fmt.Sscanf(given.Continue, "%s %d", &moment, &page); err != nil {
			return err
		}
	} else if len(s.asked) > 1 {
		moment = "second"
	}
	if page > 0 && (s.always || moment == "first" && s.expiresAfter > 0 && len(s.asked) > s.expiresAfter) {
		return apierrors.NewResourceExpired("the provided continue parameter is too old")
	}
	labels := ""
	if page == 0 {
		labels = `"labels":{"of":"the first page"},`
	}
	token := fmt.Sprintf("%s %d", moment, page+1)
	if page == 2 {
		token = ""
	}
	return json.Unmarshal(fmt.Appendf(nil, `{"metadata":{"continue":%q},"items":[{"metadata":{%s"name":"%s-%d"}}]}`, token, labels, moment, page), list)
}

func (s *server) each(t *testing.T) ([]*corev1.Pod, error) {
	reader := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{List: s.list}).Build()
	return Each(t.Context(), reader, 1, &corev1.PodList{}, func(pods []*corev1.Pod, list *corev1.PodList) []*corev1.Pod {
		for i := range list.Items {
			pods = append(pods, &list.Items[i])
		}
		return pods
	}, client.InNamespace("ns"))
}

func names(pods []*corev1.Pod) (all []string) {
	for _, pod := range pods {
		all = append(all, pod.Name)
	}
	return all
}

func TestPagesAreOfOneMoment(t *testing.T) {
	for name, test := range map[string]struct {
		server   server
		requests int
		want     []string
	}{
		"one moment":                 {server{}, 3, []string{"first-0", "first-1", "first-2"}},
		"expired at the second page": {server{expiresAfter: 1}, 5, []string{"second-0", "second-1", "second-2"}},
		"expired at the last page":   {server{expiresAfter: 2}, 6, []string{"second-0", "second-1", "second-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			pods, err := test.server.each(t)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(names(pods)).To(Equal(test.want))
			g.Expect(test.server.asked).To(HaveLen(test.requests))
		})
	}
}

func TestAListThatAlwaysExpiresFails(t *testing.T) {
	g, s := NewWithT(t), &server{always: true}
	pods, err := s.each(t)
	g.Expect(apierrors.IsResourceExpired(err)).To(BeTrue())
	g.Expect(pods).To(BeEmpty())
	g.Expect(s.asked).To(HaveLen(2 * tries))
}

// A page that was decoded into the list of the one before would keep its labels, and change its names.
func TestAPageHasNothingOfTheOneBefore(t *testing.T) {
	g := NewWithT(t)
	pods, err := (&server{}).each(t)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(pods[0].Labels).NotTo(BeEmpty())
	g.Expect(pods[1].Labels).To(BeEmpty())
}

func TestOtherErrorsAreReturned(t *testing.T) {
	reader := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
			return errors.New("down")
		},
	}).Build()
	_, err := Each(t.Context(), reader, 1, &corev1.PodList{}, func(n int, _ *corev1.PodList) int { return n + 1 })
	NewWithT(t).Expect(err).To(MatchError("down"))
}
