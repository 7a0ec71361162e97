package job_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/client-go/rest"
	testingclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/controllers/job"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// otherInstallation watches one namespace, and keeps pods with another image: it applies
// what the installation of the suite does not want.
const otherInstallation = "other/controller-manager"

// writeCounter counts the writes of a client, without its events.
type writeCounter struct {
	next   http.RoundTripper
	writes *atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (c writeCounter) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method != http.MethodGet && !strings.Contains(request.URL.Path, "/events") {
		c.writes.Add(1)
	}
	return c.next.RoundTrip(request)
}

// startOther runs the other installation, with a clock of its own.
func startOther(namespace string) (*testingclock.FakePassiveClock, *atomic.Int64) {
	clk, writes := testingclock.NewFakePassiveClock(time.Now()), &atomic.Int64{}
	cfg := rest.CopyConfig(managerConfig)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return writeCounter{next, writes} })
	startInstallation(cfg, cache.Options{DefaultNamespaces: map[string]cache.Config{namespace: {}}}, clk, job.Options{
		Installation: otherInstallation, Pause: daemonset.Pause{Image: "example.com/other-pause:v1"}, Concurrency: 1,
	})
	return clk, writes
}

func annotation(j *v1beta1.Job, name string) func() (string, error) {
	return func() (string, error) {
		ds, err := daemonSetOf(j)
		return ds.Annotations[name], err
	}
}

// saidBy are the notes of the events in which an installation says that it keeps off.
func saidBy(j *v1beta1.Job, installation string) func() ([]string, error) {
	return func() ([]string, error) {
		list := &eventsv1.EventList{}
		err := k8s.List(ctx, list, client.InNamespace(j.Namespace))
		var notes []string
		for i := range list.Items {
			if strings.Contains(list.Items[i].Note, installation+" keeps off") {
				notes = append(notes, list.Items[i].Note)
			}
		}
		return notes, err
	}
}

func runBy(ds *appsv1.DaemonSet, installation string) {
	GinkgoHelper()
	patch := client.MergeFrom(ds.DeepCopy())
	ds.Annotations[v1beta1.AnnotationInstallation] = installation
	Expect(k8s.Patch(ctx, ds, patch)).To(Succeed())
}

var _ = Describe("two installations", func() {
	var (
		ns string
		j  *v1beta1.Job
	)
	BeforeEach(func() {
		ns = newNamespace()
		addNodes(ns, "a", "b")
	})
	// exists creates a Job in Exit mode, which differs between the installations.
	exists := func() {
		GinkgoHelper()
		j = create(pooled(ns, "j").Exit().Parallelism("1"))
		Eventually(status(j)).Should(And(phaseAnd(v1beta1.PhaseRunning, "0/2"), HaveField("Active", int32(1))))
	}
	// reconcileAfter lets both installations reconcile the Job, after so much time for the
	// other one.
	reconcileAfter := func(clk *testingclock.FakePassiveClock, wait time.Duration) {
		GinkgoHelper()
		clk.SetTime(clk.Now().Add(wait))
		resume(j, clk.Now().String())
	}

	It("leave a Job to the one that runs it, and do not fight", func() {
		exists()
		ds, err := daemonSetOf(j)
		Expect(err).NotTo(HaveOccurred())
		clk, writes := startOther(ns)
		Eventually(saidBy(j, otherInstallation)).Should(HaveLen(1))
		Expect(writes.Load()).To(BeZero())
		change(j, func(spec *v1beta1.JobSpec) { spec.BackoffLimit = new(int32(3)) })
		Eventually(status(j)).Should(HaveField("ObservedGeneration", int64(2)))
		for range 10 {
			reconcileAfter(clk, time.Second)
			time.Sleep(time.Second)
		}
		Expect(writes.Load()).To(BeZero(), "in the time that it observes the other one")
		for range 4 {
			reconcileAfter(clk, 31*time.Second)
			Eventually(annotation(j, v1beta1.AnnotationAskedBy)).Should(BeEmpty())
			Consistently(annotation(j, v1beta1.AnnotationInstallation)).Should(Equal(suiteInstallation))
		}
		Expect(writes.Load()).To(And(BeNumerically(">=", 1), BeNumerically("<=", 4)), "it asks, and is answered")
		now, err := daemonSetOf(j)
		Expect(err).NotTo(HaveOccurred())
		Expect(now.Generation).To(Equal(ds.Generation))
		Expect(eventReasons(j)()).NotTo(ContainElement("TookOver"))
		Expect(saidBy(j, otherInstallation)()).To(HaveLen(1))
		Expect(status(j)()).To(HaveField("Active", int32(1)))
	})

	It("start a Job that both see at once, and one of them runs it", func() {
		_, writes := startOther(ns)
		exists()
		Eventually(eventReasons(j)).Should(ContainElement("OtherInstallation"))
		ds, err := daemonSetOf(j)
		Expect(err).NotTo(HaveOccurred())
		owner, wrote := ds.Annotations[v1beta1.AnnotationInstallation], writes.Load()
		Expect(owner).To(BeElementOf(suiteInstallation, otherInstallation))
		Consistently(func() (int64, error) {
			ds, err := daemonSetOf(j)
			return ds.Generation, err
		}, "10s").Should(Equal(ds.Generation))
		Expect(annotation(j, v1beta1.AnnotationInstallation)()).To(Equal(owner))
		Expect(writes.Load()-wrote).To(BeNumerically("<", 5), "in ten seconds")
		Expect(status(j)()).To(HaveField("Active", int32(1)))
	})

	It("replace one that is gone after a minute, without running anything again", func() {
		exists()
		before, err := podNames(j)()
		Expect(err).NotTo(HaveOccurred())
		ds, err := daemonSetOf(j)
		Expect(err).NotTo(HaveOccurred())
		runBy(ds, "gone/controller-manager")
		clk, writes := startOther(ns)
		Eventually(saidBy(j, otherInstallation)).Should(HaveLen(1))
		Expect(writes.Load()).To(BeZero())
		reconcileAfter(clk, 30*time.Second)
		Eventually(annotation(j, v1beta1.AnnotationAskedBy)).Should(Equal(otherInstallation))
		reconcileAfter(clk, 29*time.Second)
		Consistently(annotation(j, v1beta1.AnnotationInstallation)).Should(Equal("gone/controller-manager"))
		Expect(writes.Load()).To(Equal(int64(1)), "the question")
		reconcileAfter(clk, time.Second)
		Eventually(annotation(j, v1beta1.AnnotationInstallation)).Should(Equal(otherInstallation))
		Eventually(eventReasons(j)).Should(ContainElement("TookOver"))
		Eventually(func() (string, error) {
			ds, err := daemonSetOf(j)
			return ds.Spec.Template.Spec.Containers[0].Image, err
		}).Should(Equal("example.com/other-pause:v1"), "it applies its own")
		Consistently(podNames(j)).Should(ConsistOf(before))
	})
})
