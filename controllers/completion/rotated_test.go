//go:build !race

// The race detector of Go 1.26 sometimes crashes in the timers of a synctest bubble.

package completion

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// rotated is a terminator and a pod whose log is rotated, without an API server: time
// passes in a synctest bubble.
type rotated struct {
	client     client.Client
	reconciler *Reconciler
	pod        *corev1.Pod
	stop       func()

	mu sync.Mutex
	// text is the newest file of the log, and streams are open.
	text    string
	streams []*io.PipeWriter
	patches int
	// stale, if set, is what the informer cache still has.
	stale *corev1.Pod
}

// startRotated starts a terminator and creates a running pod.
func startRotated(g Gomega) *rotated {
	job := wrappers.Job("ns", "j").Obj()
	s := &rotated{pod: wrappers.Pod(job, "node-1", "h1").Obj()}
	s.pod.Status.ContainerStatuses[0].ContainerID = "test://1"
	s.pod.Status.ContainerStatuses[0].State.Running.StartedAt = metav1.Now()
	scheme := runtime.NewScheme()
	g.Expect(corev1.AddToScheme(scheme)).To(Succeed())
	g.Expect(v1beta1.AddToScheme(scheme)).To(Succeed())
	s.client = fake.NewClientBuilder().WithScheme(scheme).WithObjects(job, s.pod).WithStatusSubresource(s.pod).
		WithInterceptorFuncs(interceptor.Funcs{
			Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
				if pod, ok := o.(*corev1.Pod); ok && s.stale != nil {
					s.stale.DeepCopyInto(pod)
					return nil
				}
				return c.Get(ctx, key, o, opts...)
			},
			SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
				s.patches++
				return c.SubResource(sub).Patch(ctx, o, p, opts...)
			},
		}).Build()
	logs, err := kubernetes.NewForConfig(&rest.Config{Host: "http://api", QPS: -1, Transport: s})
	g.Expect(err).NotTo(HaveOccurred())
	s.reconciler = New(s.client, logs.CoreV1(), clock.RealClock{}, Options{Word: "done", MaxLogStreams: 1})
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	s.stop = func() { cancel(); wait.Wait() }
	wait.Go(func() { _ = s.reconciler.followers.Start(ctx) })
	wait.Go(func() {
		for {
			select {
			case <-s.reconciler.podEvents:
				s.reconcile(g)
			case <-ctx.Done():
				return
			}
		}
	})
	s.reconcile(g)
	return s
}

func (s *rotated) reconcile(g Gomega) {
	result, err := s.reconciler.Reconcile(context.Background(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(s.pod)})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(result.IsZero()).To(BeTrue())
}

// RoundTrip serves the newest file of the log. A stream that does not follow ends.
func (s *rotated) RoundTrip(request *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	reader, writer := io.Pipe()
	text, follow := s.text, request.URL.Query().Get("follow") == "true"
	if follow {
		s.streams = append(s.streams, writer)
		context.AfterFunc(request.Context(), func() { _ = writer.CloseWithError(request.Context().Err()) })
	}
	go func() {
		_, _ = io.WriteString(writer, text)
		if !follow {
			_ = writer.Close()
		}
	}()
	return &http.Response{StatusCode: http.StatusOK, Body: reader}, nil
}

// rotate replaces the log by a line, or by nothing, and cuts the streams.
func (s *rotated) rotate(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = ""
	if line != "" {
		s.text = fmt.Sprintf("%s %s\n", time.Now().Format(time.RFC3339Nano), line)
	}
	for _, stream := range s.streams {
		_ = stream.CloseWithError(io.ErrUnexpectedEOF)
	}
	s.streams = nil
}

// completed returns the pod's condition, or nil.
func (s *rotated) completed(g Gomega) *corev1.PodCondition {
	g.Expect(s.client.Get(context.Background(), client.ObjectKeyFromObject(s.pod), s.pod)).To(Succeed())
	for i := range s.pod.Status.Conditions {
		if c := &s.pod.Status.Conditions[i]; c.Type == v1beta1.PodCompleted {
			return c
		}
	}
	return nil
}

