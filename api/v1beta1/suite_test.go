package v1beta1_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

const (
	crdFile        = "../../config/crd/bases/daemonset.darkowlzz.space_jobs.yaml"
	cronJobCRDFile = "../../config/crd/bases/daemonset.darkowlzz.space_cronjobs.yaml"
)

var (
	k8s client.Client
	// kubeconfig is the file by which kubectl reaches the API server.
	kubeconfig string
	// kubectlPath is the kubectl of the API server's own release.
	kubectlPath string
)

func TestAPI(t *testing.T) {
	wrappers.RequireAssets(t)
	RegisterFailHandler(Fail)
	RunSpecs(t, "api/v1beta1")
}

// The CRD is installed as people do it, with kubectl.
var _ = BeforeSuite(func() {
	logf.SetLogger(zap.New(zap.WriteTo(GinkgoWriter)))
	kubectlPath = filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl")

	env := &envtest.Environment{}
	config, err := env.Start()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(env.Stop()).To(Succeed()) })

	admin, err := env.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, nil)
	Expect(err).NotTo(HaveOccurred())
	data, err := admin.KubeConfig()
	Expect(err).NotTo(HaveOccurred())
	kubeconfig = filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(kubeconfig, data, 0o600)).To(Succeed())
	Expect(kubectl("apply", "-f", crdFile)).To(ContainSubstring("created"))
	Expect(kubectl("apply", "-f", cronJobCRDFile)).To(ContainSubstring("created"))

	// An API server that serves a CRD publishes its schema, which explain reads, a moment later.
	for _, kind := range []string{"dsj", "dscj"} {
		Eventually(func() error {
			return exec.Command(kubectlPath, "--kubeconfig", kubeconfig, "explain", kind).Run()
		}).WithTimeout(30 * time.Second).WithPolling(200 * time.Millisecond).Should(Succeed())
	}

	Expect(v1beta1.AddToScheme(scheme.Scheme)).To(Succeed())
	k8s, err = client.New(config, client.Options{})
	Expect(err).NotTo(HaveOccurred())
})
