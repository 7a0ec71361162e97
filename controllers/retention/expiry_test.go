package retention

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

var created = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// record returns a JobRecord that was made, and last written an hour later, whose entries ended
// so long after it was made.
func record(job *v1beta1.Job, name string, ends ...time.Duration) *v1beta1.JobRecord {
	r := &v1beta1.JobRecord{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: job.Namespace, Name: name, UID: "record", CreationTimestamp: metav1.NewTime(created),
			Labels:        map[string]string{v1beta1.LabelDaemonSetJob: "true", v1beta1.LabelJob: job.Name, v1beta1.LabelJobUID: string(job.UID)},
			ManagedFields: []metav1.ManagedFieldsEntry{writtenAt("m", created.Add(time.Hour)), writtenAt("n", created)},
		},
		Spec: v1beta1.JobRecordSpec{RetainSeconds: new(int32(60)), Run: v1beta1.JobRun{TemplateHash: "h", Generation: 1}},
	}
	for _, end := range ends {
		r.Spec.Nodes = append(r.Spec.Nodes, v1beta1.NodeRecord{Node: "n", NodeUID: "n", Result: v1beta1.RecordSucceeded, EndTime: new(metav1.NewTime(created.Add(end)))})
	}
	r.Spec.Nodes = append(r.Spec.Nodes, v1beta1.NodeRecord{Node: "m", NodeUID: "m", Result: v1beta1.RecordSucceeded})
	return r
}

func writtenAt(by string, at time.Time) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{
		Manager: by, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: v1beta1.GroupVersion.String(),
		Time: new(metav1.NewTime(at)), FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1("{}"),
	}
}

func TestExpiry(t *testing.T) {
	job := wrappers.Job("ns", "j").UID("u").Obj()
	owned := record(job, "j-u-0", time.Minute)
	owned.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(job, v1beta1.GroupVersion.WithKind("Job"))}
	plain := record(job, "j-u-0", time.Minute)
	plain.Spec.RetainSeconds = nil
	behind := record(job, "j-u-0", -48*time.Hour)
	behind.Spec.Nodes[0].StartTime = new(metav1.NewTime(created))
	unwritten := record(job, "j-u-0")
	unwritten.ManagedFields = nil
	for name, test := range map[string]struct {
		record *v1beta1.JobRecord
		after  time.Duration
		ever   bool
	}{
		"one end":                   {record(job, "j-u-0", time.Minute), time.Minute, true},
		"the last of several":       {record(job, "j-u-0", time.Second, time.Minute, 2*time.Second), time.Minute, true},
		"an end before it was made": {record(job, "j-u-0", -time.Minute), -time.Minute, true},
		"a clock that is ahead":     {record(job, "j-u-0", time.Minute, 1e5*time.Hour), time.Hour, true},
		"a clock that is behind":    {behind, time.Hour, true},
		"no end":                    {record(job, "j-u-0"), time.Hour, true},
		"nothing but its creation":  {unwritten, 0, true},
		"with an owner":             {owned, 0, false},
		"not retained":              {plain, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			at, ever := expiry(test.record)
			g.Expect(ever).To(Equal(test.ever))
			if ever {
				g.Expect(at).To(Equal(created.Add(test.after + time.Minute)))
			}
		})
	}
}
