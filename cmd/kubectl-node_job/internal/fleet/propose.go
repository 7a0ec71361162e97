package fleet

import (
	"context"
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Proposal is an object as the API server would store it. Nothing is written.
type Proposal struct {
	// Exists says that the object is there, and that the manifest changes it.
	Exists bool
	// Unchecked is why the API server did not check the manifest, empty if it did. What it finds
	// wrong is an error.
	Unchecked string
}

// ProposeJob asks the API server for the Job that it would store for a manifest.
func (c *Client) ProposeJob(ctx context.Context, manifest *unstructured.Unstructured) (*v1beta1.Job, Proposal, error) {
	job := &v1beta1.Job{}
	p, err := c.propose(ctx, "jobs", manifest, job)
	return job, p, err
}

// ProposeCronJob asks the API server for the CronJob that it would store for a manifest.
func (c *Client) ProposeCronJob(ctx context.Context, manifest *unstructured.Unstructured) (*v1beta1.CronJob, Proposal, error) {
	cronJob := &v1beta1.CronJob{}
	p, err := c.propose(ctx, "cronjobs", manifest, cronJob)
	return cronJob, p, err
}

// propose asks for the object as kubectl apply would change it, and if there is none of its name,
// as it would be created.
func (c *Client) propose(ctx context.Context, resource string, manifest *unstructured.Unstructured, into client.Object) (Proposal, error) {
	request := func(verb *rest.Request) *rest.Request {
		return verb.Namespace(manifest.GetNamespace()).Resource(resource)
	}
	text, err := manifest.MarshalJSON()
	if err != nil {
		return Proposal{}, err
	}
	if manifest.GetName() != "" {
		present := request(c.jobs.Get()).Name(manifest.GetName()).Do(ctx)
		switch err := present.Error(); {
		case err == nil:
			return c.proposeChange(ctx, request(c.jobs.Patch(types.MergePatchType)).Name(manifest.GetName()), resource, present, text, into)
		case isNoKind(err) || !isDenied(err):
			return Proposal{}, c.explain(err, manifest.GetKind(), manifest.GetName())
		}
	}
	options := &metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict}
	err = request(c.jobs.Post()).VersionedParams(options, metav1.ParameterCodec).SetHeader("Content-Type", runtime.ContentTypeJSON).Body(text).Do(ctx).Into(into)
	var p Proposal
	switch {
	case isNoNamespace(err):
		p.Unchecked = fmt.Sprintf("the namespace %q is not there yet", manifest.GetNamespace())
	case c.lacksRight(ctx, err, "create", resource, manifest):
		p.Unchecked = err.Error()
	default:
		return p, err
	}
	return p, yaml.UnmarshalStrict(text, into)
}

// proposeChange asks for a present object as kubectl apply would change it: what another tool
// set, and the manifest never named, stays.
func (c *Client) proposeChange(ctx context.Context, request *rest.Request, resource string, result rest.Result, manifest []byte, into client.Object) (Proposal, error) {
	p := Proposal{Exists: true}
	raw, err := result.Raw()
	if err != nil {
		return p, err
	}
	present := &unstructured.Unstructured{}
	if err := present.UnmarshalJSON(raw); err != nil {
		return p, err
	}
	before := []byte(present.GetAnnotations()[corev1.LastAppliedConfigAnnotation])
	patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch(before, manifest, raw)
	if err != nil {
		return p, err
	}
	options := &metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict}
	err = request.VersionedParams(options, metav1.ParameterCodec).Body(patch).Do(ctx).Into(into)
	if !c.lacksRight(ctx, err, "patch", resource, present) {
		return p, err
	}
	p.Unchecked = err.Error()
	merged, err := jsonpatch.MergePatch(raw, patch)
	if err != nil {
		return p, err
	}
	if err := yaml.UnmarshalStrict(merged, into); err != nil {
		return p, err
	}
	// The API server numbers a change. With another number the status is about another spec.
	into.SetGeneration(into.GetGeneration() + 1)
	return p, nil
}

// lacksRight returns whether an error says that the user has no right to do this. An admission
// policy, a webhook or a quota that refuses the object has the same code.
func (c *Client) lacksRight(ctx context.Context, err error, verb, resource string, object client.Object) bool {
	if !apierrors.IsForbidden(err) {
		return false
	}
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: object.GetNamespace(), Verb: verb, Group: v1beta1.GroupVersion.Group, Resource: resource, Name: object.GetName(),
		},
	}}
	answer, err := c.Core.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	return err == nil && !answer.Status.Allowed
}

// isNoNamespace returns whether the namespace of an object is not there.
func isNoNamespace(err error) bool {
	status, isStatus := err.(apierrors.APIStatus)
	return apierrors.IsNotFound(err) && isStatus && status.Status().Details != nil && status.Status().Details.Kind == "namespaces"
}
