package monitoring

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// operatorNamespace is where config/default deploys to.
const operatorNamespace = "daemonset-job-system"

// policySettled is longer than the operator gives API servers to learn of a new admission policy.
const policySettled = 5 * time.Second

// startServer starts an API server, and returns a client of its administrator. What an API
// server needs to start is little, but a busy machine may take long.
func startServer(t *testing.T) (client.Client, *envtest.Environment) {
	t.Helper()
	requireVariable(t, "KUBEBUILDER_ASSETS")
	g, env := NewWithT(t), &envtest.Environment{ControlPlaneStartTimeout: 2 * time.Minute}
	config, err := env.Start()
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(env.Stop()).To(Succeed()) })
	_, err = envtest.InstallCRDs(config, envtest.CRDInstallOptions{Paths: []string{filepath.Join(root, "config", "crd", "bases")}, ErrorIfPathMissing: true})
	g.Expect(err).NotTo(HaveOccurred())
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, rbacv1.AddToScheme, authenticationv1.AddToScheme, v1beta1.AddToScheme} {
		g.Expect(add(scheme)).To(Succeed())
	}
	k8s, err := client.New(config, client.Options{Scheme: scheme})
	g.Expect(err).NotTo(HaveOccurred())
	return k8s, env
}

// kubeconfigOf returns the path of a kubeconfig of a user.
func kubeconfigOf(t *testing.T, env *envtest.Environment, name string, groups ...string) string {
	t.Helper()
	g := NewWithT(t)
	user, err := env.AddUser(envtest.User{Name: name, Groups: groups}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	data, err := user.KubeConfig()
	g.Expect(err).NotTo(HaveOccurred())
	return writeFile(g, t.TempDir(), "kubeconfig", string(data))
}

// startCluster starts a control plane with config/default and three nodes that kwok simulates, as
// in the benchmark. It returns a client and the path of a kubeconfig of an administrator.
func startCluster(t *testing.T) (client.Client, string) {
	t.Helper()
	g, kwok := NewWithT(t), requireVariable(t, "KWOK")
	k8s, env := startServer(t)
	kubeconfig, kubernetes := kubeconfigOf(t, env, "admin", "system:masters"), os.Getenv("KUBEBUILDER_ASSETS")
	applied, err := exec.CommandContext(t.Context(), filepath.Join(kubernetes, "kubectl"), "--kubeconfig="+kubeconfig,
		"apply", "--server-side", "--force-conflicts", "-k", filepath.Join(root, "config", "default")).CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), string(applied))
	policyApplied := time.Now()
	for i := range 3 {
		g.Expect(k8s.Create(t.Context(), &corev1.Node{ObjectMeta: named("", fmt.Sprintf("node-%d", i))})).To(Succeed())
	}
	// Nobody renews the leases of simulated nodes.
	runProgram(t, nil, filepath.Join(kubernetes, "kube-controller-manager"), "--kubeconfig="+kubeconfig, "--leader-elect=false", "--secure-port=0",
		"--node-monitor-grace-period=1h", "--controllers=node-lifecycle-controller,daemonset-controller,garbage-collector-controller")
	runProgram(t, nil, filepath.Join(kubernetes, "kube-scheduler"), "--kubeconfig="+kubeconfig, "--leader-elect=false", "--secure-port=0")
	runProgram(t, nil, kwok, "--config="+filepath.Join(root, "test", "bench", "simulation", "kwok.yaml"), "--kubeconfig="+kubeconfig,
		"--manage-all-nodes", "--node-lease-duration-seconds=0")
	// A Job that is created earlier is not vouched for.
	g.Eventually(func() time.Duration { return time.Since(policyApplied) }, "1m", "1s").Should(BeNumerically(">", policySettled))
	return k8s, kubeconfig
}

// startOperator starts both processes of the operator on this machine, and returns where they
// serve their metrics, as the pod does: over TLS, to those alone who may read them.
func startOperator(t *testing.T, kubeconfig string) []any {
	t.Helper()
	g := NewWithT(t)
	var targets []any
	for _, name := range []string{"manager", "terminator"} {
		metrics, probes := "127.0.0.1:"+freePort(g), "127.0.0.1:"+freePort(g)
		runProgram(t, []string{"POD_NAME=operator", "POD_NAMESPACE=" + operatorNamespace, "ADMISSION_GUARD=require"},
			filepath.Join(root, "bin", name), "--kubeconfig="+kubeconfig, "--leader-election-namespace="+operatorNamespace, "--pod-uid=operator",
			"--metrics-bind-address="+metrics, "--health-probe-bind-address="+probes)
		targets = append(targets, metrics)
	}
	return targets
}