// lose makes a log with a line and rotates that line away.
func (s *rotated) lose() {
	s.rotate("working")
	time.Sleep(10 * time.Second)
	s.rotate("")
	time.Sleep(5 * time.Minute)
}

// restart starts the container again, with an empty log.
func (s *rotated) restart(g Gomega) {
	g.Expect(s.client.Get(context.Background(), client.ObjectKeyFromObject(s.pod), s.pod)).To(Succeed())
	s.pod.Status.ContainerStatuses[0].ContainerID = "test://2"
	s.pod.Status.ContainerStatuses[0].State.Running.StartedAt = metav1.Now()
	g.Expect(s.client.Status().Update(context.Background(), s.pod)).To(Succeed())
	s.rotate("")
	s.reconcile(g)
}

func TestRotatedLogIsReportedInThePod(t *testing.T) {
	tests := map[string]struct {
		happens func(g Gomega, s *rotated)
		status  corev1.ConditionStatus
		reason  string
		patches int
	}{
		"once":     {func(Gomega, *rotated) {}, corev1.ConditionFalse, v1beta1.ReasonLogRotated, 1},
		"a resync": {func(g Gomega, s *rotated) { s.reconcile(g); s.reconcile(g) }, corev1.ConditionFalse, v1beta1.ReasonLogRotated, 1},
		"a stale cache": {func(g Gomega, s *rotated) {
			s.stale = s.pod.DeepCopy()
			s.stale.Status.Conditions, s.stale.ResourceVersion = nil, "1"
			s.reconcile(g)
			s.stale = nil
		}, corev1.ConditionFalse, v1beta1.ReasonLogRotated, 1},
		"lost again":                     {func(_ Gomega, s *rotated) { s.lose() }, corev1.ConditionFalse, v1beta1.ReasonLogRotated, 1},
		"the word":                       {func(_ Gomega, s *rotated) { s.rotate("done") }, corev1.ConditionTrue, "WordLogged", 2},
		"another start of the container": {func(g Gomega, s *rotated) { s.restart(g) }, "", "", 2},
		"another start of the container, and the word":   {func(g Gomega, s *rotated) { s.restart(g); s.rotate("done") }, corev1.ConditionTrue, "WordLogged", 3},
		"another start of the container, and lost again": {func(g Gomega, s *rotated) { s.restart(g); s.lose() }, corev1.ConditionFalse, v1beta1.ReasonLogRotated, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := NewWithT(t)
				s := startRotated(g)
				defer s.stop()
				s.lose()
				c := s.completed(g)
				g.Expect(c).To(HaveField("Reason", v1beta1.ReasonLogRotated))
				g.Expect(c.Message).To(And(ContainSubstring(`"done"`), ContainSubstring("say the word again every minute")))
				test.happens(g, s)
				time.Sleep(time.Minute)
				c = s.completed(g)
				if test.status == "" {
					g.Expect(c).To(BeNil())
				} else {
					g.Expect(c).To(And(HaveField("Status", test.status), HaveField("Reason", test.reason)))
				}
				g.Expect(s.patches).To(Equal(test.patches))
			})
		})
	}
}

// A terminator that starts later does not know what was lost, and keeps the report.
func TestReportOfARotatedLogOutlivesTheTerminator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		s := startRotated(g)
		defer func() { s.stop() }()
		s.lose()
		s.stop()
		s.reconciler = New(s.client, s.reconciler.logs, clock.RealClock{}, s.reconciler.options)
		s.reconcile(g)
		time.Sleep(time.Minute)
		g.Expect(s.completed(g)).To(HaveField("Reason", v1beta1.ReasonLogRotated))
		g.Expect(s.patches).To(Equal(1))
		s.reconciler.followers.cancel()
		s.reconciler.followers.wg.Wait()
	})
}
