//go:build e2e

package olm

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// example is the folder of what a user applies to install with OLM v1.
const example = "../../config/samples/olmv1"

// output runs a program and returns what it prints.
func output(name string, args ...string) []byte {
	GinkgoHelper()
	command := exec.Command(name, args...)
	command.Stderr = GinkgoWriter
	out, err := command.Output()
	Expect(err).NotTo(HaveOccurred(), "%s %s", name, strings.Join(args, " "))
	return out
}

// applyExample registers OLM v1's own kinds, applies the example as a user would, and
// returns its ClusterExtension.
func applyExample() *unstructured.Unstructured {
	GinkgoHelper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(settings.olmv1), "crd", "*.yaml"))
	Expect(err).NotTo(HaveOccurred())
	Expect(files).NotTo(BeEmpty())
	for _, file := range files {
		data, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		crd := &apiextensionsv1.CustomResourceDefinition{}
		Expect(yaml.Unmarshal(data, crd)).To(Succeed())
		register(crd)
	}
	output("kubectl", "apply", "--validate=strict", "-k", example)
	DeferCleanup(func() { output("kubectl", "delete", "--ignore-not-found", "-k", example) })
	extension := &unstructured.Unstructured{}
	extension.SetGroupVersionKind(schema.GroupVersionKind{Group: "olm.operatorframework.io", Version: "v1", Kind: "ClusterExtension"})
	Expect(k8s.Get(ctx, client.ObjectKey{Name: "daemonset-job"}, extension)).To(Succeed())
	return extension
}

// unpack pulls an image and returns the folder of its files.
func unpack(image string) string {
	GinkgoHelper()
	folder := GinkgoT().TempDir()
	archive := filepath.Join(folder, "image.tar")
	output(filepath.Join(settings.programs, "crane"), "export", "--insecure", settings.registry+"/"+strings.TrimPrefix(image, "docker.io/"), archive)
	output("tar", "-C", folder, "-xf", archive)
	Expect(os.Remove(archive)).To(Succeed())
	return folder
}

// bundleOf returns what OLM v1 applies for the bundle that it takes from an unpacked
// catalogue, which must be the one of this version.
func bundleOf(catalogue, version, installed string) []client.Object {
	GinkgoHelper()
	extension := filepath.Join(example, "extension.yaml")
	name, image, ok := strings.Cut(strings.TrimSpace(string(output(settings.olmv1, "-extension", extension, "-installed", installed,
		"resolve", filepath.Join(catalogue, "configs")))), " ")
	Expect(ok).To(BeTrue())
	Expect(name).To(Equal(csvName(version)))
	list := &unstructured.UnstructuredList{}
	Expect(list.UnmarshalJSON(output(settings.olmv1, "-extension", extension, "render", unpack(image)))).To(Succeed())
	var objects []client.Object
	for i := range list.Items {
		objects = append(objects, &list.Items[i])
	}
	Expect(objects).NotTo(BeEmpty())
	return objects
}

// installer returns a client with the rights of the account that an extension names.
func installer(extension *unstructured.Unstructured) client.Client {
	GinkgoHelper()
	namespace, _, err := unstructured.NestedString(extension.Object, "spec", "namespace")
	Expect(err).NotTo(HaveOccurred())
	account, _, err := unstructured.NestedString(extension.Object, "spec", "serviceAccount", "name")
	Expect(err).NotTo(HaveOccurred())
	config, err := ctrl.GetConfig()
	Expect(err).NotTo(HaveOccurred())
	config.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + namespace + ":" + account,
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
	}
	c, err := client.New(config, client.Options{})
	Expect(err).NotTo(HaveOccurred())
	return c
}

// apply applies objects with an extension's account. The extension owns them, so that
// Kubernetes deletes them with it.
func apply(extension *unstructured.Unstructured, objects []client.Object) {
	GinkgoHelper()
	c := installer(extension)
	for _, object := range objects {
		owned := object.DeepCopyObject().(*unstructured.Unstructured)
		owned.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(extension, extension.GroupVersionKind())})
		unstructured.RemoveNestedField(owned.Object, "status")
		Expect(c.Apply(ctx, client.ApplyConfigurationFromUnstructured(owned), client.FieldOwner("olm-v1"))).To(Succeed(), "%s %s", owned.GetKind(), owned.GetName())
	}
}

// prune deletes the objects of an earlier version that the next one lacks.
func prune(extension *unstructured.Unstructured, earlier, next []client.Object) {
	GinkgoHelper()
	c := installer(extension)
	for _, object := range earlier {
		if !slices.ContainsFunc(next, func(other client.Object) bool {
			return other.GetObjectKind().GroupVersionKind() == object.GetObjectKind().GroupVersionKind() &&
				client.ObjectKeyFromObject(other) == client.ObjectKeyFromObject(object)
		}) {
			Expect(c.Delete(ctx, object.DeepCopyObject().(client.Object))).To(Succeed())
		}
	}
}
