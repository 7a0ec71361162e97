package fleet

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// Resources that the plugin lists and watches, as its messages name them.
const (
	kindJob       = "jobs.daemonset.darkowlzz.space"
	kindDaemonSet = "daemonsets.apps"
	kindPod       = "pods"
	kindNode      = "nodes"
	kindRecord    = "jobrecords.daemonset.darkowlzz.space"
)

// source is objects of one kind that are listed and watched.
type source struct {
	kind     string
	object   runtime.Object
	newList  func() runtime.Object
	request  func() *rest.Request
	restrict func(*metav1.ListOptions)
}

// sources returns what is read of a Job. Followers of its end need the Job alone.
func (c *Client) sources(job *v1beta1.Job, alone bool) []source {
	named := func(name string) func(*metav1.ListOptions) {
		return func(o *metav1.ListOptions) {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", name).String()
		}
	}
	in := func(client rest.Interface, resource string) func() *rest.Request {
		return func() *rest.Request { return client.Get().Namespace(job.Namespace).Resource(resource) }
	}
	own := source{kindJob, &v1beta1.Job{}, func() runtime.Object { return &v1beta1.JobList{} }, in(c.jobs, "jobs"), named(job.Name)}
	if alone {
		return []source{own}
	}
	core, apps := c.Core.CoreV1().RESTClient(), c.Core.AppsV1().RESTClient()
	return []source{
		own,
		{kindDaemonSet, &appsv1.DaemonSet{}, func() runtime.Object { return &appsv1.DaemonSetList{} }, in(apps, "daemonsets"), named(v1beta1.DaemonSetName(job.Name))},
		{kindPod, &corev1.Pod{}, func() runtime.Object { return &corev1.PodList{} }, in(core, "pods"), labelled(v1beta1.PodLabels(job.Name))},
		{kindRecord, &v1beta1.JobRecord{}, func() runtime.Object { return &v1beta1.JobRecordList{} }, in(c.jobs, "jobrecords"), labelled(plan.PageLabels(job))},
		{kindNode, &corev1.Node{}, func() runtime.Object { return &corev1.NodeList{} },
			func() *rest.Request { return core.Get().Resource("nodes") }, func(*metav1.ListOptions) {}},
	}
}

func labelled(set map[string]string) func(*metav1.ListOptions) {
	return func(o *metav1.ListOptions) { o.LabelSelector = labels.SelectorFromSet(set).String() }
}

func (s *source) list(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	s.restrict(&options)
	list := s.newList()
	return list, s.request().VersionedParams(&options, metav1.ParameterCodec).Do(ctx).Into(list)
}

func (s *source) watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	s.restrict(&options)
	options.Watch = true
	return s.request().VersionedParams(&options, metav1.ParameterCodec).Watch(ctx)
}
