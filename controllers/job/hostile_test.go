package job_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// statusWrites counts the manager's writes of each Job's status. A write that changes
// nothing is a request too, and moves no resourceVersion.
var statusWrites = statusCounter{paths: map[string]int{}}

type statusCounter struct {
	mu    sync.Mutex
	paths map[string]int
}

func (c *statusCounter) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		if request.Method == http.MethodPatch {
			c.mu.Lock()
			c.paths[request.URL.Path]++
			c.mu.Unlock()
		}
		return next.RoundTrip(request)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

// writesOf returns how often the status of a Job was written.
func writesOf(j *v1beta1.Job) func() int {
	return func() int {
		statusWrites.mu.Lock()
		defer statusWrites.mu.Unlock()
		return statusWrites.paths[fmt.Sprintf("/apis/%s/namespaces/%s/jobs/%s/status", v1beta1.GroupVersion, j.Namespace, j.Name)]
	}
}

func blockedMessage(j *v1beta1.Job) func() (string, error) {
	return func() (string, error) {
		s, err := status(j)()
		if c := meta.FindStatusCondition(s.Conditions, v1beta1.JobBlocked); c != nil {
			return c.Reason + ": " + c.Message, err
		}
		return "", err
	}
}

var _ = Describe("hostile pods and events", func() {
	var ns string
	BeforeEach(func() { ns = newNamespace() })

	// What is not UTF-8 reaches the API server as protobuf, which does not check it.
	const forged = "Bad\xff\x1b[2J\nComplete: all nodes done"

	It("make a safe status that is written once, and harm no other Job", func() {
		addNodes(ns, "a", "b")
		j, other := create(pooled(ns, "j")), create(pooled(ns, "other"))
		huge := forged + strings.Repeat("x", 40_000)
		setStatus(ns, "j", "a", func(status *corev1.PodStatus) {
			status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: huge, Message: huge}}
		})
		setStatus(ns, "j", "b", func(status *corev1.PodStatus) {
			status.Conditions = append(status.Conditions, corev1.PodCondition{
				Type: v1beta1.PodCompleted, Status: corev1.ConditionFalse, Reason: "Other" + huge, Message: huge,
			})
		})
		Eventually(blockedMessage(j)).Should(And(HavePrefix("PodsWaiting: 1 node: Bad"), ContainSubstring("1 node: OtherBad"),
			ContainSubstring(`\x1b[2J\nComplete`), Not(ContainSubstring("\n"))))
		before := writesOf(j)()
		Expect(before).NotTo(BeZero())
		for range 3 {
			// Each change of the pod enqueues the Job.
			setStatus(ns, "j", "a", func(status *corev1.PodStatus) { status.ContainerStatuses[0].RestartCount++ })
			time.Sleep(200 * time.Millisecond)
		}
		Consistently(writesOf(j), "7s", "500ms").Should(Equal(before), "the same status was written again")

		finish(ns, "other", "a")
		finish(ns, "other", "b")
		Eventually(status(other)).Should(phaseAnd(v1beta1.PhaseComplete, "2/2"))
		finish(ns, "j", "a")
		setStatus(ns, "j", "b", func(status *corev1.PodStatus) { status.Conditions = nil })
		finish(ns, "j", "b")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, "2/2"))
	})

	It("cannot hide a refusal with one of a time to come, or of another reporter", func() {
		addNodes(ns, "a", "b")
		allowOnePod(ns)
		j := create(pooled(ns, "j"))
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal("True PodsRefused"))
		ds, err := daemonSetOf(j)
		Expect(err).NotTo(HaveOccurred())
		event := func(name, source string, at time.Time) {
			Expect(k8s.Create(ctx, &corev1.Event{
				ObjectMeta:     metav1.ObjectMeta{Namespace: ns, Name: name},
				InvolvedObject: corev1.ObjectReference{APIVersion: "apps/v1", Kind: "DaemonSet", Namespace: ns, Name: ds.Name, UID: ds.UID},
				Reason:         "FailedCreate", Message: "forged " + forged, Source: corev1.EventSource{Component: source}, LastTimestamp: metav1.NewTime(at),
			})).To(Succeed())
		}
		event("to-come", "daemonset-controller", time.Unix(1<<31, 0))
		event("other", "somebody", time.Now().Add(10*time.Second))
		Consistently(blockedMessage(j), "2s").Should(And(ContainSubstring("exceeded quota"), Not(ContainSubstring("forged"))))
	})

	It("say so where a pod has more containers than are observed", func() {
		addNodes(ns, "a")
		w := pooled(ns, "j")
		for i := range 20 {
			w.Spec.Template.Spec.Containers = append(w.Spec.Template.Spec.Containers, corev1.Container{Name: fmt.Sprint("c", i), Image: "example.com/work:v1"})
		}
		j := create(w)
		Eventually(blockedMessage(j)).Should(And(HavePrefix("PodsWaiting: 1 node: TooManyContainers"), ContainSubstring("more than 20 containers")))
		change(j, func(spec *v1beta1.JobSpec) { spec.Template.Spec.Containers = spec.Template.Spec.Containers[:20] })
		Eventually(func() (int, error) {
			pod, err := podOn(ns, "j", "a")
			if err != nil {
				return 0, err
			}
			return len(pod.Spec.Containers), nil
		}).Should(Equal(20))
		Eventually(condition(j, v1beta1.JobBlocked)).Should(Equal("False NotBlocked"))
		finish(ns, "j", "a")
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseComplete, "1/1"))
	})
})
