package chart

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// server is a real API server, and what a release on it is made with.
type server struct {
	client.Client
	t          *testing.T
	kubeconfig string
}

func start(t *testing.T) *server {
	t.Helper()
	require(t, "KUBEBUILDER_ASSETS")
	g := NewWithT(t)
	env := &envtest.Environment{}
	config, err := env.Start()
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(env.Stop()).To(Succeed()) })
	user, err := env.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, config)
	g.Expect(err).NotTo(HaveOccurred())
	kubeconfig, err := user.KubeConfig()
	g.Expect(err).NotTo(HaveOccurred())
	s := &server{t: t, kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	g.Expect(os.WriteFile(s.kubeconfig, kubeconfig, 0o600)).To(Succeed())
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, rbacv1.AddToScheme, admissionv1.AddToScheme, apiextensionsv1.AddToScheme, v1beta1.AddToScheme,
	} {
		g.Expect(add(scheme)).To(Succeed())
	}
	s.Client, err = client.New(config, client.Options{Scheme: scheme})
	g.Expect(err).NotTo(HaveOccurred())
	return s
}

// helm runs a command of Helm on this server.
func (s *server) helm(args ...string) (string, error) {
	s.t.Helper()
	return helm(s.t, append(args, "--kubeconfig", s.kubeconfig)...)
}

// install installs a release of the chart in a namespace of its own.
func (s *server) install(name, namespace string, args ...string) error {
	s.t.Helper()
	_, err := s.helm(append([]string{"install", name, folder, "--namespace", namespace, "--create-namespace"}, args...)...)
	return err
}

// owner returns the release that owns an object, and nothing if the object is not there.
func (s *server) owner(object client.Object, name string) string {
	s.t.Helper()
	switch err := s.Get(context.Background(), client.ObjectKey{Name: name}, object); {
	case apierrors.IsNotFound(err):
		return ""
	case err != nil:
		s.t.Fatal(err)
	}
	annotations := object.GetAnnotations()
	return annotations["meta.helm.sh/release-namespace"] + "/" + annotations["meta.helm.sh/release-name"]
}

func (s *server) ownerOfCRD() string {
	return s.owner(&apiextensionsv1.CustomResourceDefinition{}, "jobs.daemonset.darkowlzz.space")
}

func (s *server) ownerOfGuard() string {
	return s.owner(&admissionv1.ValidatingAdmissionPolicy{}, "daemonset-job-guard")
}

// A cluster has one release, and those who are refused are told by which one and what to do.
func TestASecondReleaseIsRefused(t *testing.T) {
	s := start(t)
	g := NewWithT(t)
	g.Expect(s.install("first", "one")).To(Succeed())

	alone := []string{"--set", "crds.install=false,guard.create=false,userRoles.create=false"}
	limited := append([]string{"--set", "watchNamespaces={default}"}, alone...)
	for name, test := range map[string]struct {
		release, namespace string
		args               []string
		want               string
	}{
		"as it is":             {"second", "two", nil, "already installed in this cluster, as the release first in namespace one: upgrade that release instead"},
		"by its name":          {"first", "two", nil, "the ClusterRole first-daemonset-job-manager-role belongs to the release first in namespace one"},
		"for all namespaces":   {"second", "two", alone, "already installed in this cluster"},
		"beside the first":     {"second", "one", limited, "already runs in namespace one, as the Deployment first-daemonset-job-controller-manager"},
		"taking what is there": {"second", "two", []string{"--take-ownership"}, "already installed in this cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			err := s.install(test.release, test.namespace, test.args...)
			g.Expect(err).To(MatchError(ContainSubstring(test.want)))
		})
	}
	g.Expect(s.ownerOfCRD()).To(Equal("one/first"))
	g.Expect(s.install("second", "two", limited...)).To(Succeed())
	for _, release := range [][]string{{"first", "one"}, append([]string{"second", "two"}, limited...)} {
		_, err := s.helm(append([]string{"upgrade", release[0], folder, "--namespace", release[1]}, release[2:]...)...)
		g.Expect(err).NotTo(HaveOccurred(), "an upgrade is no second release")
	}
}

// What no release can make again stays when a release is uninstalled.
func TestUninstallLeavesWhatJobsNeed(t *testing.T) {
	s := start(t)
	g := NewWithT(t)
	ctx := context.Background()
	g.Expect(s.install("first", "one")).To(Succeed())
	crd := &apiextensionsv1.CustomResourceDefinition{}
	g.Expect(s.Get(ctx, client.ObjectKey{Name: "jobs.daemonset.darkowlzz.space"}, crd)).To(Succeed())
	uninstall := func(name, namespace string) {
		g.Expect(s.helm("uninstall", name, "--namespace", namespace)).To(ContainSubstring("CustomResourceDefinition"), "Helm names what it kept")
	}

	uninstall("first", "one")
	g.Expect(s.ownerOfCRD()).To(Equal("one/first"))
	g.Expect(s.ownerOfGuard()).To(Equal("one/first"))
	roles := &rbacv1.ClusterRoleList{}
	g.Expect(s.List(ctx, roles, client.MatchingLabels{"app.kubernetes.io/name": "daemonset-job"})).To(Succeed())
	g.Expect(roles.Items).To(BeEmpty())
	deployments := &appsv1.DeploymentList{}
	g.Expect(s.List(ctx, deployments)).To(Succeed())
	g.Expect(deployments.Items).To(BeEmpty())

	g.Expect(s.install("first", "one")).To(Succeed(), "the same release takes back what is its own")
	uninstall("first", "one")
	g.Expect(s.install("second", "two")).To(MatchError(ContainSubstring("cannot be imported into the current release")))
	g.Expect(s.install("second", "two", "--take-ownership")).To(Succeed())
	g.Expect(s.ownerOfCRD()).To(Equal("two/second"))
	g.Expect(s.ownerOfGuard()).To(Equal("two/second"))
	uid := crd.UID
	g.Expect(s.Get(ctx, client.ObjectKeyFromObject(crd), crd)).To(Succeed())
	g.Expect(crd.UID).To(Equal(uid), "with another one, every Job would have been deleted")
}

