package testing

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Poison is a Job in the short form that Go cannot decode. The API server stores it only
// without the CRD's bounds.
func Poison(namespace, name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1beta1.GroupVersion.String(),
		"kind":       "Job",
		"metadata":   map[string]any{"namespace": namespace, "name": name},
		"spec":       map[string]any{"image": "example.com/work:v1", "parallelism": int64(3000000000)},
	}}
}

// Unbound replaces the schema of a Job's spec by one that takes anything, as in a cluster
// whose CRD is older. restore puts the schema back. Both return once the API server uses
// the schema.
func Unbound(ctx context.Context, k8s client.Client) (restore func() error, err error) {
	crd := &unstructured.Unstructured{}
	crd.SetAPIVersion("apiextensions.k8s.io/v1")
	crd.SetKind("CustomResourceDefinition")
	if err := k8s.Get(ctx, client.ObjectKey{Name: "jobs." + v1beta1.GroupVersion.Group}, crd); err != nil {
		return nil, err
	}
	versions, _, err := unstructured.NestedSlice(crd.Object, "spec", "versions")
	if err != nil || len(versions) != 1 {
		return nil, fmt.Errorf("the CRD has %d versions: %w", len(versions), err)
	}
	version, ok := versions[0].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the CRD's version is %T", versions[0])
	}
	bounded, _, err := unstructured.NestedMap(version, "schema", "openAPIV3Schema", "properties", "spec")
	if err != nil {
		return nil, err
	}
	replace := func(schema map[string]any, accepted bool) error {
		patch, err := json.Marshal([]map[string]any{{"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec", "value": schema}})
		if err != nil {
			return err
		}
		if err := k8s.Patch(ctx, crd.DeepCopy(), client.RawPatch(types.JSONPatchType, patch)); err != nil {
			return err
		}
		return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
			err := k8s.Create(ctx, Poison("default", "poison"), client.DryRunAll)
			return accepted == (err == nil), client.IgnoreNotFound(ignoreInvalid(err))
		})
	}
	restore = func() error { return replace(bounded, false) }
	return restore, replace(map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}, true)
}

func ignoreInvalid(err error) error {
	if apierrors.IsInvalid(err) {
		return nil
	}
	return err
}
