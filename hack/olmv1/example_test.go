package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/operator-framework/api/pkg/manifests"
	ocv1 "github.com/operator-framework/operator-controller/api/v1"
	"go.podman.io/image/v5/docker/reference"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// What a user applies to install with OLM v1, and what that installs.
const (
	example       = "../../config/samples/olmv1"
	bundleFolder  = "../../bundle"
	catalogFolder = "../../catalog"
)

// decode reads the documents of a file of the example into objects, in their order. A
// field that the type of the object lacks is an error.
func decode(t *testing.T, file string, into ...any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(example, file))
	if err != nil {
		t.Fatal(err)
	}
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for _, object := range into {
		document, err := documents.Read()
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := yaml.UnmarshalStrict(document, object); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	if _, err := documents.Read(); !errors.Is(err, io.EOF) {
		t.Fatalf("%s has more documents", file)
	}
}

func theExtension(t *testing.T) *ocv1.ClusterExtension {
	t.Helper()
	extension, err := readExtension(filepath.Join(example, "extension.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return extension
}

// installer holds what the example gives to the account that installs.
type installer struct {
	account        corev1.ServiceAccount
	clusterRole    rbacv1.ClusterRole
	clusterBinding rbacv1.ClusterRoleBinding
	role           rbacv1.Role
	binding        rbacv1.RoleBinding
}

func theInstaller(t *testing.T) *installer {
	t.Helper()
	i := &installer{}
	decode(t, "installer.yaml", &i.account, &i.clusterRole, &i.clusterBinding, &i.role, &i.binding)
	return i
}

// TestTheExampleIsOfOnePiece checks that the names in the example's files fit together, and
// fit the bundle. OLM v1 up to 1.10 requires the account.
func TestTheExampleIsOfOnePiece(t *testing.T) {
	g := NewWithT(t)
	extension, i := theExtension(t), theInstaller(t)
	namespace, catalogue := corev1.Namespace{}, ocv1.ClusterCatalog{}
	decode(t, "namespace.yaml", &namespace)
	decode(t, "catalog.yaml", &catalogue)
	bundle, err := manifests.GetBundleFromDir(bundleFolder)
	g.Expect(err).NotTo(HaveOccurred())

	g.Expect(extension.Spec.Namespace).To(Equal(bundle.CSV.Annotations["operatorframework.io/suggested-namespace"]))
	g.Expect(namespace.Name).To(Equal(extension.Spec.Namespace))
	g.Expect(extension.Spec.Source.Catalog.PackageName).To(Equal(bundle.Package))
	g.Expect(extension.Spec.Source.Catalog.Selector.MatchLabels).To(Equal(map[string]string{"olm.operatorframework.io/metadata.name": catalogue.Name}))
	//nolint:staticcheck // Later versions ignore the deprecated field.
	g.Expect(extension.Spec.ServiceAccount.Name).To(Equal(i.account.Name))
	subject := rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: extension.Spec.Namespace, Name: i.account.Name}
	g.Expect([]string{i.account.Namespace, i.role.Namespace, i.binding.Namespace}).To(HaveEach(extension.Spec.Namespace))
	g.Expect([][]rbacv1.Subject{i.binding.Subjects, i.clusterBinding.Subjects}).To(HaveEach(Equal([]rbacv1.Subject{subject})))
	g.Expect(i.binding.RoleRef).To(Equal(rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: i.role.Name}))
	g.Expect(i.clusterBinding.RoleRef).To(Equal(rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: i.clusterRole.Name}))
}

// TestTheExamplesCatalogIsThisVersions checks the image of the example's catalogue, whose
// name OLM v1 takes only with a registry.
func TestTheExamplesCatalogIsThisVersions(t *testing.T) {
	g := NewWithT(t)
	catalogue := ocv1.ClusterCatalog{}
	decode(t, "catalog.yaml", &catalogue)
	image, err := reference.ParseNamed(catalogue.Spec.Source.Image.Ref)
	g.Expect(err).NotTo(HaveOccurred())
	printed, err := exec.CommandContext(t.Context(), "make", "-s", "-C", "../..", "print-catalog-img").Output()
	g.Expect(err).NotTo(HaveOccurred())
	released, err := reference.ParseNormalizedNamed(strings.TrimSpace(string(printed)))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(image.String()).To(Equal(released.String()))
}
