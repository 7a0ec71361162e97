package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/component-helpers/auth/rbac/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// rights are rules that hold in the whole cluster, and rules that hold in the namespace of
// the installation.
type rights struct{ cluster, namespaced []rbacv1.PolicyRule }

// neededRights returns what the account of an extension needs for these objects. It follows
// how OLM v1.10 checks an account before it installs (PreAuthorize in
// internal/operator-controller/authorization/rbac.go) and watches afterwards
// (internal/operator-controller/contentmanager): it lists and watches each kind in all
// namespaces. What a role grants, RBAC lets only those grant who have it. An object whose
// name is made from the version is any object of its kind, for the sake of upgrades.
func neededRights(objects []client.Object, extension, generated string) rights {
	var r rights
	r.cluster = append(r.cluster, rbacv1.PolicyRule{APIGroups: []string{"olm.operatorframework.io"},
		Resources: []string{"clusterextensions/finalizers"}, ResourceNames: []string{extension}, Verbs: []string{"update"}})
	for _, object := range objects {
		resource, _ := meta.UnsafeGuessKindToResource(object.GetObjectKind().GroupVersionKind())
		rule := func(verbs ...string) rbacv1.PolicyRule {
			return rbacv1.PolicyRule{APIGroups: []string{resource.Group}, Resources: []string{resource.Resource}, Verbs: verbs}
		}
		one := rule("get", "patch", "update", "delete")
		if !strings.HasPrefix(object.GetName(), generated) {
			one.ResourceNames = []string{object.GetName()}
		}
		in := &r.cluster
		if object.GetNamespace() != "" {
			in = &r.namespaced
		}
		*in = append(*in, one, rule("create"))
		r.cluster = append(r.cluster, rule("list", "watch"))
		switch role := object.(type) {
		case *rbacv1.ClusterRole:
			r.cluster = append(r.cluster, role.Rules...)
		case *rbacv1.Role:
			r.namespaced = append(r.namespaced, role.Rules...)
		}
	}
	return r
}

// lacking returns the rules of the second rights that the first do not cover.
func lacking(have, want rights) []rbacv1.PolicyRule {
	_, cluster := validation.Covers(have.cluster, want.cluster)
	_, namespaced := validation.Covers(slices.Concat(have.cluster, have.namespaced), want.namespaced)
	return append(cluster, namespaced...)
}

// TestTheInstallerHasTheRightsThatItNeeds compares the rights of the example with what the
// bundle holds, in both directions.
func TestTheInstallerHasTheRightsThatItNeeds(t *testing.T) {
	g := NewWithT(t)
	i, extension := theInstaller(t), theExtension(t)
	objects, err := renderBundle(extension, os.DirFS(bundleFolder))
	g.Expect(err).NotTo(HaveOccurred())
	needed := neededRights(typed(g, objects), extension.Name, "daemonset-job.v")
	given := rights{i.clusterRole.Rules, i.role.Rules}
	g.Expect(lacking(given, needed)).To(BeEmpty(), "needed, and missing in installer.yaml")
	g.Expect(lacking(needed, given)).To(BeEmpty(), "in installer.yaml, and not needed")
}
