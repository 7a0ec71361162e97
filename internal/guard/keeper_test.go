package guard

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

var ctx = context.Background()

// server is a real API server, with an administrator and the operator's users.
type server struct {
	admin client.Client
	// reads has the rights of the manifests, and applies those of the bundle.
	reads, applies client.Client
}

func startServer(t *testing.T) *server {
	t.Helper()
	wrappers.RequireAssets(t)
	g := NewWithT(t)
	env := &envtest.Environment{}
	cfg, err := env.Start()
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(env.Stop()).To(Succeed()) })
	s := &server{}
	s.admin, err = client.New(cfg, client.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	data, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", "guard_reader_role.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	for name, verbs := range map[string][]string{"reads": {"get"}, "applies": {"get", "create", "patch"}} {
		role := &rbacv1.ClusterRole{}
		g.Expect(yaml.Unmarshal(data, role)).To(Succeed())
		g.Expect(role.Rules).To(HaveLen(1))
		g.Expect(role.Rules[0].Verbs).To(Equal([]string{"get"}))
		role.Name, role.Rules[0].Verbs = name, verbs
		g.Expect(s.admin.Create(ctx, role)).To(Succeed())
		g.Expect(s.admin.Create(ctx, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, Name: name}},
		})).To(Succeed())
		user, err := env.AddUser(envtest.User{Name: name}, nil)
		g.Expect(err).NotTo(HaveOccurred())
		c, err := client.New(user.Config(), client.Options{})
		g.Expect(err).NotTo(HaveOccurred())
		*map[string]*client.Client{"reads": &s.reads, "applies": &s.applies}[name] = c
	}
	return s
}

// reset removes the policy and its binding.
func (s *server) reset(g Gomega) {
	for _, object := range []client.Object{ours().policy, ours().binding} {
		g.Expect(client.IgnoreNotFound(s.admin.Delete(ctx, object))).To(Succeed())
	}
}

// found is what the API server has.
func (s *server) found(g Gomega) pair {
	found := pair{&admissionv1.ValidatingAdmissionPolicy{}, &admissionv1.ValidatingAdmissionPolicyBinding{}}
	g.Expect(s.admin.Get(ctx, client.ObjectKeyFromObject(ours().policy), found.policy)).To(Succeed())
	g.Expect(s.admin.Get(ctx, client.ObjectKeyFromObject(ours().binding), found.binding)).To(Succeed())
	return found
}

// alter alters the policy as an administrator would.
func (s *server) alter(g Gomega, alter func(*pair)) {
	found := s.found(g)
	alter(&found)
	g.Expect(s.admin.Update(ctx, found.policy)).To(Succeed())
	g.Expect(s.admin.Update(ctx, found.binding)).To(Succeed())
}

func keeper(c client.Client, options Options) *Keeper {
	return New(c, c, events.NewFakeRecorder(100), clock.RealClock{}, options)
}

// observe lets a Keeper observe once, and returns what it observed.
func observe(g Gomega, k *Keeper) plan.Guard {
	k.observe(ctx)
	observed, err := k.Observed(ctx)
	g.Expect(err).NotTo(HaveOccurred())
	return observed
}

