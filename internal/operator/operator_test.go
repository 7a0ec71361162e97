package operator

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache/informertest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllertest"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	"github.com/darkowlzz/daemonset-job/internal/options"
)

func testScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	NewWithT(t).Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	NewWithT(t).Expect(v1beta1.AddToScheme(scheme)).To(Succeed())
	return scheme
}

func TestIdentityOutlivesACrashInThePod(t *testing.T) {
	g := NewWithT(t)
	first, err := identity(&options.Common{PodUID: "uid-1"})
	g.Expect(err).NotTo(HaveOccurred())
	again, err := identity(&options.Common{PodUID: "uid-1"})
	g.Expect(err).NotTo(HaveOccurred())
	other, err := identity(&options.Common{PodUID: "uid-2"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again).To(Equal(first))
	g.Expect(other).NotTo(Equal(first))

	random, err := identity(&options.Common{})
	g.Expect(err).NotTo(HaveOccurred())
	another, err := identity(&options.Common{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(another).NotTo(Equal(random), "without a pod, two processes on one host are two replicas")
}

func TestLeaseTimes(t *testing.T) {
	g := NewWithT(t)
	g.Expect(leaseDuration).To(BeNumerically(">", renewDeadline), "two must never lead at once")
	g.Expect(renewDeadline).To(BeNumerically(">", 2*retryPeriod))
	g.Expect(stopTimeout).To(BeNumerically("<", 10*time.Second), "the pod's grace period")
}

func TestNamespaceOfTheLease(t *testing.T) {
	g := NewWithT(t)
	namespace, err := leaseNamespace(&options.Common{LeaseNamespace: "ns"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(namespace).To(Equal("ns"))
	_, err = leaseNamespace(&options.Common{})
	g.Expect(err).To(MatchError(ContainSubstring("--leader-election-namespace")))
}

func TestTheLeaseClientLeavesTheOthersAlone(t *testing.T) {
	g := NewWithT(t)
	cfg := &rest.Config{Host: "http://localhost", UserAgent: "daemonset-job-manager/v1"}
	_, err := leaseLock(cfg, "lease", &options.Common{LeaseNamespace: "ns"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cfg.UserAgent).To(Equal("daemonset-job-manager/v1"))
	g.Expect(cfg.Timeout).To(BeZero(), "a timeout would end watches and log streams")
}

// unreachableManager returns a manager whose API server is unreachable.
func unreachableManager(t *testing.T, kind client.Object, namespaces ...string) (ctrl.Manager, *Watchdog) {
	t.Helper()
	g := NewWithT(t)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	g.Expect(os.WriteFile(kubeconfig, []byte(`{"apiVersion": "v1", "kind": "Config", "current-context": "a",
"clusters": [{"name": "a", "cluster": {"server": "http://127.0.0.1:1"}}], "contexts": [{"name": "a", "context": {"cluster": "a"}}]}`), 0o600)).To(Succeed())
	t.Setenv("KUBECONFIG", kubeconfig)
	mgr, watchdog, err := NewManager("test", &options.Common{MetricsAddress: "0", HealthAddress: "0", PprofAddress: "0", WatchNamespaces: namespaces}, testScheme(t),
		cache.Options{ByObject: map[client.Object]cache.ByObject{kind: {}}})
	g.Expect(err).NotTo(HaveOccurred())
	return mgr, watchdog
}

// A client that reads Jobs from the API server would send a request in each reconcile.
func TestTheClientReadsJobsFromTheCache(t *testing.T) {
	g := NewWithT(t)
	mgr, _ := unreachableManager(t, jobcache.Object())
	err := mgr.GetClient().Get(context.Background(), client.ObjectKey{Namespace: "ns", Name: "j"}, jobcache.Object())
	notCached := &cache.ErrResourceNotCached{}
	g.Expect(errors.As(err, &notCached)).To(BeTrue(), "%v", err)
}

// An operator that watches some namespaces has no rights in the others.
func TestTheCacheHoldsTheWatchedNamespacesAlone(t *testing.T) {
	g := NewWithT(t)
	mgr, _ := unreachableManager(t, &corev1.Pod{}, "a", "b")
	err := mgr.GetCache().Get(context.Background(), client.ObjectKey{Namespace: "c", Name: "p"}, &corev1.Pod{})
	g.Expect(err).To(MatchError(ContainSubstring("unknown namespace")))
}

// A manager that waits for an unreachable API server must still stop when its context is done.
func TestStopsWhileTheAPIServerIsUnreachable(t *testing.T) {
	g := NewWithT(t)
	mgr, watchdog := unreachableManager(t, &corev1.Pod{})
	nothing := reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) { return reconcile.Result{}, nil })
	g.Expect(ctrl.NewControllerManagedBy(mgr).For(&corev1.Pod{}).Complete(watchdog.Watch("pod", nothing))).To(Succeed())
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, mgr) }()
	g.Eventually(ended).WithTimeout(5 * time.Second).Should(Receive(BeNil()))
}

func TestMapperKnowsTheKindsOfTheControllers(t *testing.T) {
	g, scheme := NewWithT(t), testScheme(t)
	mapper, err := staticMapper(nil, nil)
	g.Expect(err).NotTo(HaveOccurred())
	for object, resource := range map[runtime.Object]string{
		&v1beta1.Job{}: "jobs", &corev1.Pod{}: "pods", &appsv1.DaemonSet{}: "daemonsets", &corev1.Event{}: "events", &appsv1.Deployment{}: "deployments",
		&v1beta1.JobList{}: "jobs", &corev1.PodList{}: "pods", &appsv1.DaemonSetList{}: "daemonsets", &corev1.EventList{}: "events",
		&v1beta1.JobRecord{}: "jobrecords", &v1beta1.JobRecordList{}: "jobrecords",
		&v1beta1.CronJob{}: "cronjobs", &v1beta1.CronJobList{}: "cronjobs",
	} {
		kind, err := apiutil.GVKForObject(object, scheme)
		g.Expect(err).NotTo(HaveOccurred())
		mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(mapping.Resource.Resource).To(Equal(resource))
		g.Expect(apiutil.IsObjectNamespaced(object, scheme, mapper)).To(BeTrue())
	}
	for object, resource := range map[runtime.Object]string{
		&corev1.Node{}: "nodes", &admissionv1.ValidatingAdmissionPolicy{}: "validatingadmissionpolicies",
		&admissionv1.ValidatingAdmissionPolicyBinding{}: "validatingadmissionpolicybindings",
	} {
		kind, err := apiutil.GVKForObject(object, scheme)
		g.Expect(err).NotTo(HaveOccurred())
		mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(mapping.Resource.Resource).To(Equal(resource))
		g.Expect(apiutil.IsObjectNamespaced(object, scheme, mapper)).To(BeFalse())
	}
}

func TestWatchdogFindsAReconcileThatIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		watchdog, goOn := newWatchdog(time.Now), make(chan struct{})
		r := watchdog.Watch("job", reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) {
			<-goOn
			return reconcile.Result{RequeueAfter: time.Second}, errors.New("failed")
		}))
		g.Expect(watchdog.Check(nil)).To(Succeed())
		go func() {
			result, err := r.Reconcile(context.Background(), ctrl.Request{})
			g.Expect(result.RequeueAfter).To(Equal(time.Second))
			g.Expect(err).To(MatchError("failed"))
		}()
		time.Sleep(stuckAfter)
		g.Expect(watchdog.Check(nil)).To(Succeed())
		time.Sleep(time.Second)
		g.Expect(watchdog.Check(nil)).To(MatchError(ContainSubstring("controller job is stuck")))
		close(goOn)
		synctest.Wait()
		g.Expect(watchdog.Check(nil)).To(Succeed())
	})
}

