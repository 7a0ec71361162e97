package cronjob_test

import (
	"context"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/controllers/cronjob"
	"github.com/darkowlzz/daemonset-job/internal/guard"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
)

// shortRequeue separates what waits for the API server, in real time, from what waits for the
// time of day, which is the fake clock's.
const shortRequeue = time.Second

// operator is a process: a manager with a cache of its own, and the controller in it.
type operator struct {
	w          *world
	wire       *wire
	cached     client.Client
	reconciler *cronjob.Reconciler
	stop       func()

	kicks chan event.GenericEvent
	mu    sync.Mutex
	// timers are when the fake clock ends the RequeueAfter of a request.
	timers map[reconcile.Request]time.Time
	// started counts the reconciles, running those that go on.
	started, running int
	// retryAt is when a short RequeueAfter ends.
	retryAt time.Time
}

// catching is a manager from which the controller can be had.
type catching struct {
	manager.Manager
	controller controller.Controller
}

// Add implements manager.Manager.
func (m *catching) Add(runnable manager.Runnable) error {
	if c, ok := runnable.(controller.Controller); ok {
		m.controller = c
	}
	return m.Manager.Add(runnable)
}

// start starts an operator, until it is stopped or the test ends. Its cache is synced.
func (w *world) start() *operator {
	GinkgoHelper()
	o := &operator{w: w, wire: newWire(), kicks: make(chan event.GenericEvent), timers: map[reconcile.Request]time.Time{}}
	cfg, cached := rest.CopyConfig(managerConfig), cronjob.CacheByObject()
	cached[jobcache.Object()] = jobcache.ByObject()
	cfg.Wrap(o.wire.wrap)
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: scheme.Scheme,
		Cache: cache.Options{
			ByObject:                    cached,
			DefaultNamespaces:           map[string]cache.Config{w.ns: {}},
			ReaderFailOnMissingInformer: true,
		},
		Client:     jobcache.ClientOptions(),
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	Expect(err).NotTo(HaveOccurred())
	o.cached = mgr.GetClient()
	options := cronjob.Options{Concurrency: 4, Wrap: func(_ string, inner reconcile.Reconciler) reconcile.Reconciler {
		return reconcile.Func(func(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
			return o.reconcile(ctx, inner, request)
		})
	}}
	if w.guarded {
		options.Guard = guard.New(mgr.GetAPIReader(), mgr.GetClient(), w.recorder, clock.RealClock{}, guard.Options{
			Interval: 100 * time.Millisecond, Elected: mgr.Elected(),
		})
		Expect(mgr.Add(options.Guard)).To(Succeed())
	}
	catch := &catching{Manager: mgr}
	o.reconciler = cronjob.New(mgr.GetClient(), mgr.GetAPIReader(), w.recorder, w.clock, options)
	Expect(o.reconciler.SetupWithManager(catch)).To(Succeed())
	Expect(catch.controller).NotTo(BeNil())
	Expect(catch.controller.Watch(source.Channel(o.kicks, &handler.EnqueueRequestForObject{}))).To(Succeed())
	o.run(mgr)
	return o
}

func (o *operator) run(mgr ctrl.Manager) {
	GinkgoHelper()
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer GinkgoRecover()
		defer close(stopped)
		Expect(mgr.Start(ctx)).To(Succeed())
	}()
	o.stop = func() {
		o.w.remove(o)
		o.wire.freeze(false)
		cancel()
		<-stopped
	}
	DeferCleanup(o.stop)
	Expect(mgr.GetCache().WaitForCacheSync(ctx)).To(BeTrue())
	o.w.add(o)
	o.kick("nobody") // It is handled once the controller has enqueued all CronJobs.
	Eventually(func() int { _, started := o.quiet(); return started }).ShouldNot(BeZero())
}

// kick lets the controller reconcile a CronJob.
func (o *operator) kick(name string) {
	object := &v1beta1.CronJob{}
	object.Namespace, object.Name = o.w.ns, name
	o.kicks <- event.GenericEvent{Object: object}
}

// reconcile calls the Reconciler, and lets a long RequeueAfter end by the fake clock.
func (o *operator) reconcile(ctx context.Context, inner reconcile.Reconciler, request reconcile.Request) (reconcile.Result, error) {
	now := o.w.clock.Now()
	o.count(1)
	defer o.count(-1)
	result, err := inner.Reconcile(ctx, request)
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.timers, request)
	if err != nil || result.RequeueAfter < shortRequeue {
		if at := time.Now().Add(result.RequeueAfter); at.After(o.retryAt) {
			o.retryAt = at
		}
		return result, err
	}
	if due := now.Add(result.RequeueAfter); o.w.clock.Now().Before(due) {
		o.timers[request] = due
		return reconcile.Result{}, nil
	}
	return reconcile.Result{RequeueAfter: time.Millisecond}, nil
}

func (o *operator) count(by int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.running += by
	o.started += max(by, 0)
}

// tick enqueues what the fake clock has made due.
func (o *operator) tick() {
	o.mu.Lock()
	var due []reconcile.Request
	for request, at := range o.timers {
		if !o.w.clock.Now().Before(at) {
			due = append(due, request)
			delete(o.timers, request)
		}
	}
	o.mu.Unlock()
	for _, request := range due {
		o.kick(request.Name)
	}
}

// quiet returns whether no reconcile is running or about to be, and how many there were.
func (o *operator) quiet() (bool, int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.running == 0 && time.Now().After(o.retryAt), o.started
}
