package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/operator-framework/api/pkg/operators/v1alpha1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// permissions returns the rights of the Deployments' service accounts. OLM grants those
// of a ClusterRole in each namespace that the operator watches if a RoleBinding binds it,
// and in the whole cluster if a ClusterRoleBinding does.
func (m *objects) permissions() (namespaced, cluster []v1alpha1.StrategyDeploymentPermissions, err error) {
	rules := map[bool]map[string][]rbacv1.PolicyRule{true: {}, false: {}}
	accounts := m.accounts()
	for _, bound := range m.bindings {
		if inBundle(bound.role) {
			continue
		}
		role, ok := m.rules[bound.role]
		for _, subject := range bound.subjects {
			if subject.Kind != rbacv1.ServiceAccountKind || !accounts[subject.Name] {
				continue
			}
			if !ok {
				return nil, nil, fmt.Errorf("%s %s is bound, and not in the input", bound.role.Kind, bound.role.Name)
			}
			rules[bound.cluster][subject.Name] = append(rules[bound.cluster][subject.Name], role...)
		}
	}
	return byAccount(rules[false]), byAccount(rules[true]), nil
}

func byAccount(rules map[string][]rbacv1.PolicyRule) []v1alpha1.StrategyDeploymentPermissions {
	var all []v1alpha1.StrategyDeploymentPermissions
	for _, account := range slices.Sorted(maps.Keys(rules)) {
		all = append(all, v1alpha1.StrategyDeploymentPermissions{ServiceAccountName: account, Rules: rules[account]})
	}
	return all
}

// further returns the objects that become files of the bundle. It skips objects that
// the ClusterServiceVersion holds, and the service accounts and bindings that OLM creates
// for the Deployments.
func (m *objects) further() []*unstructured.Unstructured {
	accounts, inCSV := m.accounts(), map[rbacv1.RoleRef]bool{}
	ours := func(subjects []rbacv1.Subject) bool {
		return slices.ContainsFunc(subjects, func(s rbacv1.Subject) bool {
			return s.Kind == rbacv1.ServiceAccountKind && accounts[s.Name]
		})
	}
	for _, bound := range m.bindings {
		if ours(bound.subjects) && !inBundle(bound.role) {
			inCSV[bound.role] = true
		}
	}
	var objects []*unstructured.Unstructured
	for _, object := range m.rest {
		switch object.GetKind() {
		case "ServiceAccount":
			if accounts[object.GetName()] {
				continue
			}
		case "Role", "ClusterRole":
			if inCSV[rbacv1.RoleRef{APIGroup: rbacGroup, Kind: object.GetKind(), Name: object.GetName()}] {
				continue
			}
		case "RoleBinding", "ClusterRoleBinding":
			bound := rbacv1.ClusterRoleBinding{}
			if convert(object, &bound) == nil && ours(bound.Subjects) {
				if !inBundle(bound.RoleRef) {
					continue
				}
				object = inOwnNamespace(object)
			}
		}
		if !m.isExample(object) {
			objects = append(objects, object)
		}
	}
	slices.SortFunc(objects, func(a, b *unstructured.Unstructured) int { return cmp.Compare(fileName(a), fileName(b)) })
	return objects
}

// inOwnNamespace returns the binding without the namespaces of its subjects: RBAC then
// takes that of the binding, which the user of OLM chooses.
func inOwnNamespace(bound *unstructured.Unstructured) *unstructured.Unstructured {
	bound = bound.DeepCopy()
	subjects, _, _ := unstructured.NestedSlice(bound.Object, "subjects") // convert has checked it.
	for _, subject := range subjects {
		if subject, ok := subject.(map[string]any); ok {
			delete(subject, "namespace")
		}
	}
	bound.Object["subjects"] = subjects
	return bound
}

// customResources returns the objects of the kinds that the bundle's CRDs define.
func (m *objects) customResources() []*unstructured.Unstructured {
	return slices.DeleteFunc(slices.Clone(m.rest), func(object *unstructured.Unstructured) bool { return !m.isExample(object) })
}

// isExample returns whether the bundle's CRDs define the object's kind.
func (m *objects) isExample(object *unstructured.Unstructured) bool {
	kind := object.GroupVersionKind().GroupKind()
	for i := range m.crds {
		if m.crds[i].Spec.Group == kind.Group && m.crds[i].Spec.Names.Kind == kind.Kind {
			return true
		}
	}
	return false
}