// A value that is turned off takes away nothing that Jobs need.
func TestAnUpgradeKeepsWhatJobsNeed(t *testing.T) {
	s := start(t)
	g := NewWithT(t)
	ctx := context.Background()
	g.Expect(s.install("first", "one", "--set", "manager.extraArgs={--zap-log-level=debug}")).To(Succeed())
	deployment := func() *appsv1.Deployment {
		found := &appsv1.Deployment{}
		g.Expect(s.Get(ctx, client.ObjectKey{Namespace: "one", Name: "first-daemonset-job-controller-manager"}, found)).To(Succeed())
		return found
	}
	upgrade := func(args ...string) {
		t.Helper()
		_, err := s.helm(append([]string{"upgrade", "first", folder, "--namespace", "one"}, args...)...)
		g.Expect(err).NotTo(HaveOccurred())
	}
	upgrade("--reuse-values")
	g.Expect(deployment().Generation).To(BeEquivalentTo(1), "an upgrade to the same version rolls out nothing")
	upgrade("--reuse-values", "--set", "replicas=2")
	g.Expect(*deployment().Spec.Replicas).To(BeEquivalentTo(2))
	g.Expect(deployment().Spec.Template.Spec.Containers[0].Args).To(ContainElement("--zap-log-level=debug"))
	upgrade("--set", "crds.install=false,guard.create=false")
	g.Expect(deployment().Spec.Template.Spec.Containers[0].Args).NotTo(ContainElement("--zap-log-level=debug"))
	g.Expect(s.ownerOfCRD()).To(Equal("one/first"))
	g.Expect(s.ownerOfGuard()).To(Equal("one/first"))
	upgrade("--set", "fullnameOverride=renamed")
	deployments := &appsv1.DeploymentList{}
	g.Expect(s.List(ctx, deployments)).To(Succeed())
	g.Expect(deployments.Items).To(ConsistOf(HaveField("Name", "renamed-controller-manager")), "its own Deployment is no other release")
	g.Expect(s.ownerOfCRD()).To(Equal("one/first"))
}

// A release takes over what kubectl has applied of the manifests.
func TestAReleaseTakesOverTheManifests(t *testing.T) {
	s := start(t)
	g := NewWithT(t)
	ctx := context.Background()
	built, err := output(exec.Command(require(t, "KUSTOMIZE"), "build", "../../config/default"))
	g.Expect(err).NotTo(HaveOccurred())
	apply := exec.Command(filepath.Join(require(t, "KUBEBUILDER_ASSETS"), "kubectl"), "--kubeconfig", s.kubeconfig, "apply", "-f", "-")
	apply.Stdin = strings.NewReader(built)
	_, err = output(apply)
	g.Expect(err).NotTo(HaveOccurred())
	before := &appsv1.Deployment{}
	g.Expect(s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "daemonset-job-controller-manager"}, before)).To(Succeed())

	g.Expect(s.install("other", namespace, "--take-ownership")).To(MatchError(ContainSubstring("already runs in namespace daemonset-job-system")))
	g.Expect(s.install(release, namespace)).To(MatchError(ContainSubstring("cannot be imported into the current release")))
	g.Expect(s.install(release, namespace, "--take-ownership", "--force-conflicts")).To(Succeed())
	after := &appsv1.Deployment{}
	g.Expect(s.Get(ctx, client.ObjectKeyFromObject(before), after)).To(Succeed())
	g.Expect(after.UID).To(Equal(before.UID))
	g.Expect(after.Spec).To(Equal(before.Spec), "no pod is made again")
	list := &rbacv1.ClusterRoleBindingList{}
	g.Expect(s.List(ctx, list, client.MatchingLabels{"app.kubernetes.io/managed-by": "Helm"})).To(Succeed())
	g.Expect(list.Items).To(HaveLen(4))
}

// A user can do what the notes say. The record of a release is a Secret, which Kubernetes limits to 1 MiB. It has the chart, and
// what the chart renders.
func TestAReleaseIsReadyForUse(t *testing.T) {
	s := start(t)
	g := NewWithT(t)
	g.Expect(s.install("first", "one")).To(Succeed())
	g.Eventually(func() error { return s.Create(context.Background(), jobOf(t, notes(t))) }, "30s").Should(Succeed(), "what the notes tell users to do first")
	secrets := &corev1.SecretList{}
	g.Expect(s.List(context.Background(), secrets, client.InNamespace("one"), client.MatchingLabels{"owner": "helm"})).To(Succeed())
	g.Expect(secrets.Items).To(HaveLen(1))
	g.Expect(len(secrets.Items[0].Data["release"])).To(BeNumerically("<", 512*1024))
}
