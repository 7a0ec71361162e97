package job

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// readerOf returns a client of a cache with these Jobs, as controllers read them.
func readerOf(t *testing.T, jobs ...*v1beta1.Job) client.Reader {
	t.Helper()
	scheme := runtime.NewScheme()
	scheme.AddKnownTypeWithName(v1beta1.GroupVersion.WithKind("Job"), &unstructured.Unstructured{})
	scheme.AddKnownTypeWithName(v1beta1.GroupVersion.WithKind("JobList"), &unstructured.UnstructuredList{})
	objects := []client.Object{wrappers.Poison("ns", "poison-1"), wrappers.Poison("ns", "poison-2")}
	for _, job := range jobs {
		object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(job)
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		objects = append(objects, &unstructured.Unstructured{Object: object})
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build()
}

// gauges returns the values of the collector's gauges by name and labels.
func gauges(t *testing.T, c prometheus.Collector) map[string]float64 {
	t.Helper()
	g, registry, values := NewWithT(t), prometheus.NewPedanticRegistry(), map[string]float64{}
	g.Expect(registry.Register(c)).To(Succeed())
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
	return values
}

func TestMetricsCountUndecodableJobsApart(t *testing.T) {
	g := NewWithT(t)
	reader := readerOf(t, wrappers.Job("ns", "j").Status(v1beta1.JobStatus{Phase: v1beta1.PhaseRunning, Desired: 5, Active: 1, Succeeded: 2}).Obj())
	g.Expect(gauges(t, &collector{reader: reader})).To(And(HaveKeyWithValue("daemonset_job_jobs_undecodable", 2.0), HaveKeyWithValue("daemonset_job_jobs Running", 1.0),
		HaveKeyWithValue("daemonset_job_jobs Pending", 0.0), HaveKeyWithValue("daemonset_job_nodes AllNodes waiting", 2.0)))
}

func TestNodesAreCountedByCompletionPolicy(t *testing.T) {
	g := NewWithT(t)
	failing := func(name string, policy v1beta1.CompletionPolicy) *v1beta1.Job {
		job := wrappers.Job("ns", name).Status(v1beta1.JobStatus{Phase: v1beta1.PhaseRunning, Desired: 3, Succeeded: 1, Failed: 2}).Obj()
		job.Spec.CompletionPolicy = policy
		return job
	}
	values := gauges(t, &collector{reader: readerOf(t, failing("a", ""), failing("b", v1beta1.CompletionNever), failing("c", v1beta1.CompletionNever))})
	g.Expect(values).To(And(HaveKeyWithValue("daemonset_job_nodes AllNodes failed", 2.0), HaveKeyWithValue("daemonset_job_nodes Never failed", 4.0),
		HaveKeyWithValue("daemonset_job_nodes Never active", 0.0)))
}

func TestBlockedJobsAreCountedByReason(t *testing.T) {
	g := NewWithT(t)
	blocked := func(name, reason string, status metav1.ConditionStatus, others ...metav1.Condition) *v1beta1.Job {
		conditions := append(others, metav1.Condition{Type: v1beta1.JobBlocked, Status: status, Reason: reason})
		return wrappers.Job("ns", name).Status(v1beta1.JobStatus{Conditions: conditions}).Obj()
	}
	values := gauges(t, &collector{reader: readerOf(t,
		blocked("a", v1beta1.ReasonPodsWaiting, metav1.ConditionTrue), blocked("b", v1beta1.ReasonPodsWaiting, metav1.ConditionTrue),
		blocked("c", v1beta1.ReasonNotBlocked, metav1.ConditionFalse), blocked("d", "SetByAnotherVersion", metav1.ConditionTrue),
		blocked("e", v1beta1.ReasonPodsWaiting, metav1.ConditionTrue, metav1.Condition{Type: v1beta1.JobFailed, Status: metav1.ConditionTrue}),
	)})
	g.Expect(values).To(And(HaveKeyWithValue("daemonset_job_jobs_blocked PodsWaiting", 2.0), HaveKeyWithValue("daemonset_job_jobs_blocked Other", 1.0),
		HaveKeyWithValue("daemonset_job_jobs_blocked Undecodable", 2.0), Not(HaveKey("daemonset_job_jobs_blocked NotBlocked"))))
}

// The sum over all replicas must be the number of objects.
func TestTheLeaderAloneCountsObjects(t *testing.T) {
	g, elected := NewWithT(t), make(chan struct{})
	counts := leaderCollector{&collector{reader: readerOf(t)}, elected}
	g.Expect(gauges(t, counts)).To(BeEmpty())
	close(elected)
	g.Expect(gauges(t, counts)).To(HaveKeyWithValue("daemonset_job_jobs Running", 0.0))
	for _, c := range Collectors(readerOf(t), elected, me) {
		if c != prometheus.Collector(duration) {
			g.Expect(c).To(BeAssignableToTypeOf(leaderCollector{}))
		}
	}
}

// A reason that is not in the list is counted as Other, which says nothing.
func TestEachReasonOfBlockedIsCounted(t *testing.T) {
	g := NewWithT(t)
	names, err := os.ReadFile(filepath.Join("..", "..", "api", "v1beta1", "names.go"))
	g.Expect(err).NotTo(HaveOccurred())
	var values []string
	for _, match := range regexp.MustCompile(`// Reason\w+ is why a Job is Blocked(?:.*\n\s*//)*.*\n\s*Reason\w+ = "(\w+)"`).FindAllSubmatch(names, -1) {
		values = append(values, string(match[1]))
	}
	g.Expect(values).NotTo(BeEmpty())
	g.Expect(blockedReasons).To(ConsistOf(values))
}
