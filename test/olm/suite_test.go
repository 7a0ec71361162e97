//go:build e2e

// Package olm installs the operator from a catalogue with OLM itself, on a local
// cluster that pulls every image from a registry. hack/test-olm.sh makes both, and
// pushes the bundles and catalogues of two versions.
package olm

import (
	"context"
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/operator-framework/api/crds"
	operatorsv1 "github.com/operator-framework/api/pkg/operators/v1"
	operatorsv1alpha1 "github.com/operator-framework/api/pkg/operators/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
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

// settings holds the environment that hack/test-olm.sh sets.
var settings = struct {
	// programs is the folder of OLM's programs.
	programs string
	// olmv1 is the program that resolves and renders as OLM v1 does.
	olmv1 string
	// cluster is the local cluster's name, and registry the address of its registry.
	cluster, registry string
	// current and previous are the two versions. The catalogues' images offer both
	// versions, and the previous one alone.
	current, previous           string
	catalogImage, previousImage string
}{
	os.Getenv("OLM_PROGRAMS"), os.Getenv("OLMV1"),
	os.Getenv("CLUSTER_NAME"), os.Getenv("OLM_REGISTRY"),
	os.Getenv("OLM_VERSION"), os.Getenv("OLM_PREVIOUS_VERSION"),
	os.Getenv("OLM_CATALOG_IMG"), os.Getenv("OLM_PREVIOUS_CATALOG_IMG"),
}

// olmNamespace is the namespace whose catalogues OLM offers to all namespaces.
const olmNamespace = "olm"

var (
	ctx   = context.Background()
	k8s   client.Client
	api   kubernetes.Interface
	local *cluster.Cluster
)

func TestOLM(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(4 * time.Minute)
	SetDefaultEventuallyPollingInterval(250 * time.Millisecond)
	SetDefaultConsistentlyDuration(4 * time.Second)
	RunSpecs(t, "daemonset-job, installed by OLM")
}

var _ = BeforeSuite(func() {
	logf.SetLogger(zap.New(zap.WriteTo(GinkgoWriter)))
	Expect(settings.programs).NotTo(BeEmpty(), "run `make test-olm`, which makes all that these tests need")
	for _, add := range []func() error{
		func() error { return v1beta1.AddToScheme(scheme.Scheme) },
		func() error { return operatorsv1.AddToScheme(scheme.Scheme) },
		func() error { return operatorsv1alpha1.AddToScheme(scheme.Scheme) },
		func() error { return apiextensionsv1.AddToScheme(scheme.Scheme) },
	} {
		Expect(add()).To(Succeed())
	}
	config, err := ctrl.GetConfig()
	Expect(err).NotTo(HaveOccurred())
	config.QPS = -1
	k8s, err = client.New(config, client.Options{})
	Expect(err).NotTo(HaveOccurred())
	api, err = kubernetes.NewForConfig(config)
	Expect(err).NotTo(HaveOccurred())
	local, err = cluster.Open(settings.cluster)
	Expect(err).NotTo(HaveOccurred())

	installOLM()
	Expect(client.IgnoreAlreadyExists(k8s.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: olmNamespace}}))).To(Succeed())
	startOLM()
})

// installOLM registers OLM's own kinds.
func installOLM() {
	for _, crd := range []*apiextensionsv1.CustomResourceDefinition{
		crds.CatalogSource(), crds.ClusterServiceVersion(), crds.InstallPlan(), crds.OLMConfig(),
		crds.Operator(), crds.OperatorCondition(), crds.OperatorGroup(), crds.Subscription(),
	} {
		register(crd)
	}
}

// register creates a CRD, and waits until its kind is served.
func register(crd *apiextensionsv1.CustomResourceDefinition) {
	GinkgoHelper()
	Expect(client.IgnoreAlreadyExists(k8s.Create(ctx, crd))).To(Succeed())
	Eventually(func() ([]apiextensionsv1.CustomResourceDefinitionCondition, error) {
		err := k8s.Get(ctx, client.ObjectKeyFromObject(crd), crd)
		return crd.Status.Conditions, err
	}).Should(ContainElement(And(HaveField("Type", apiextensionsv1.Established), HaveField("Status", apiextensionsv1.ConditionTrue))))
}
