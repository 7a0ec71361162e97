package guard

import (
	"context"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// read returns the policy and its binding from the API server.
func (k *Keeper) read(ctx context.Context) (pair, error) {
	policy, binding := &admissionv1.ValidatingAdmissionPolicy{}, &admissionv1.ValidatingAdmissionPolicyBinding{}
	var found pair
	switch err := k.reader.Get(ctx, client.ObjectKeyFromObject(k.own.policy), policy); {
	case err == nil:
		found.policy = policy
	case !apierrors.IsNotFound(err):
		return pair{}, err
	}
	switch err := k.reader.Get(ctx, client.ObjectKeyFromObject(k.own.binding), binding); {
	case err == nil:
		found.binding = binding
	case !apierrors.IsNotFound(err):
		return pair{}, err
	}
	return found, nil
}