func TestOnARealAPIServer(t *testing.T) {
	s := startServer(t)

	t.Run("what is missing is applied with the rights of the bundle", func(t *testing.T) {
		g := NewWithT(t)
		k := keeper(s.applies, Options{Install: true})
		g.Expect(k.Ready(nil)).To(MatchError(ContainSubstring("not read yet")))
		observed := observe(g, k)
		g.Expect(observed.Missing).To(BeEmpty())
		g.Expect(observed.Since).To(Equal(sinceOf(s.found(g))))
		g.Expect(ours().problemOf(s.found(g))).To(BeZero(), "the API server defaults nothing that the manifest leaves out")
		g.Expect(k.Ready(nil)).To(MatchError(ContainSubstring("not be enforced yet")))
		g.Eventually(func() error { return k.Ready(nil) }).WithTimeout(2 * enforcedAfter).Should(Succeed())
	})

	t.Run("these rights are for no other policy", func(t *testing.T) {
		g := NewWithT(t)
		other := ours()
		other.policy.Name = "other"
		other.policy.SetGroupVersionKind(admissionv1.SchemeGroupVersion.WithKind("ValidatingAdmissionPolicy"))
		g.Expect(s.applies.Create(ctx, other.policy)).To(Satisfy(apierrors.IsForbidden))
		g.Expect(s.applies.Create(ctx, ours().policy)).To(Satisfy(apierrors.IsForbidden), "a POST has no name")
		g.Expect(s.applies.Delete(ctx, ours().policy)).To(Satisfy(apierrors.IsForbidden))
		manifest, err := yaml.Marshal(other.policy)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(keeper(s.applies, Options{}).apply(ctx, manifest)).To(Satisfy(apierrors.IsForbidden))
	})

	for name, alter := range map[string]func(*pair){
		"an exemption":                               alterations["an exemption"],
		"failures are ignored":                       alterations["failures are ignored"],
		"a warning alone":                            alterations["a warning alone"],
		"some Jobs alone":                            alterations["some Jobs alone"],
		"all resources":                              alterations["all resources"],
		"another resource":                           alterations["another resource"],
		"another policy":                             alterations["another policy"],
		"the policy of a version without CronJobs":   alterations["the policy of a version without CronJobs"],
		"the policy of a version without JobRecords": alterations["the policy of a version without JobRecords"],
	} {
		t.Run("repaired: "+name, func(t *testing.T) {
			g := NewWithT(t)
			s.alter(g, alter)
			requires := keeper(s.reads, Options{})
			missing := observe(g, requires).Missing
			g.Expect(missing).To(And(ContainSubstring("daemonset-job-guard"), ContainSubstring("kubectl replace -k")))
			g.Expect(ours().problemOf(s.found(g)).sentence).NotTo(BeEmpty(), "who requires it changes nothing")

			installs := keeper(s.applies, Options{Install: true})
			g.Expect(observe(g, installs).Missing).To(BeEmpty())
			g.Expect(ours().problemOf(s.found(g))).To(BeZero())
			g.Expect(observe(g, requires).Missing).To(BeEmpty())
		})
	}

	t.Run("who may not apply it says why", func(t *testing.T) {
		g := NewWithT(t)
		s.reset(g)
		g.Expect(observe(g, keeper(s.reads, Options{Install: true})).Missing).To(And(ContainSubstring("is missing"),
			ContainSubstring("kubectl apply -k"), ContainSubstring("forbidden")))
	})

	t.Run("two versions side by side never fight", func(t *testing.T) {
		g := NewWithT(t)
		s.reset(g)
		stop, cancel := context.WithCancel(ctx)
		done := make(chan error, 2)
		later := ours()
		rule(&later).Resources = []string{"cronjobs", "jobrecords", "jobs", "others"}
		for _, own := range []pair{ours(), later} {
			k := keeper(s.applies, Options{Install: true, Interval: 20 * time.Millisecond})
			k.own = own
			go func() { done <- k.Start(stop) }()
		}
		agreed := func() bool {
			found := &admissionv1.ValidatingAdmissionPolicy{}
			return s.admin.Get(ctx, client.ObjectKeyFromObject(later.policy), found) == nil && covers(&found.Spec, &later.policy.Spec)
		}
		settled := func() {
			g.Eventually(agreed).WithTimeout(10 * time.Second).Should(BeTrue())
			time.Sleep(200 * time.Millisecond)
			version := s.found(g).policy.ResourceVersion
			g.Consistently(func() string { return s.found(g).policy.ResourceVersion }).WithTimeout(time.Second).Should(Equal(version))
		}
		settled()
		s.alter(g, alterations["an exemption"])
		settled()
		cancel()
		g.Expect(<-done).To(Succeed())
		g.Expect(<-done).To(Succeed())
	})
}

// unreliable is an API server whose answers fail as long as fails says so.
type unreliable struct {
	client.Client
	fails error
}

