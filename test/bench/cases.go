package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// The namespaces of the pods. In namespaceDone, the log of each container holds the
// word "done" from the start. In namespaceQuiet, the benchmark adds the word later.
const (
	namespaceDone  = "done"
	namespaceQuiet = "quiet"
)

const (
	// manyJobs is how many Jobs case 4 creates at once.
	manyJobs = 100
	// image is never pulled, because simulated nodes run no container.
	image = "example.com/work:v1"
)

// scenario is a case of the benchmark.
type scenario struct {
	// name is the number of the case, and title describes it.
	name, title string
	namespace   string
	// workloads returns the workloads to create on that many nodes.
	workloads func(nodes int) []workload
	// reference names the case whose bare DaemonSet is the limit, and is empty if the
	// case has its own. factor multiplies the time of that DaemonSet.
	reference string
	factor    float64
	// quiet cases hold the nodes at work for a quiet period before they are done.
	quiet bool
	// onlyBare cases measure the bare DaemonSet alone. With marks, its pods keep their
	// readiness gate, and the simulation marks them instead of a terminator.
	onlyBare, marks bool
}

// workload describes a Job and the nodes that it runs on.
type workload struct {
	name        string
	pods        int
	selector    map[string]string
	mode        v1beta1.CompletionMode
	parallelism string
	// released pods are deleted when their node is done. outputs of all nodes are recorded.
	released, outputs bool
}

var scenarios = []scenario{
	{name: "1", title: "Exit mode, all nodes at once", namespace: namespaceDone, workloads: everyNode(v1beta1.CompletionExit, "")},
	{name: "2", title: "Log mode, all nodes at once", namespace: namespaceDone, workloads: everyNode(v1beta1.CompletionLog, "")},
	{
		name: "marks", title: "the marks of Log mode alone, without logs", namespace: namespaceDone,
		workloads: everyNode(v1beta1.CompletionLog, ""), reference: "2", factor: 1, onlyBare: true, marks: true,
	},
	{name: "tenth", title: "a tenth of the nodes", namespace: namespaceDone, workloads: oneTenth, onlyBare: true},
	{
		name: "3", title: "Exit mode, parallelism 10%", namespace: namespaceDone, workloads: everyNode(v1beta1.CompletionExit, "10%"),
		reference: "tenth", factor: 10,
	},
	{name: "4", title: "100 Jobs at once, 50 nodes each", namespace: namespaceDone, workloads: groups},
	{name: "5", title: "Log mode, nothing happens for a while", namespace: namespaceQuiet, workloads: everyNode(v1beta1.CompletionLog, ""), quiet: true},
	{
		name: "6", title: "as 1, with completedPods Release", namespace: namespaceDone,
		workloads: everyNodeWith(func(w *workload) { w.released = true }), reference: "1", factor: 1,
	},
	{
		name: "7", title: "as 1, with results.outputs All", namespace: namespaceDone,
		workloads: everyNodeWith(func(w *workload) { w.outputs = true }), reference: "1", factor: 1,
	},
}

func everyNode(mode v1beta1.CompletionMode, parallelism string) func(int) []workload {
	return func(nodes int) []workload {
		return []workload{{name: "bench", pods: nodes, mode: mode, parallelism: parallelism}}
	}
}

// everyNodeWith is case 1 with a change.
func everyNodeWith(change func(*workload)) func(int) []workload {
	return func(nodes int) []workload {
		all := everyNode(v1beta1.CompletionExit, "")(nodes)
		change(&all[0])
		return all
	}
}

func oneTenth(nodes int) []workload {
	return []workload{{name: "bench", pods: nodes / 10, selector: map[string]string{labelTenth: "0"}, mode: v1beta1.CompletionExit}}
}

func groups(nodes int) []workload {
	var all []workload
	for i := range manyJobs {
		group := i % max(1, nodes/groupSize)
		all = append(all, workload{
			name: fmt.Sprintf("bench-%d", i), pods: min(groupSize, nodes),
			selector: map[string]string{labelGroup: strconv.Itoa(group)}, mode: v1beta1.CompletionExit,
		})
	}
	return all
}

func podCount(all []workload) int {
	sum := 0
	for _, w := range all {
		sum += w.pods
	}
	return sum
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
	operator, err := e.startOperator(ctx)
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
