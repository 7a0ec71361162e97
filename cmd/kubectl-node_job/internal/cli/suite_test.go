package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// asChild makes the test's program the plugin: a terminal's Ctrl-C reaches a process.
const asChild = "NODE_JOB_TEST_CHILD"

// cluster is an API server that all tests share.
var cluster struct {
	sync.Mutex
	env     *envtest.Environment
	k8s     client.Client
	kubelet *fakeKubelet
	admin   string
}

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		os.Exit(Main(os.Args))
	}
	quiet()
	SetDefaultEventuallyTimeout(20 * time.Second)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	code := m.Run()
	if cluster.env != nil {
		cluster.kubelet.server.Close()
		if err := cluster.env.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		_ = os.Remove(cluster.admin)
	}
	os.Exit(code)
}

// startCluster starts the API server for the first test that needs it.
func startCluster(t *testing.T) {
	t.Helper()
	wrappers.RequireAssets(t)
	cluster.Lock()
	defer cluster.Unlock()
	if cluster.env != nil {
		return
	}
	g := NewWithT(t)
	g.Expect(v1beta1.AddToScheme(scheme.Scheme)).To(Succeed())
	env := &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join("..", "..", "..", "..", "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	env.ControlPlane.GetAPIServer().Configure().Set("kubelet-preferred-address-types", "InternalIP")
	config, err := env.Start()
	g.Expect(err).NotTo(HaveOccurred())
	cluster.k8s, err = client.New(config, client.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	cluster.env, cluster.kubelet = env, startKubelet()
	cluster.admin = filepath.Join(os.TempDir(), fmt.Sprintf("kubeconfig-%d", os.Getpid()))
	g.Expect(os.WriteFile(cluster.admin, env.KubeConfig, 0o600)).To(Succeed())
}

// userWith returns the kubeconfig of a user with these rights alone, in all namespaces.
func userWith(t *testing.T, rules ...rbacv1.PolicyRule) string {
	t.Helper()
	g, ctx := NewWithT(t), context.Background()
	name := fmt.Sprintf("user-%d", time.Now().UnixNano())
	user, err := cluster.env.AddUser(envtest.User{Name: name}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cluster.k8s.Create(ctx, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules})).To(Succeed())
	g.Expect(cluster.k8s.Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, Name: name}},
	})).To(Succeed())
	text, err := user.KubeConfig()
	g.Expect(err).NotTo(HaveOccurred())
	file := filepath.Join(t.TempDir(), "kubeconfig")
	g.Expect(os.WriteFile(file, text, 0o600)).To(Succeed())
	return file
}

// rule is a right to do something with resources of a group.
func rule(group string, resources []string, verbs ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: verbs}
}