func newUnreliable(objects ...client.Object) *unreliable {
	u := &unreliable{}
	u.Client = fake.NewClientBuilder().WithScheme(scheme.Scheme).WithObjects(objects...).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, to client.Object, options ...client.GetOption) error {
			if u.fails != nil {
				return u.fails
			}
			return c.Get(ctx, key, to, options...)
		},
	}).Build()
	return u
}

func TestARequestThatFailsSaysNothing(t *testing.T) {
	g := NewWithT(t)
	u := newUnreliable(ours().policy, ours().binding)
	u.fails = apierrors.NewTimeoutError("slow", 1)
	k := keeper(u, Options{})
	waiting, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	_, err := k.Observed(waiting)
	g.Expect(err).To(MatchError(context.DeadlineExceeded), "before the first answer it waits")
	k.observe(ctx)
	_, err = k.Observed(ctx)
	g.Expect(err).To(MatchError(ContainSubstring("slow")), "nothing was observed")
	g.Expect(k.Ready(nil)).NotTo(Succeed())
	g.Expect(gathered(g, k)).To(BeEmpty())

	u.fails = nil
	g.Expect(observe(g, k).Missing).To(BeEmpty())
	g.Expect(k.Changes()).To(Receive(), "Jobs that met the failure are enqueued")
	u.fails = errors.New("no route to host")
	g.Expect(observe(g, k).Missing).To(BeEmpty(), "the last observation holds")

	u.fails = nil
	g.Expect(u.Delete(ctx, ours().binding)).To(Succeed())
	g.Expect(observe(g, k).Missing).To(ContainSubstring("is missing"))
	u.fails = errors.New("no route to host")
	g.Expect(observe(g, k).Missing).To(ContainSubstring("is missing"), "the last observation holds")
}

func TestOneEventForAllJobs(t *testing.T) {
	g := NewWithT(t)
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "manager", UID: "uid"}}
	u, recorder, elected := newUnreliable(deployment), events.NewFakeRecorder(100), make(chan struct{})
	k := New(u, u, recorder, clock.RealClock{}, Options{Deployment: client.ObjectKeyFromObject(deployment), Elected: elected})
	observe(g, k)
	g.Expect(recorder.Events).To(BeEmpty(), "another replica emits it")
	close(elected)
	for range 3 {
		observe(g, k)
	}
	g.Expect(recorder.Events).To(HaveLen(1))
	g.Expect(<-recorder.Events).To(And(HavePrefix(corev1.EventTypeWarning+" GuardMissing"), ContainSubstring("kubectl apply -k")))
	g.Expect(gathered(g, k)).To(Equal([]float64{0}))

	for _, object := range []client.Object{ours().policy, ours().binding} {
		g.Expect(u.Create(ctx, object)).To(Succeed())
	}
	observe(g, k)
	g.Expect(recorder.Events).To(BeEmpty())
	g.Expect(gathered(g, k)).To(Equal([]float64{1}))
	g.Expect(u.Delete(ctx, ours().policy)).To(Succeed())
	observe(g, k)
	g.Expect(recorder.Events).To(HaveLen(1), "it is missing again")
}

func TestAChangeIsAnnounced(t *testing.T) {
	g := NewWithT(t)
	u := newUnreliable(ours().policy, ours().binding)
	k := keeper(u, Options{})
	observe(g, k)
	observe(g, k)
	g.Expect(k.Changes()).NotTo(Receive(), "who waits for the first observation gets it")
	g.Expect(u.Delete(ctx, ours().policy)).To(Succeed())
	observe(g, k)
	observe(g, k)
	g.Expect(k.Changes()).To(Receive())
	g.Expect(k.Changes()).NotTo(Receive())
}

// gathered are the values of the metric.
func gathered(g Gomega, k *Keeper) []float64 {
	registry := prometheus.NewRegistry()
	g.Expect(registry.Register(k)).To(Succeed())
	families, err := registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	var values []float64
	for _, family := range families {
		g.Expect(family.GetName()).To(Equal("daemonset_job_guard_enforced"))
		for _, metric := range family.GetMetric() {
			values = append(values, metric.GetGauge().GetValue())
		}
	}
	return values
}
