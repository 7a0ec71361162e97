package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/operator-framework/api/pkg/operators/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// objects holds kustomize's output, sorted by what the bundle does with each object.
type objects struct {
	base        *v1alpha1.ClusterServiceVersion
	deployments []appsv1.Deployment
	crds        []apiextensionsv1.CustomResourceDefinition
	// rules holds the rules of each role by kind and name. bindings says who is bound
	// to it.
	rules    map[rbacv1.RoleRef][]rbacv1.PolicyRule
	bindings []binding
	// scorecard is the configuration of `operator-sdk scorecard`.
	scorecard *unstructured.Unstructured
	// rest holds the bundle's further objects, including the custom resources.
	rest []*unstructured.Unstructured
}

// binding is a RoleBinding or a ClusterRoleBinding.
type binding struct {
	cluster  bool
	role     rbacv1.RoleRef
	subjects []rbacv1.Subject
}

// inBundle returns whether the role holds in the operator's own namespace alone. The
// bundle then has role and binding as files, since OLM would grant rights of the
// ClusterServiceVersion in each namespace that the operator watches.
func inBundle(role rbacv1.RoleRef) bool { return role.Kind == "Role" }

const rbacGroup = "rbac.authorization.k8s.io"

// collect reads the objects of a stream of YAML documents.
func collect(stream io.Reader) (*objects, error) {
	all := &objects{rules: map[rbacv1.RoleRef][]rbacv1.PolicyRule{}}
	for document, err := range documents(stream) {
		if err != nil {
			return nil, err
		}
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &object.Object); err != nil {
			return nil, err
		}
		if err := all.add(object); err != nil {
			return nil, fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	switch {
	case all.base == nil:
		return nil, errors.New("there is no ClusterServiceVersion to begin with in the input")
	case len(all.deployments) == 0:
		return nil, errors.New("there is no Deployment in the input")
	}
	return all, nil
}

func (m *objects) add(object *unstructured.Unstructured) error {
	switch object.GroupVersionKind().GroupKind().String() {
	case "ClusterServiceVersion.operators.coreos.com":
		m.base = &v1alpha1.ClusterServiceVersion{}
		return convert(object, m.base)
	case "Deployment.apps":
		m.deployments = append(m.deployments, appsv1.Deployment{})
		return convert(object, &m.deployments[len(m.deployments)-1])
	case "CustomResourceDefinition.apiextensions.k8s.io":
		m.crds = append(m.crds, apiextensionsv1.CustomResourceDefinition{})
		return convert(object, &m.crds[len(m.crds)-1])
	case "Role." + rbacGroup, "ClusterRole." + rbacGroup:
		role := rbacv1.ClusterRole{}
		if err := convert(object, &role); err != nil {
			return err
		}
		m.rules[rbacv1.RoleRef{APIGroup: rbacGroup, Kind: object.GetKind(), Name: object.GetName()}] = role.Rules
		m.rest = append(m.rest, object)
	case "RoleBinding." + rbacGroup, "ClusterRoleBinding." + rbacGroup:
		bound := rbacv1.ClusterRoleBinding{}
		if err := convert(object, &bound); err != nil {
			return err
		}
		m.bindings = append(m.bindings, binding{object.GetKind() == "ClusterRoleBinding", bound.RoleRef, bound.Subjects})
		m.rest = append(m.rest, object)
	case "Configuration.scorecard.operatorframework.io":
		m.scorecard = object
	case "Namespace": // The user of OLM creates the namespace.
	default:
		m.rest = append(m.rest, object)
	}
	return nil
}

// convert converts an object, and refuses unknown fields: they would be lost silently.
func convert(from *unstructured.Unstructured, to any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(from.Object, to, true)
}

// accounts returns the service accounts of the Deployments.
func (m *objects) accounts() map[string]bool {
	names := map[string]bool{}
	for i := range m.deployments {
		names[serviceAccount(&m.deployments[i].Spec.Template.Spec)] = true
	}
	return names
}

func serviceAccount(pod *corev1.PodSpec) string {
	if pod.ServiceAccountName == "" {
		return "default"
	}
	return pod.ServiceAccountName
}
