//go:build e2e

// Package e2e tests the operator as it is deployed, on real nodes: those of the
// local cluster, or of any other that KUBECONFIG names.
package e2e

import (
	"context"
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/test/cluster"
)

const (
	// config/default deploys to operatorNamespace.
	operatorNamespace = "daemonset-job-system"
	// shellImage is the sample's image, which has a shell.
	shellImage = "docker.io/darkowlzz/cleanup:v0.0.2"
)

var (
	ctx = context.Background()
	k8s client.WithWatch
	// api reads logs, which k8s cannot do.
	api kubernetes.Interface
	// local is the cluster of this machine, and nil for a remote cluster. Tests
	// labelled "local" stop its components, and do not run on a remote cluster.
	local *cluster.Cluster
	// nodes are the names of the nodes that run the pods of a plain Job.
	nodes []string
)

func TestE2E(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(60 * time.Second)
	SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	SetDefaultConsistentlyDuration(3 * time.Second)
	RunSpecs(t, "daemonset-job on real nodes")
}

// The processes that run the specs share the host shells.
var _ = SynchronizedBeforeSuite(func() {
	connect()
	waitForOperator(1)
	startHostShell()
}, connect)

var _ = SynchronizedAfterSuite(func() {}, stopHostShell)

// connect makes the clients of a process.
func connect() {
	GinkgoHelper()
	logf.SetLogger(zap.New(zap.WriteTo(GinkgoWriter)))
	Expect(v1beta1.AddToScheme(scheme.Scheme)).To(Succeed())
	config, err := ctrl.GetConfig()
	Expect(err).NotTo(HaveOccurred(), "set KUBECONFIG to a cluster, or run `make test-e2e`, which makes one")
	config.QPS = -1
	k8s, err = client.NewWithWatch(config, client.Options{})
	Expect(err).NotTo(HaveOccurred())
	api, err = kubernetes.NewForConfig(config)
	Expect(err).NotTo(HaveOccurred())
	if name := os.Getenv("E2E_LOCAL_CLUSTER"); name != "" {
		local, err = cluster.Open(name)
		Expect(err).NotTo(HaveOccurred())
	}
	nodes = schedulableNodes()
	Expect(nodes).NotTo(BeEmpty())
}

// schedulableNodes returns the nodes without taints, on which a plain DaemonSet runs.
func schedulableNodes() []string {
	list := &corev1.NodeList{}
	Expect(k8s.List(ctx, list)).To(Succeed())
	var names []string
	for i := range list.Items {
		if len(list.Items[i].Spec.Taints) == 0 {
			names = append(names, list.Items[i].Name)
		}
	}
	return names
}

// newNamespace creates a namespace for one test. Pods in it may use the host's files.
func newNamespace() string {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "e2e-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "privileged"},
	}}
	Expect(k8s.Create(ctx, namespace)).To(Succeed())
	DeferCleanup(func() {
		Expect(client.IgnoreNotFound(k8s.Delete(ctx, namespace))).To(Succeed())
		onAllHosts("rm -rf /host/tmp/" + namespace.Name)
	})
	onAllHosts("mkdir -p /host/tmp/" + namespace.Name)
	return namespace.Name
}
