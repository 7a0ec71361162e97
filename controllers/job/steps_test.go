package job_test

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/controllers/job"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// steps are what the API server stored, each with the resourceVersion at which it was there
// first. Objects of all kinds share one sequence of versions.
type steps struct {
	mu sync.Mutex
	at map[string]uint64
}

func (s *steps) add(step string, object metav1.Object) {
	version, err := strconv.ParseUint(object.GetResourceVersion(), 10, 64)
	Expect(err).NotTo(HaveOccurred())
	s.mu.Lock()
	defer s.mu.Unlock()
	if earlier, ok := s.at[step]; !ok || version < earlier {
		s.at[step] = version
	}
}

// inOrder returns the steps so far, the earliest first.
func (s *steps) inOrder() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for step := range s.at {
		all = append(all, step)
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Compare(s.at[a], s.at[b]) })
	return all
}

// watchSteps notes the steps by which the work in a pod is stopped.
func watchSteps(pod *corev1.Pod) *steps {
	GinkgoHelper()
	s := &steps{at: map[string]uint64{}}
	watcher, err := client.NewWithWatch(env.Config, client.Options{Scheme: k8s.Scheme()})
	Expect(err).NotTo(HaveOccurred())
	for _, list := range []client.ObjectList{&v1beta1.JobRecordList{}, &v1beta1.JobList{}, &appsv1.DaemonSetList{}, &corev1.PodList{}} {
		w, err := watcher.Watch(ctx, list, client.InNamespace(pod.Namespace))
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(w.Stop)
		go func() {
			defer GinkgoRecover()
			for event := range w.ResultChan() {
				switch o := event.Object.(type) {
				case *v1beta1.JobRecord:
					if slices.ContainsFunc(o.Spec.Nodes, func(e v1beta1.NodeRecord) bool { return e.PodUID == pod.UID }) {
						s.add("recorded", o)
					}
				case *v1beta1.Job:
					if o.Status.Gated {
						s.add("latched", o)
					}
				case *appsv1.DaemonSet:
					if daemonset.HasGate(&o.Spec.Template.Spec) {
						s.add("gated", o)
						if daemonset.Observed(o) {
							s.add("observed", o)
						}
					}
				case *corev1.Pod:
					if o.UID == pod.UID && o.DeletionTimestamp != nil {
						s.add("deleted", o)
					}
				}
			}
		}()
	}
	return s
}

// crashing runs the other installation for a namespace. Once the API server has answered a
// request for which after returns true, all further requests fail, as if the process had been
// killed then.
func crashing(namespace string, after func(*http.Request) bool) (crashed *atomic.Bool, stop func()) {
	crashed = &atomic.Bool{}
	cfg := rest.CopyConfig(managerConfig)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			if crashed.Load() {
				return nil, errors.New("the process was killed")
			}
			response, err := next.RoundTrip(request)
			if err == nil && response.StatusCode < http.StatusMultipleChoices && after(request) {
				crashed.Store(true)
			}
			return response, err
		})
	})
	return crashed, startInstallation(cfg, cache.Options{DefaultNamespaces: map[string]cache.Config{namespace: {}}}, clock.RealClock{}, job.Options{
		Installation: otherInstallation, Pause: daemonset.Pause{Image: "example.com/pause:v1"}, Concurrency: 1,
	})
}
