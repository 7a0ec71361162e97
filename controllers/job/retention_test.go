package job_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

// recordObject is the first page of a Job, with one entry that ended an hour ago.
func recordObject(namespace, job, uid string) *v1beta1.JobRecord {
	return &v1beta1.JobRecord{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: fmt.Sprintf("%s-%.8s-0", job, uid),
			Labels: map[string]string{v1beta1.LabelDaemonSetJob: "true", v1beta1.LabelJob: job, v1beta1.LabelJobUID: uid},
		},
		Spec: v1beta1.JobRecordSpec{Run: v1beta1.JobRun{TemplateHash: "h", Generation: 1}, Nodes: []v1beta1.NodeRecord{{
			Node: "n", NodeUID: "n", Result: v1beta1.RecordSucceeded, EndTime: new(metav1.NewTime(time.Now().Add(-time.Hour))),
		}}},
	}
}

func ownedBy(j *v1beta1.Job) []metav1.OwnerReference {
	return []metav1.OwnerReference{*metav1.NewControllerRef(j, v1beta1.GroupVersion.WithKind("Job"))}
}

// retained is a Job whose JobRecords are kept for so many seconds.
func retained(namespace string, seconds int32) *wrappers.JobWrapper {
	j := pooled(namespace, "j").TTL(3600)
	j.Spec.Results = &v1beta1.Results{RetainSeconds: &seconds}
	return j
}

// recordsOf returns the JobRecords of a Job, whatever others have its name.
func recordsOf(j *v1beta1.Job) func() ([]v1beta1.JobRecord, error) {
	return func() ([]v1beta1.JobRecord, error) {
		list := &v1beta1.JobRecordList{}
		err := k8s.List(ctx, list, client.InNamespace(j.Namespace), client.MatchingLabels{v1beta1.LabelJobUID: string(j.UID)})
		return list.Items, err
	}
}

func isGone(record *v1beta1.JobRecord) func() bool {
	return func() bool {
		return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(record), &v1beta1.JobRecord{}))
	}
}

var _ = Describe("retained JobRecords", func() {
	var ns string
	BeforeEach(func() {
		ns = newNamespace()
		addNodes(ns, "a", "b")
	})
	// complete lets both nodes of the Job succeed.
	complete := func(j *v1beta1.Job) {
		GinkgoHelper()
		finish(ns, "j", "a")
		finish(ns, "j", "b")
		Eventually(condition(j, v1beta1.JobComplete)).Should(Equal("True AllNodesDone"))
	}

	It("outlive their Job, and go when their time is over", func() {
		j := create(retained(ns, 5))
		complete(j)
		pages, err := recordsOf(j)()
		Expect(err).NotTo(HaveOccurred())
		Expect(pages).To(HaveExactElements(And(HaveField("OwnerReferences", BeEmpty()), HaveField("Spec.RetainSeconds", HaveValue(Equal(int32(5)))),
			HaveField("Spec.Nodes", HaveLen(2)))), "they are written before the verdict")
		Consistently(recordsOf(j)).WithTimeout(7*time.Second).Should(HaveLen(1), "the Job is there")

		Expect(k8s.Delete(ctx, j)).To(Succeed())
		Eventually(recordsOf(j)).Should(BeEmpty(), "its time was over before")
	})

	It("stay for their time after their Job, and never count for the next Job of its name", func() {
		j := create(retained(ns, 3600))
		complete(j)
		Expect(k8s.Delete(ctx, j)).To(Succeed())
		Eventually(notFound(j)).Should(BeTrue())
		Eventually(podNames(j)).Should(BeEmpty())

		again := create(retained(ns, 3600).Parallelism("1"))
		Eventually(status(again)).Should(And(HaveField("Active", int32(1)), phaseAnd(v1beta1.PhaseRunning, "0/2")))
		first := open(ns, "j", "a", "b")
		finish(ns, "j", first)
		Eventually(status(again)).Should(And(HaveField("Active", int32(1)), phaseAnd(v1beta1.PhaseRunning, "1/2")))
		finish(ns, "j", without(first, "a", "b")[0])
		Eventually(condition(again, v1beta1.JobComplete)).Should(Equal("True AllNodesDone"))
		Expect(recordsOf(j)()).To(HaveLen(1))
		Expect(recordsOf(again)()).To(HaveLen(1))
	})

	It("carry the value of when their run began", func() {
		j := create(retained(ns, 3600))
		complete(j)
		change(j, func(spec *v1beta1.JobSpec) {
			spec.Results.RetainSeconds = nil
			spec.Template.Spec.Containers[0].Image = "example.com/work:v2"
		})
		Eventually(status(j)).Should(phaseAnd(v1beta1.PhaseRunning, "0/2"))
		change(j, func(spec *v1beta1.JobSpec) { spec.Results.Outputs = v1beta1.OutputsAll })
		complete(j)
		Expect(recordsOf(j)()).To(ConsistOf(
			And(HaveField("Spec.RetainSeconds", HaveValue(Equal(int32(3600)))), HaveField("OwnerReferences", BeEmpty())),
			And(HaveField("Spec.RetainSeconds", BeNil()), HaveField("OwnerReferences", HaveLen(1)))))
		Expect(k8s.Delete(ctx, j)).To(Succeed())
		Eventually(recordsOf(j)).Should(HaveExactElements(HaveField("Spec.RetainSeconds", HaveValue(Equal(int32(3600))))), "garbage collection takes the others")
	})

	// A manager that starts observes the JobRecords that are there as new ones.
	It("go when their Job was deleted before they were observed", func() {
		other := create(retained(ns, 3600))
		made := func(uid string, seconds int32) *v1beta1.JobRecord {
			GinkgoHelper()
			record := recordObject(ns, "j", uid)
			record.Spec.RetainSeconds = &seconds
			Expect(k8s.Create(ctx, record)).To(Succeed())
			return record
		}
		over, kept, mine := made("gone-1", 60), made("kept-1", 7200), made(string(other.UID), 60)
		missing := recordObject(ns, "missing", "gone-2")
		missing.Spec.RetainSeconds = new(int32(60))
		Expect(k8s.Create(ctx, missing)).To(Succeed())
		Eventually(isGone(over)).Should(BeTrue(), "the Job of its name has another UID")
		Eventually(isGone(missing)).Should(BeTrue())
		Consistently(isGone(kept)).Should(BeFalse())
		Expect(isGone(mine)()).To(BeFalse())
	})

	It("cannot be changed in what makes them evidence", func() {
		record := recordObject(ns, "j", "u")
		record.Spec.RetainSeconds = new(int32(60))
		record.Labels = nil
		Expect(k8s.Create(ctx, record)).To(Succeed())
		patch := func(patch string) error {
			return k8s.Patch(ctx, record.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(patch)))
		}
		for _, seconds := range []string{"61", "null"} {
			Expect(patch(`{"spec":{"retainSeconds":` + seconds + `}}`)).To(MatchError(ContainSubstring("retainSeconds cannot be changed")))
		}
		Expect(patch(`{"spec":{"sealed":true}}`)).To(Succeed())
	})
})

