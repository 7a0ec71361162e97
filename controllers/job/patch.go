package job

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

// Each patch carries the UID of the object that it is meant for: the API server
// refuses it for another object of that name.

// ungatePatch removes the manager's gate from a pod, leaves other gates, and says
// when.
func ungatePatch(uid types.UID, now time.Time) client.Patch {
	return client.RawPatch(types.StrategicMergePatchType, fmt.Appendf(nil,
		`{"metadata":{"uid":%q,"annotations":{%q:%q}},"spec":{"schedulingGates":[{"$patch":"delete","name":%q}]}}`,
		uid, v1beta1.AnnotationUngatedAt, now.UTC().Format(time.RFC3339), v1beta1.SchedulingGate))
}

// gateTemplatePatch adds the manager's gate to the template of a DaemonSet.
func gateTemplatePatch(uid types.UID) client.Patch {
	return client.RawPatch(types.StrategicMergePatchType, fmt.Appendf(nil,
		`{"metadata":{"uid":%q},"spec":{"template":{"spec":{"schedulingGates":[{"name":%q}]}}}}`, uid, v1beta1.SchedulingGate))
}

// ownershipPatch writes who owns the DaemonSet, or who asks for it. An empty owner stays
// who it is, and an empty asker is removed. Who is not the owner writes the DaemonSet only
// as it was observed.
func ownershipPatch(ds *appsv1.DaemonSet, next daemonset.Ownership) client.Patch {
	version, owner, asker := "", "", "null"
	if next != (daemonset.Ownership{}) {
		version = fmt.Sprintf(`,"resourceVersion":%q`, ds.ResourceVersion)
	}
	if next.Owner != "" {
		owner = fmt.Sprintf(`%q:%q,`, v1beta1.AnnotationInstallation, next.Owner)
	}
	if next.Asker != "" {
		asker = fmt.Sprintf("%q", next.Asker)
	}
	return client.RawPatch(types.MergePatchType, fmt.Appendf(nil,
		`{"metadata":{"uid":%q%s,"annotations":{%s%q:%s}}}`, ds.UID, version, owner, v1beta1.AnnotationAskedBy, asker))
}

// excludeFromBackupPatch applies the label to a finished Job. The resourceVersion keeps
// it off a Job that has started over since.
func excludeFromBackupPatch(job *v1beta1.Job) client.Patch {
	return jobApplyPatch(job, fmt.Sprintf(`,"labels":{%q:"true"}`, v1beta1.LabelExcludeFromBackup))
}

// includeInBackupPatch applies the Job without the label: the API server removes it
// unless the user applied it too.
func includeInBackupPatch(job *v1beta1.Job) client.Patch { return jobApplyPatch(job, "") }

func jobApplyPatch(job *v1beta1.Job, labels string) client.Patch {
	return client.RawPatch(types.ApplyPatchType, fmt.Appendf(nil,
		`{"apiVersion":%q,"kind":"Job","metadata":{"name":%q,"namespace":%q,"uid":%q,"resourceVersion":%q%s}}`,
		v1beta1.GroupVersion, job.Name, job.Namespace, job.UID, job.ResourceVersion, labels))
}
