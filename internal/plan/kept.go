package plan

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// gitOpsMarks are the labels and annotations by which tools know the objects that they
// apply. Flux comes first: it installs charts with Helm, and applies their Jobs again.
var gitOpsMarks = []struct{ key, tool string }{
	{"kustomize.toolkit.fluxcd.io/name", "Flux"},
	{"helm.toolkit.fluxcd.io/name", "Flux"},
	{"argocd.argoproj.io/tracking-id", "Argo CD"},
	{"argocd.argoproj.io/instance", "Argo CD"},
	{"argocd.argoproj.io/hook", "Argo CD"},
	{"meta.helm.sh/release-name", "Helm"},
	{"karmada.io/managed", "Karmada"},
}

// fleetOwners are the kinds that own, in one of many clusters, what a tool applies there.
var fleetOwners = map[schema.GroupKind]string{
	{Group: "work.open-cluster-management.io", Kind: "AppliedManifestWork"}: "Open Cluster Management",
	{Group: "placement.kubernetes-fleet.io", Kind: "AppliedWork"}:           "KubeFleet",
}

// MetadataKeys returns the keys of all labels and annotations of a Job that are read. The
// informer cache keeps no other.
func MetadataKeys() []string {
	keys := []string{v1beta1.LabelExcludeFromBackup, v1beta1.AnnotationResume}
	for _, mark := range gitOpsMarks {
		keys = append(keys, mark.key)
	}
	return keys
}

// FleetOwner returns the kind of the owner by which a tool for many clusters knows the Job, and
// the name of the tool, empty if no such tool applied the Job.
func FleetOwner(job metav1.Object) (owner schema.GroupKind, tool string) {
	for _, reference := range job.GetOwnerReferences() {
		owner = schema.FromAPIVersionAndKind(reference.APIVersion, reference.Kind).GroupKind()
		if tool = fleetOwners[owner]; tool != "" {
			return owner, tool
		}
	}
	return schema.GroupKind{}, ""
}

// OwnedByGitOps returns the name of the tool that applies the Job again when it is
// gone, empty if there is none.
func OwnedByGitOps(job *v1beta1.Job) string {
	for _, mark := range gitOpsMarks {
		if job.Labels[mark.key] != "" || job.Annotations[mark.key] != "" {
			return mark.tool
		}
	}
	_, tool := FleetOwner(job)
	return tool
}

// Kept returns whether the Job stays when it is complete, although it has no TTL. That of a
// GitOps tool would be applied and run again without end, if it were deleted. That of a
// CronJob is its history, which the CronJob alone deletes.
func Kept(job *v1beta1.Job) bool {
	return v1beta1.CronJobOf(job) != nil || job.Spec.TTLSecondsAfterFinished == nil && OwnedByGitOps(job) != ""
}

// whyKept says in the message of the verdict Complete why the Job stays.
func (s *State) whyKept() string {
	if owner := v1beta1.CronJobOf(s.Job); owner != nil {
		return "; the Job is kept as history of CronJob " + owner.Name
	}
	if !Kept(s.Job) {
		return ""
	}
	return "; the Job is kept, because " + OwnedByGitOps(s.Job) + " owns it and would apply it again"
}

// deletionGrace is how long the terminator may take to delete a complete Job
// without a TTL. The manager then gates the DaemonSet, so that it starts no node.
const deletionGrace = 5 * time.Second

// untilKept returns how long the terminator may still take to delete a Job with this
// status, 0 for one that stays.
func (s *State) untilKept(status *v1beta1.JobStatus) time.Duration {
	finished := finishedCondition(status)
	if finished == nil || finished.Type == v1beta1.JobFailed || s.Job.Spec.TTLSecondsAfterFinished != nil || Kept(s.Job) {
		return 0
	}
	return max(0, deletionGrace-s.Now.Sub(finished.LastTransitionTime.Time))
}
