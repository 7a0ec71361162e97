package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Client reads and writes Jobs of a namespace, and reads what belongs to them.
type Client struct {
	// Namespace of the Jobs.
	Namespace string
	// Core is for Kubernetes' own kinds.
	Core kubernetes.Interface
	jobs rest.Interface
}

// ErrNotFound is what a Job or CronJob that is not there is reported as.
var ErrNotFound = errors.New("not found")

// errNoKind is the ErrNotFound of a cluster that does not have the kind.
var errNoKind = fmt.Errorf("%w", ErrNotFound)

// NewClient returns the Client of a cluster.
func NewClient(config *rest.Config, namespace string) (*Client, error) {
	config = rest.CopyConfig(config)
	// One command asks for many logs at once, and ends soon.
	config.QPS, config.Burst = 50, 300
	own := rest.CopyConfig(config)
	scheme := runtime.NewScheme()
	if err := v1beta1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	own.GroupVersion, own.APIPath = &v1beta1.GroupVersion, "/apis"
	own.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	jobs, err := rest.RESTClientFor(own)
	if err != nil {
		return nil, err
	}
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	config.ContentType = runtime.ContentTypeProtobuf
	core, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &Client{Namespace: namespace, Core: core, jobs: jobs}, nil
}

// Job returns a Job.
func (c *Client) Job(ctx context.Context, name string) (*v1beta1.Job, error) {
	job := &v1beta1.Job{}
	err := c.jobs.Get().Namespace(c.Namespace).Resource("jobs").Name(name).Do(ctx).Into(job)
	return job, c.explain(err, "Job", name)
}

// CronJob returns a CronJob.
func (c *Client) CronJob(ctx context.Context, name string) (*v1beta1.CronJob, error) {
	cronJob := &v1beta1.CronJob{}
	err := c.jobs.Get().Namespace(c.Namespace).Resource("cronjobs").Name(name).Do(ctx).Into(cronJob)
	return cronJob, c.explain(err, "CronJob", name)
}

// Names returns the names of all objects of a resource, as jobs, in the namespace.
func (c *Client) Names(ctx context.Context, resource string) ([]string, error) {
	list := &metav1.PartialObjectMetadataList{}
	raw, err := c.jobs.Get().Namespace(c.Namespace).Resource(resource).
		SetHeader("Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").Do(ctx).Raw()
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, list); err != nil {
		return nil, err
	}
	var names []string
	for i := range list.Items {
		names = append(names, list.Items[i].Name)
	}
	return names, nil
}

// Create creates a Job.
func (c *Client) Create(ctx context.Context, job *v1beta1.Job) (*v1beta1.Job, error) {
	created := &v1beta1.Job{}
	err := c.jobs.Post().Namespace(c.Namespace).Resource("jobs").Body(job).Do(ctx).Into(created)
	return created, err
}

// Patch changes an object of a resource, as jobs, by a JSON merge patch.
func (c *Client) Patch(ctx context.Context, resource, name string, patch []byte) error {
	err := c.jobs.Patch(types.MergePatchType).Namespace(c.Namespace).Resource(resource).Name(name).Body(patch).Do(ctx).Error()
	return c.explain(err, kinds[resource], name)
}

// Delete deletes this Job, and no later one of its name. One that is gone already is no error.
func (c *Client) Delete(ctx context.Context, job *v1beta1.Job) error {
	options := &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &job.UID}, PropagationPolicy: new(metav1.DeletePropagationBackground)}
	err := c.jobs.Delete().Namespace(c.Namespace).Resource("jobs").Name(job.Name).Body(options).Do(ctx).Error()
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

var kinds = map[string]string{"jobs": "Job", "cronjobs": "CronJob"}

// explain says what to do about an error.
func (c *Client) explain(err error, kind, name string) error {
	switch {
	case err == nil:
		return nil
	case isNoKind(err):
		return fmt.Errorf("the cluster has no kind %s of %s: install the operator, or choose another cluster by --context: %w", kind, v1beta1.GroupVersion.Group, errNoKind)
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%s %q is not in namespace %q, or was deleted: choose another by --namespace: %w", kind, name, c.Namespace, ErrNotFound)
	}
	return err
}

// isNoKind returns whether the API server does not know the resource.
func isNoKind(err error) bool {
	var status apierrors.APIStatus
	if !apierrors.IsNotFound(err) || !errors.As(err, &status) {
		return false
	}
	details := status.Status().Details
	return details == nil || details.Name == "" || apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}
