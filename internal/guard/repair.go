package guard

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	manifests "github.com/darkowlzz/daemonset-job/config/guard"
)

// repair applies what is missing, and replaces the spec of what is altered. Applying an
// object again would leave an exemption that another writer added.
func (k *Keeper) repair(ctx context.Context, found pair) error {
	switch {
	case found.policy == nil:
		if err := k.apply(ctx, manifests.Policy); err != nil {
			return err
		}
	case !covers(&found.policy.Spec, &k.own.policy.Spec):
		if err := k.replaceSpec(ctx, found.policy, repaired(&found.policy.Spec, &k.own.policy.Spec)); err != nil {
			return err
		}
	}
	switch {
	case found.binding == nil:
		return k.apply(ctx, manifests.Binding)
	case !equality.Semantic.DeepEqual(found.binding.Spec, k.own.binding.Spec):
		return k.replaceSpec(ctx, found.binding, k.own.binding.Spec)
	}
	return nil
}

// apply applies a manifest. The API server authorizes an apply that makes an object as its
// creation under this name, so that the operator needs the right to create no other.
func (k *Keeper) apply(ctx context.Context, manifest []byte) error {
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(manifest, &object.Object); err != nil {
		return err
	}
	return k.writer.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner(v1beta1.ManagerFieldOwner))
}

// replaceSpec replaces the spec of this very object.
func (k *Keeper) replaceSpec(ctx context.Context, object client.Object, spec any) error {
	patch, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": object.GetUID()},
		{"op": "replace", "path": "/spec", "value": spec},
	})
	if err != nil {
		return fmt.Errorf("encoding the spec of %s: %w", object.GetName(), err)
	}
	return k.writer.Patch(ctx, object, client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(v1beta1.ManagerFieldOwner))
}
