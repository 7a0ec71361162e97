package jobcache

import (
	"encoding/json"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestACachedJobHasWhatIsRead(t *testing.T) {
	g, huge := NewWithT(t), strings.Repeat("x", 1e5)
	job := wrappers.Job("ns", "j").UID("u").Generation(3).TTL(5).Label("other", "dropped").Label(v1beta1.LabelExcludeFromBackup, "true").
		Annotation("kubectl.kubernetes.io/last-applied-configuration", huge).Annotation(v1beta1.AnnotationResume, "again").Obj()
	job.ResourceVersion, job.DeletionTimestamp, job.Finalizers = "7", new(metav1.Now().Rfc3339Copy()), []string{huge}
	job.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: huge}}
	job.OwnerReferences = append([]metav1.OwnerReference{{Name: huge}}, wrappers.Job("ns", "j").OfCronJob("weekly", "c").OwnerReferences...)
	job.Status = v1beta1.JobStatus{Phase: v1beta1.PhaseRunning, Conditions: []metav1.Condition{{Type: v1beta1.JobBlocked}}}
	for _, key := range append(plan.MetadataKeys(), v1beta1.AnnotationScheduledTime) {
		metav1.SetMetaDataAnnotation(&job.ObjectMeta, key, "read")
	}
	decoded := keptOf(g, job)

	want := job.DeepCopy()
	want.Labels = map[string]string{v1beta1.LabelExcludeFromBackup: "true"}
	delete(want.Annotations, "kubectl.kubernetes.io/last-applied-configuration")
	want.Finalizers, want.ManagedFields, want.OwnerReferences = nil, nil, want.OwnerReferences[1:]
	g.Expect(decoded.DeletionTimestamp.Equal(want.DeletionTimestamp)).To(BeTrue())
	decoded.DeletionTimestamp, want.DeletionTimestamp = nil, nil
	g.Expect(decoded).To(Equal(want))
	g.Expect(plan.OwnedByGitOps(decoded)).NotTo(BeEmpty())
}

// keptOf returns what the cache keeps of a Job. That is little, and stays the same when it is
// stripped again, as after a resync.
func keptOf(g Gomega, job *v1beta1.Job) *v1beta1.Job {
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(job)
	g.Expect(err).NotTo(HaveOccurred())
	kept, err := strip(&unstructured.Unstructured{Object: object})
	g.Expect(err).NotTo(HaveOccurred())
	data, err := json.Marshal(kept)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(data)).To(BeNumerically("<", 2048))
	again, err := strip(kept.(*unstructured.Unstructured).DeepCopy())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again).To(Equal(kept))
	decoded, err := Decode(kept.(*unstructured.Unstructured))
	g.Expect(err).NotTo(HaveOccurred())
	return decoded
}

// What a tool for many clusters applied is kept by its owner, of which nothing is cached that a user can make long.
func TestACachedJobHasTheKindOfItsFleetsOwner(t *testing.T) {
	g, huge := NewWithT(t), strings.Repeat("x", 1e5)
	job := wrappers.Job("ns", "j").Obj()
	job.OwnerReferences = []metav1.OwnerReference{{Name: huge}, {APIVersion: "placement.kubernetes-fleet.io/" + huge, Kind: "AppliedWork", Name: huge, UID: types.UID(huge)}}
	decoded := keptOf(g, job)
	g.Expect(plan.OwnedByGitOps(decoded)).To(Equal("KubeFleet"))
}

// A Job that cannot be decoded must stay one.
func TestAPoisonJobIsKeptAsItIs(t *testing.T) {
	g := NewWithT(t)
	kept, err := strip(wrappers.Poison("ns", "j"))
	g.Expect(err).NotTo(HaveOccurred())
	_, err = Decode(kept.(*unstructured.Unstructured))
	g.Expect(err).To(MatchError(ContainSubstring("spec.parallelism")))
}
