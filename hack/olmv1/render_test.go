package main

import (
	"os"
	"testing"

	. "github.com/onsi/gomega"
	ocv1 "github.com/operator-framework/operator-controller/api/v1"
	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/component-helpers/auth/rbac/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// typed returns the objects with roles of the bundle's files as Roles and ClusterRoles: OLM
// v1 has no types for what it takes from files.
func typed(g Gomega, objects []client.Object) []client.Object {
	for i, object := range objects {
		file, ok := object.(*unstructured.Unstructured)
		if !ok {
			continue
		}
		var role client.Object
		switch file.GetKind() {
		case "Role":
			role = &rbacv1.Role{}
		case "ClusterRole":
			role = &rbacv1.ClusterRole{}
		default:
			continue
		}
		g.Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(file.Object, role)).To(Succeed())
		objects[i] = role
	}
	return objects
}

// watching returns the example, limited to a namespace that the operator watches.
func watching(t *testing.T, namespace string) *ocv1.ClusterExtension {
	t.Helper()
	extension := theExtension(t)
	extension.Spec.Config = &ocv1.ClusterExtensionConfig{
		ConfigType: ocv1.ClusterExtensionConfigTypeInline,
		Inline:     &apiextensionsv1.JSON{Raw: []byte(`{"watchNamespace":"` + namespace + `"}`)},
	}
	return extension
}

// TestTheBundleIsRendered renders the bundle in each install mode of OLM v1. The last two
// take a feature gate there.
func TestTheBundleIsRendered(t *testing.T) {
	for name, test := range map[string]struct {
		extension *ocv1.ClusterExtension
		watched   string
		// rights is where the operator has its rights on Jobs.
		rights string
	}{
		"all namespaces":           {theExtension(t), "", ""},
		"its own namespace":        {watching(t, "daemonset-job-system"), "daemonset-job-system", "daemonset-job-system"},
		"a single other namespace": {watching(t, "batch"), "batch", "batch"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			objects, err := renderBundle(test.extension, os.DirFS(bundleFolder))
			g.Expect(err).NotTo(HaveOccurred())
			names := map[string]bool{}
			var deployments []*appsv1.Deployment
			var rights []string
			for _, object := range typed(g, objects) {
				kind := object.GetObjectKind().GroupVersionKind()
				g.Expect(kind.Kind).NotTo(BeEmpty())
				key := kind.String() + " " + object.GetNamespace() + "/" + object.GetName()
				g.Expect(names).NotTo(HaveKey(key), "each object once")
				names[key] = true
				switch object := object.(type) {
				case *appsv1.Deployment:
					deployments = append(deployments, object)
				case *rbacv1.Role:
					rights = append(rights, writesStatus(object.Namespace, object.Rules)...)
				case *rbacv1.ClusterRole:
					rights = append(rights, writesStatus("", object.Rules)...)
				}
			}
			g.Expect(rights).To(ConsistOf(test.rights))
			g.Expect(deployments).To(HaveLen(1))
			g.Expect(deployments[0].Namespace).To(Equal("daemonset-job-system"))
			g.Expect(deployments[0].Spec.Template.Annotations).To(HaveKeyWithValue("olm.targetNamespaces", test.watched))
		})
	}
}

// writesStatus returns the namespace of rules that hold the right to write the status of Jobs,
// which only the operator has.
func writesStatus(namespace string, rules []rbacv1.PolicyRule) []string {
	wanted := rbacv1.PolicyRule{APIGroups: []string{"daemonset.darkowlzz.space"}, Resources: []string{"jobs/status"}, Verbs: []string{"patch"}}
	if covered, _ := validation.Covers(rules, []rbacv1.PolicyRule{wanted}); covered {
		return []string{namespace}
	}
	return nil
}
