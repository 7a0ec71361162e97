package job_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/controllers/job"
	"github.com/darkowlzz/daemonset-job/controllers/retention"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/guard"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

var (
	ctx context.Context
	env *envtest.Environment
	// k8s is an administrator.
	k8s client.Client
	// managerConfig is that of a user with the manager's own rights: a test that
	// runs as administrator never sees a missing verb.
	managerConfig *rest.Config
)

func TestController(t *testing.T) {
	wrappers.RequireAssets(t)
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(20 * time.Second)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	SetDefaultConsistentlyDuration(time.Second)
	RunSpecs(t, "controllers/job")
}

var _ = BeforeSuite(func() {
	logf.SetLogger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true)))
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	ctx = context.Background()
	Expect(v1beta1.AddToScheme(scheme.Scheme)).To(Succeed())
	Expect(apiextensionsv1.AddToScheme(scheme.Scheme)).To(Succeed())

	env = &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join("..", "..", "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	cfg, err := env.Start()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(env.Stop()).To(Succeed()) })
	k8s, err = client.New(cfg, client.Options{})
	Expect(err).NotTo(HaveOccurred())

	user, err := env.AddUser(envtest.User{Name: "manager"}, nil)
	Expect(err).NotTo(HaveOccurred())
	managerConfig = user.Config()
	managerConfig.QPS = -1
	managerConfig.Wrap(statusWrites.wrap)
	bindManagerRole("manager")
	createPolicies()
	startControllerManager(assets)
	startKubelet()
	startManager()
})

// bindManagerRole gives the user exactly what the Deployment has.
func bindManagerRole(user string) {
	for _, file := range []string{"role.yaml", "node_reader_role.yaml", "guard_reader_role.yaml"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", file))
		Expect(err).NotTo(HaveOccurred())
		role := &rbacv1.ClusterRole{}
		Expect(yaml.Unmarshal(data, role)).To(Succeed())
		Expect(k8s.Create(ctx, role)).To(Succeed())
		Expect(k8s.Create(ctx, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: user + "-" + role.Name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, Name: user}},
		})).To(Succeed())
	}
}

// startControllerManager runs Kubernetes' own DaemonSet controller and garbage
// collector: what they do is half of what is tested.
func startControllerManager(assets string) {
	admin, err := env.AddUser(envtest.User{Name: "kcm", Groups: []string{"system:masters"}}, nil)
	Expect(err).NotTo(HaveOccurred())
	kubeconfig, err := admin.KubeConfig()
	Expect(err).NotTo(HaveOccurred())
	file := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(file, kubeconfig, 0o600)).To(Succeed())
	command := exec.Command(filepath.Join(assets, "kube-controller-manager"), "--kubeconfig="+file,
		"--controllers=daemonset-controller,garbage-collector-controller,resourcequota-controller,serviceaccount-controller,validatingadmissionpolicy-status-controller",
		"--leader-elect=false", "--secure-port=0", "--kube-api-qps=500", "--kube-api-burst=500", "--use-service-account-credentials=false")
	command.Stdout, command.Stderr = GinkgoWriter, GinkgoWriter
	Expect(command.Start()).To(Succeed())
	DeferCleanup(func() {
		Expect(command.Process.Kill()).To(Succeed())
		_ = command.Wait() // It was killed.
	})
}

// suiteInstallation is the installation that watches all namespaces.
const suiteInstallation = "suite/controller-manager"

// startManager runs the controller as the binary does, until the suite or the test ends.
func startManager() {
	startInstallation(managerConfig, cache.Options{}, clock.RealClock{}, job.Options{
		Installation: suiteInstallation, Pause: daemonset.Pause{Image: "example.com/pause:v1"}, Concurrency: 4,
	})
}

// startInstallation runs the manager's controllers of an installation, until stop is called or
// the suite or the test ends.
func startInstallation(cfg *rest.Config, cached cache.Options, clk clock.PassiveClock, options job.Options) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	cached.ByObject, cached.ReaderFailOnMissingInformer = job.CacheByObject(), true
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme:     scheme.Scheme,
		Cache:      cached,
		Client:     jobcache.ClientOptions(),
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	Expect(err).NotTo(HaveOccurred())
	recorder := mgr.GetEventRecorder("test")
	keeper := guard.New(mgr.GetAPIReader(), mgr.GetClient(), recorder, clock.RealClock{}, guard.Options{
		Interval: 200 * time.Millisecond, Elected: mgr.Elected(),
	})
	Expect(mgr.Add(keeper)).To(Succeed())
	options.Guard = keeper
	reconciler := job.New(mgr.GetClient(), mgr.GetAPIReader(), recorder, clk, options)
	Expect(reconciler.SetupWithManager(ctx, mgr)).To(Succeed())
	Expect(retention.New(mgr.GetClient(), mgr.GetAPIReader(), clk).SetupWithManager(mgr, options.Wrap)).To(Succeed())
	stopped := make(chan struct{})
	go func() {
		defer GinkgoRecover()
		defer close(stopped)
		Expect(mgr.Start(ctx)).To(Succeed())
	}()
	stop = func() {
		cancel()
		<-stopped
	}
	DeferCleanup(stop)
	Expect(mgr.GetCache().WaitForCacheSync(ctx)).To(BeTrue())
	return stop
}

// newNamespace is one for a single test, with nodes of its own.
func newNamespace() string {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	Expect(k8s.Create(ctx, namespace)).To(Succeed())
	return namespace.Name
}

// allowOnePod creates the quota "one" in a namespace.
func allowOnePod(ns string) {
	GinkgoHelper()
	Expect(k8s.Create(ctx, &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "one"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("1")}},
	})).To(Succeed())
	time.Sleep(500 * time.Millisecond) // The quota controller fills in the quota's status first.
}