func TestReadyIsWhoseCachesAreSynced(t *testing.T) {
	g := NewWithT(t)
	informers := &informertest.FakeInformers{Scheme: testScheme(t)}
	check := cachesSynced(informers, testScheme(t), map[client.Object]cache.ByObject{&corev1.Pod{}: {}, jobcache.Object(): {}})
	request := httptest.NewRequest(http.MethodGet, "/readyz", nil)
	g.Expect(check(request)).To(Succeed())
	pods := controllertest.NewFakeInformer()
	informers.InformersByGVK[corev1.SchemeGroupVersion.WithKind("Pod")] = pods
	g.Expect(check(request)).To(MatchError(ContainSubstring("Pod is not synced")))
	pods.Synced()
	g.Expect(check(request)).To(Succeed())
	informers.InformersByGVK[v1beta1.GroupVersion.WithKind("Job")] = controllertest.NewFakeInformer()
	g.Expect(check(request)).To(MatchError(ContainSubstring("Job is not synced")))
}

// unreachable is a transport whose first requests fail to connect, until a number of them.
type unreachable struct {
	requests atomic.Int32
	until    int32
}

func (u *unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	if u.requests.Add(1) <= u.until {
		return nil, errors.New("connection refused")
	}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

// client-go logs an error at each cancelled request if a transport does not say what it wraps.
func TestWatchRetryTransportSaysWhatItWraps(t *testing.T) {
	g := NewWithT(t)
	server := &unreachable{}
	var transport utilnet.RoundTripperWrapper = &watchRetryTransport{next: server}
	g.Expect(transport.WrappedRoundTripper()).To(BeIdenticalTo(server))
}

func TestWatchesWaitForTheAPIServer(t *testing.T) {
	watching, listing := "http://api/api/v1/pods?watch=true", "http://api/api/v1/pods"
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		server := &unreachable{until: 120}
		transport := &watchRetryTransport{next: server, log: logr.Discard()}
		start := time.Now()
		response, err := transport.RoundTrip(httptest.NewRequest(http.MethodGet, watching, nil))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(response.StatusCode).To(Equal(http.StatusOK))
		g.Expect(time.Since(start)).To(BeNumerically("~", time.Minute, 15*time.Second), "an outage of a minute ends with it")
	})
	synctest.Test(t, func(t *testing.T) {
		g := NewWithT(t)
		server := &unreachable{until: 1 << 30}
		transport := &watchRetryTransport{next: server, log: logr.Discard()}
		_, err := transport.RoundTrip(httptest.NewRequest(http.MethodGet, listing, nil))
		g.Expect(err).To(HaveOccurred(), "a list fails at once")
		g.Expect(server.requests.Load()).To(Equal(int32(1)))

		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		start := time.Now()
		_, err = transport.RoundTrip(httptest.NewRequest(http.MethodGet, watching, nil).WithContext(ctx))
		g.Expect(err).To(HaveOccurred(), "the informer has cancelled the watch")
		g.Expect(time.Since(start)).To(Equal(10 * time.Second))
	})
}

func TestConfigSaysWhoAsks(t *testing.T) {
	g := NewWithT(t)
	t.Setenv("KUBECONFIG", "testdata/kubeconfig")
	settings := &options.Common{QPS: 5, Burst: 10}
	cfg, err := restConfig("daemonset-job-test", settings)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cfg.UserAgent).To(Equal("daemonset-job-test/dev"))
	g.Expect(cfg.QPS).To(Equal(float32(5)))
	g.Expect(cfg.Burst).To(Equal(10))
	g.Expect(rest.CopyConfig(cfg).WrapTransport).NotTo(BeNil())

	t.Setenv("KUBECONFIG", "testdata/none")
	_, err = restConfig("daemonset-job-test", settings)
	g.Expect(err).To(MatchError(ContainSubstring("--kubeconfig")))
}
