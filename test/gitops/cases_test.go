// Package gitops tests that tools which wait for Jobs read from their statuses what
// they mean. The statuses are those that the manager computes.
package gitops

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const hash = "h1"

// play is a Job, with what the manager observes of it.
type play struct {
	t     *testing.T
	state plan.State
}

// start plays a Job on so many nodes that the manager has observed once.
func start(t *testing.T, job *wrappers.JobWrapper, nodes ...string) *play {
	t.Helper()
	ds := &appsv1.DaemonSet{}
	ds.UID, ds.Spec.Template.Labels = "ds-uid", map[string]string{v1beta1.LabelTemplateHash: hash}
	ds.Status.DesiredNumberScheduled = int32(len(nodes))
	p := &play{t, plan.State{Job: job.UID("j-uid").Generation(1).Obj(), Now: now, TemplateHash: hash, DaemonSet: ds, ExpectationsMet: true, Live: true}}
	for _, node := range nodes {
		p.state.Nodes = append(p.state.Nodes, plan.Node{Name: node, UID: types.UID(node), Placement: daemonset.Placed})
	}
	p.reconcile()
	return p
}

// observe adds a pod, and reconciles the Job a minute later.
func (p *play) observe(pods ...*wrappers.PodWrapper) *play {
	p.t.Helper()
	for _, pod := range pods {
		read := plan.ReadPod(pod.Obj())
		read.Owner = p.state.DaemonSet.UID
		p.state.Pods = append(p.state.Pods, read)
	}
	p.reconcile()
	return p
}

func (p *play) reconcile() {
	p.t.Helper()
	p.state.Now = p.state.Now.Add(time.Minute)
	if update := plan.Compute(p.state).Status; update != nil {
		p.state.Job.Status = update.Status
	}
}

func (p *play) pod(node string) *wrappers.PodWrapper { return wrappers.Pod(p.state.Job, node, hash) }

func (p *play) failed(node string) *wrappers.PodWrapper {
	return p.pod(node).Restarted(v1beta1.ContainerName, 7, 1, "boom")
}

// blocked reconciles the Job with what the API server answered.
func (p *play) blocked(reason string) *play {
	p.t.Helper()
	p.state.Blocker = plan.Blocker{Reason: reason, Message: "in the way"}
	p.reconcile()
	return p
}

// changed is the user, who changes what runs. The manager reconciles it, or not yet.
func (p *play) changed(reconciled bool) *play {
	p.t.Helper()
	p.state.Job.Generation, p.state.TemplateHash = 2, "h2"
	if reconciled {
		p.reconcile()
	}
	return p
}

// tools is what each of the tools is to read from a Job.
type tools struct{ kstatus, argoCD string }

var (
	inProgress = tools{"InProgress", "Progressing"}
	current    = tools{"Current", "Healthy"}
	stalled    = tools{"Failed", "Degraded"}
	suspended  = tools{"InProgress", "Suspended"}
)

type testCase struct {
	job  *v1beta1.Job
	read tools
}

// cases returns Jobs in all situations that tools must tell apart.
func cases(t *testing.T) map[string]testCase {
	t.Helper()
	j := func() *wrappers.JobWrapper { return wrappers.Job("ns", "j") }
	holds := func() *wrappers.JobWrapper { return j().OnFailure(v1beta1.FailureActionSuspend) }
	jobs := map[string]struct {
		play *play
		read tools
	}{
		"just observed":           {start(t, j(), "a"), inProgress},
		"at work":                 {func() *play { p := start(t, j(), "a", "b"); return p.observe(p.pod("a").Completed(), p.pod("b")) }(), inProgress},
		"complete":                {func() *play { p := start(t, j(), "a"); return p.observe(p.pod("a").Completed()) }(), current},
		"complete, with failures": {func() *play { p := start(t, j().MaxFailedNodes("1"), "a"); return p.observe(p.failed("a")) }(), current},
		"failed":                  {func() *play { p := start(t, j(), "a"); return p.observe(p.failed("a")) }(), stalled},
		"failed, changed":         {func() *play { p := start(t, j(), "a"); return p.observe(p.failed("a")).changed(false) }(), inProgress},
		"failed, starts over":     {func() *play { p := start(t, j(), "a"); return p.observe(p.failed("a")).changed(true) }(), inProgress},
		"complete, starts over":   {func() *play { p := start(t, j(), "a"); return p.observe(p.pod("a").Completed()).changed(true) }(), inProgress},
		"held":                    {func() *play { p := start(t, holds(), "a"); return p.observe(p.failed("a")) }(), stalled},
		"suspended by the user":   {start(t, j().Suspend(true), "a"), suspended},
		"the name is taken":       {start(t, j(), "a").blocked(v1beta1.ReasonDaemonSetNameTaken), stalled},
		"refused":                 {start(t, j(), "a").blocked(v1beta1.ReasonDaemonSetRefused), stalled},
		"no node":                 {start(t, j()), inProgress},
		"a quota":                 {start(t, j(), "a").blocked(v1beta1.ReasonPodsRefused), inProgress},
		"never, at work":          {func() *play { p := start(t, j().Never(), "a"); return p.observe(p.pod("a")) }(), inProgress},
		"never, all done":         {func() *play { p := start(t, j().Never(), "a"); return p.observe(p.pod("a").Completed()) }(), current},
		"never, a failed node":    {func() *play { p := start(t, j().Never(), "a"); return p.observe(p.failed("a")) }(), inProgress},
	}
	all := map[string]testCase{"new": {j().Generation(1).Obj(), inProgress}}
	for name, c := range jobs {
		all[name] = testCase{c.play.state.Job, c.read}
	}
	resumed := start(t, holds(), "a")
	resumed.observe(resumed.failed("a"))
	resumed.state.Job.Annotations = map[string]string{v1beta1.AnnotationResume: "again"}
	resumed.reconcile()
	all["resumed"] = testCase{resumed.state.Job, inProgress}
	return all
}

// object returns the Job as a tool reads it from the API server.
func object(t *testing.T, job *v1beta1.Job) *unstructured.Unstructured {
	t.Helper()
	g := NewWithT(t)
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(job)
	g.Expect(err).NotTo(HaveOccurred())
	if job.Status.TemplateHash == "" {
		content["status"] = defaultStatus(t)
	}
	return &unstructured.Unstructured{Object: content}
}

// defaultStatus returns the status that the API server gives to a new Job.
func defaultStatus(t *testing.T) map[string]any {
	t.Helper()
	g := NewWithT(t)
	data, err := os.ReadFile(filepath.Join("..", "..", "config", "crd", "bases", "daemonset.darkowlzz.space_jobs.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	crd := &apiextensionsv1.CustomResourceDefinition{}
	g.Expect(yaml.Unmarshal(data, crd)).To(Succeed())
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["status"]
	g.Expect(schema.Default).NotTo(BeNil())
	var status struct {
		ObservedGeneration int64 `json:"observedGeneration"`
	}
	g.Expect(json.Unmarshal(schema.Default.Raw, &status)).To(Succeed())
	return map[string]any{"observedGeneration": status.ObservedGeneration}
}

// deleted returns a Job that a finalizer holds.
func deleted(job *v1beta1.Job) *v1beta1.Job {
	job = job.DeepCopy()
	job.DeletionTimestamp = new(metav1.NewTime(now))
	return job
}