var _ = Describe("the retained JobRecord of a Job that cannot be decoded", Serial, func() {
	It("is kept until the Job is gone", func() {
		ns := newNamespace()
		restore, err := wrappers.Unbound(ctx, k8s)
		DeferCleanup(func() { Expect(restore()).To(Succeed()) })
		Expect(err).NotTo(HaveOccurred())
		poison := wrappers.Poison(ns, "j")
		Expect(k8s.Create(ctx, poison)).To(Succeed())
		record := recordObject(ns, "j", string(poison.GetUID()))
		record.Spec.RetainSeconds = new(int32(60))
		Expect(k8s.Create(ctx, record)).To(Succeed())
		Consistently(isGone(record)).Should(BeFalse())
		Expect(k8s.Delete(ctx, poison)).To(Succeed())
		Eventually(isGone(record)).Should(BeTrue())
	})
})

var _ = Describe("a JobRecord of another Job", func() {
	It("is reported and left as it is where it has the name that a Job needs", func() {
		ns := newNamespace()
		addNodes(ns, "a", "b")
		j := create(retained(ns, 3600).Suspend(true))
		theirs := recordObject(ns, "j", string(j.UID))
		theirs.Labels[v1beta1.LabelJobUID] = "another"
		Expect(k8s.Create(ctx, theirs)).To(Succeed())
		change(j, func(spec *v1beta1.JobSpec) { spec.Suspend = nil })
		finish(ns, "j", "a")
		finish(ns, "j", "b")
		Eventually(condition(j, v1beta1.JobBlocked)).WithTimeout(30 * time.Second).Should(Equal("True " + v1beta1.ReasonRecordRefused))
		Expect(status(j)()).To(HaveField("Conditions", ContainElement(HaveField("Message", ContainSubstring("JobRecord "+theirs.Name+" is not this Job's")))))
		Expect(condition(j, v1beta1.JobComplete)()).To(BeEmpty(), "a verdict would come without its page")
		found := &v1beta1.JobRecord{}
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(theirs), found)).To(Succeed())
		Expect(found.ResourceVersion).To(Equal(theirs.ResourceVersion))

		Expect(k8s.Delete(ctx, theirs)).To(Succeed())
		Eventually(condition(j, v1beta1.JobComplete)).WithTimeout(45 * time.Second).Should(Equal("True AllNodesDone"))
		Expect(recordsOf(j)()).To(HaveLen(1))
	})
})
