package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// keptSeconds is the TTL of Jobs that the benchmark itself deletes.
const keptSeconds = 86400

// workload describes a Job and the nodes that it runs on.
type workload struct {
	name        string
	pods        int
	selector    map[string]string
	mode        v1beta1.CompletionMode
	parallelism string
	// released pods are deleted when their node is done. outputs of all nodes are recorded.
	released, outputs bool
	// kept Jobs stay when they are complete, until the benchmark deletes them.
	kept bool
}

// job returns the Job of the workload.
func (w workload) job(namespace string) client.Object {
	spec := corev1.PodSpec{
		NodeSelector: w.selector, Containers: []corev1.Container{{Name: v1beta1.ContainerName, Image: image}},
		AutomountServiceAccountToken: new(false), TerminationGracePeriodSeconds: new(int64(0)),
	}
	job := &v1beta1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: w.name},
		Spec:       v1beta1.JobSpec{CompletionMode: w.mode, Template: &corev1.PodTemplateSpec{Spec: spec}},
	}
	if w.released {
		job.Spec.CompletedPods = v1beta1.CompletedPodsRelease
	}
	if w.kept {
		job.Spec.TTLSecondsAfterFinished = new(int32(keptSeconds))
	}
	if w.outputs {
		job.Spec.Results = &v1beta1.Results{Outputs: v1beta1.OutputsAll}
	}
	if w.parallelism != "" {
		job.Spec.Parallelism = new(intstr.FromString(w.parallelism))
	}
	return job
}

// bare returns a DaemonSet with the pods that the operator would create, made from its
// template. Without marks, the pods have no readiness gate.
func (w workload) bare(namespace string, template corev1.PodTemplateSpec, marks bool) client.Object {
	template = *template.DeepCopy()
	template.Labels[v1beta1.LabelJob] = w.name
	template.Spec.NodeSelector = w.selector
	// No manager runs that would open the gates.
	template.Spec.SchedulingGates = nil
	if marks {
		template.Labels[labelBench] = benchMarks
	} else {
		template.Spec.ReadinessGates = nil
	}
	return &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: w.name},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{v1beta1.LabelJob: w.name}},
			Template: template,
		},
	}
}

// template returns the pod template that the operator makes of a Job like the workload.
// It creates a Job that matches no node, once for each mode.
func (e *env) template(ctx context.Context, w workload, namespace string) (corev1.PodTemplateSpec, error) {
	if known, ok := e.templates[w.mode]; ok {
		return known, nil
	}
	ds := &appsv1.DaemonSet{}
	operator, err := e.startOperator(ctx, e.operatorAsShipped())
	if err != nil {
		return ds.Spec.Template, err
	}
	defer operator.stop()
	w.name, w.selector = "template", map[string]string{"bench/none": "true"}
	job := w.job(namespace)
	if err := e.client.Create(ctx, job); err != nil {
		return ds.Spec.Template, err
	}
	key := client.ObjectKey{Namespace: namespace, Name: v1beta1.DaemonSetName(w.name)}
	err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		err := e.client.Get(ctx, key, ds)
		return err == nil, client.IgnoreNotFound(err)
	})
	e.templates[w.mode] = ds.Spec.Template
	return ds.Spec.Template, errors.Join(err, e.client.Delete(ctx, job))
}

// create creates the objects, and returns the time just before the first one.
func (e *env) create(ctx context.Context, objects []client.Object) (time.Time, error) {
	began := time.Now()
	for _, object := range objects {
		if err := e.client.Create(ctx, object); err != nil {
			return began, fmt.Errorf("creating %s: %w", object.GetName(), err)
		}
	}
	return began, nil
}
