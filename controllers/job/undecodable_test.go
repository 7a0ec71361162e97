package job

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// patched returns the object with the patch merged into it, as the API server does.
func patched(g *WithT, object *unstructured.Unstructured, patch []byte) *unstructured.Unstructured {
	object = object.DeepCopy()
	var change struct {
		Status map[string]any `json:"status"`
	}
	g.Expect(json.Unmarshal(patch, &change)).To(Succeed())
	for key, value := range change.Status {
		g.Expect(unstructured.SetNestedField(object.Object, value, "status", key)).To(Succeed())
	}
	data, err := object.MarshalJSON()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(object.UnmarshalJSON(data)).To(Succeed())
	return object
}

func TestBlockedPatch(t *testing.T) {
	g, start := NewWithT(t), time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	stored := wrappers.Poison("ns", "j")
	stored.SetUID("u")
	stored.SetGeneration(7)
	stored.SetResourceVersion("3")
	failed := map[string]any{"type": v1beta1.JobFailed, "status": "True", "unknown": "kept"}
	notBlocked := map[string]any{"type": v1beta1.JobBlocked, "status": "False", "reason": "NotBlocked", "lastTransitionTime": "2025-01-01T00:00:00Z"}
	g.Expect(unstructured.SetNestedField(stored.Object, "Running", "status", "phase")).To(Succeed())
	g.Expect(unstructured.SetNestedSlice(stored.Object, []any{failed, notBlocked}, "status", "conditions")).To(Succeed())
	before := stored.DeepCopy()

	patch, err := blockedPatch(stored, "why", start)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(stored).To(Equal(before), "it is shared with the informer cache")
	g.Expect(string(patch)).To(And(ContainSubstring(`"uid":"u"`), ContainSubstring(`"resourceVersion":"3"`)))
	now := patched(g, stored, patch)
	g.Expect(now.Object["status"]).To(Equal(map[string]any{"phase": "Running", "conditions": []any{failed, map[string]any{
		"type": v1beta1.JobBlocked, "status": "True", "reason": v1beta1.ReasonUndecodable, "message": "why",
		"observedGeneration": int64(7), "lastTransitionTime": "2026-01-02T02:04:05Z",
	}}}))

	g.Expect(blockedPatch(now, "why", start.Add(time.Hour))).To(BeNil(), "it says so already")
	for _, change := range []func(){func() { now.SetGeneration(8) }, func() {}} {
		change()
		patch, err = blockedPatch(now, "another reason", start.Add(time.Hour))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(patch)).To(ContainSubstring("2026-01-02T02:04:05Z"), "it is blocked since then")
	}
	patch, err = blockedPatch(wrappers.Poison("ns", "j"), "why", start)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(patch)).To(ContainSubstring(v1beta1.ReasonUndecodable))
}

// The record of a Job that cannot be decoded is one write, which the API server may refuse.
func TestBlockUndecodable(t *testing.T) {
	jobs := schema.GroupResource{Group: v1beta1.GroupVersion.Group, Resource: "jobs"}
	stored, terminating := wrappers.Poison("ns", "j"), wrappers.Poison("ns", "j")
	terminating.SetDeletionTimestamp(new(metav1.Now()))
	tests := map[string]struct {
		stored  *unstructured.Unstructured
		answer  error
		want    ctrl.Result
		fails   bool
		writes  int
		reports int
	}{
		"written":           {stored, nil, ctrl.Result{}, false, 1, 1},
		"changed meanwhile": {stored, apierrors.NewConflict(jobs, "j", errors.New("changed")), ctrl.Result{RequeueAfter: conflictRetryDelay}, false, 1, 0},
		"not written":       {stored, apierrors.NewInternalError(errors.New("down")), ctrl.Result{}, true, 1, 0},
		"terminating":       {terminating, nil, ctrl.Result{}, false, 0, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g, writes, recorder := NewWithT(t), 0, events.NewFakeRecorder(10)
			cluster := fake.NewClientBuilder().WithInterceptorFuncs(interceptor.Funcs{
				SubResourcePatch: func(context.Context, client.Client, string, client.Object, client.Patch, ...client.SubResourcePatchOption) error {
					writes++
					return test.answer
				},
			}).Build()
			_, err := jobcache.Decode(test.stored)
			undecodable := &jobcache.UndecodableError{}
			g.Expect(errors.As(err, &undecodable)).To(BeTrue())
			result, err := New(cluster, cluster, recorder, clock.RealClock{}, Options{}).blockUndecodable(context.Background(), undecodable)
			g.Expect(err != nil).To(Equal(test.fails))
			g.Expect(result).To(Equal(test.want))
			g.Expect(writes).To(Equal(test.writes))
			g.Expect(recorder.Events).To(HaveLen(test.reports), "an event speaks of a status that was written")
		})
	}
}

func TestMetricsCountUndecodableJobsApart(t *testing.T) {
	g := NewWithT(t)
	scheme := runtime.NewScheme()
	scheme.AddKnownTypeWithName(v1beta1.GroupVersion.WithKind("Job"), &unstructured.Unstructured{})
	scheme.AddKnownTypeWithName(v1beta1.GroupVersion.WithKind("JobList"), &unstructured.UnstructuredList{})
	healthy, err := runtime.DefaultUnstructuredConverter.ToUnstructured(wrappers.Job("ns", "j").Status(v1beta1.JobStatus{
		Phase: v1beta1.PhaseRunning, Desired: 5, Active: 1, Succeeded: 2,
	}).Obj())
	g.Expect(err).NotTo(HaveOccurred())
	reader := fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		&unstructured.Unstructured{Object: healthy}, wrappers.Poison("ns", "a"), wrappers.Poison("ns", "b")).Build()
	registry := prometheus.NewPedanticRegistry()
	g.Expect(registry.Register(&collector{reader: reader})).To(Succeed())
	values := map[string]float64{}
	families, err := registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	for _, family := range families {
		for _, metric := range family.Metric {
			name := family.GetName()
			for _, label := range metric.Label {
				name += " " + label.GetValue()
			}
			values[name] = metric.Gauge.GetValue()
		}
	}
	g.Expect(values).To(And(HaveKeyWithValue("daemonset_job_jobs_undecodable", 2.0), HaveKeyWithValue("daemonset_job_jobs Running", 1.0),
		HaveKeyWithValue("daemonset_job_jobs Pending", 0.0), HaveKeyWithValue("daemonset_job_nodes waiting", 2.0)))
}
