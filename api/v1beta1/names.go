package v1beta1

// Labels that every pod of a Job carries, and its DaemonSet too. They are the
// original ones, and people select by them.
const (
	// LabelDaemonSetJob marks every object made for a Job; its value is "true".
	LabelDaemonSetJob = "daemonset-job"
	// LabelJob holds the name of the Job.
	LabelJob = "job"
	// LabelDaemonSet holds the name of the Job's DaemonSet.
	LabelDaemonSet = "daemonset"
	// LabelTemplateHash holds a hash of what runs: pods that carry another value
	// than their Job's status.templateHash belong to an earlier template and are not counted.
	LabelTemplateHash = "daemonset.darkowlzz.space/template-hash"
	// LabelCompletionMode holds the Job's completionMode. The terminator leaves
	// pods alone whose value is Exit.
	LabelCompletionMode = "daemonset.darkowlzz.space/completion-mode"

	// DefaultPodSelector selects the pods of all Jobs.
	DefaultPodSelector = LabelDaemonSetJob + "=true"
)

const (
	// DaemonSetSuffix is what a Job's name is followed by in its DaemonSet's name.
	DaemonSetSuffix = "-daemonset-job"
	// MaxNameLength is the longest name of a Job, in bytes: the DaemonSet's name
	// is also the value of a label, which holds 63.
	MaxNameLength = 63 - len(DaemonSetSuffix)

	// ContainerName is the container of the short form. In a template, it names
	// the container whose log is followed; without one it is the first.
	ContainerName = "job-container"
	// PauseContainerName is the container that keeps the pod of a Job in Exit
	// mode once its work is done.
	PauseContainerName = "daemonset-job-pause"
	// HostVolumeName is the volume that holds the host's mountPath.
	HostVolumeName = "basetarget"
	// HostMountPath is where the host's mountPath is found in the container.
	HostMountPath = "/basetarget"
	// NodeNameEnv is the variable that tells the short form's container its node.
	NodeNameEnv = "NODE_NAME"

	// PodCompleted is the pod condition, and the readiness gate, by which the
	// terminator marks that this node is done in Log mode.
	PodCompleted = "daemonset.darkowlzz.space/completed"
	// SchedulingGate holds a pod of a Job with parallelism or suspend until the
	// manager lets its node start.
	SchedulingGate = "daemonset.darkowlzz.space/parallelism"
	// AnnotationAppliedHash is on the DaemonSet: a hash of all that the manager
	// applied, so that it writes only when something differs.
	AnnotationAppliedHash = "daemonset.darkowlzz.space/applied-hash"

	// ManagerFieldOwner owns the fields that the manager applies.
	ManagerFieldOwner = "daemonset-job-manager"
	// TerminatorFieldOwner owns the pods' completed condition.
	TerminatorFieldOwner = "daemonset-job-terminator"
)

// Defaults of optional fields of a JobSpec.
const (
	// DefaultTerminationWord is the word that ends a node's work in Log mode.
	DefaultTerminationWord = "done"
	// DefaultBackoffLimit is how often a node's container restarts before the node counts as failed.
	DefaultBackoffLimit int32 = 6
)

// Condition types of a Job.
const (
	// JobComplete is true once every node is done, or failed and tolerated. It is never taken back.
	JobComplete = "Complete"
	// JobFailed is true once more nodes failed than tolerated. It is never taken back.
	JobFailed = "Failed"
	// JobSuspended is true while the Job starts no further node.
	JobSuspended = "Suspended"
	// JobBlocked is true while something that a person can mend keeps nodes from
	// working; its reason and message say what.
	JobBlocked = "Blocked"
)

// Reasons of a Job's conditions.
const (
	// ReasonAllNodesDone is why a Job is Complete with no failed node.
	ReasonAllNodesDone = "AllNodesDone"
	// ReasonFailuresTolerated is why a Job is Complete although nodes failed.
	ReasonFailuresTolerated = "FailuresTolerated"
	// ReasonMaxFailedNodesExceeded is why a Job is Failed, or was suspended by the manager.
	ReasonMaxFailedNodesExceeded = "MaxFailedNodesExceeded"
	// ReasonDeadlineExceeded is why a Job is Failed, or a node, after activeDeadlineSeconds.
	ReasonDeadlineExceeded = "DeadlineExceeded"
	// ReasonBackoffLimitExceeded is why a node failed: its container restarted too often.
	ReasonBackoffLimitExceeded = "BackoffLimitExceeded"
	// ReasonExitedWithoutWord is why a node of a Job in Log mode is held up or
	// failed: its container exits with code 0 and did not log the word.
	ReasonExitedWithoutWord = "ExitedWithoutWord"
	// ReasonSuspendedByUser is why a Job is Suspended: spec.suspend was set.
	ReasonSuspendedByUser = "SuspendedByUser"
	// ReasonResumed is why a Job is no longer Suspended.
	ReasonResumed = "Resumed"
	// ReasonNotBlocked is why a Job is not Blocked.
	ReasonNotBlocked = "NotBlocked"
	// ReasonDaemonSetNameTaken is why a Job is Blocked: its DaemonSet's name belongs to another object.
	ReasonDaemonSetNameTaken = "DaemonSetNameTaken"
	// ReasonDaemonSetRefused is why a Job is Blocked: the API server refused the DaemonSet.
	ReasonDaemonSetRefused = "DaemonSetRefused"
	// ReasonNoMatchingNode is why a Job is Blocked: no node is to run its pods.
	ReasonNoMatchingNode = "NoMatchingNode"
	// ReasonPodsRefused is why a Job is Blocked: a quota or an admission policy refused its pods.
	ReasonPodsRefused = "PodsRefused"
	// ReasonPodsWaiting is why a Job is Blocked: pods cannot be scheduled or started.
	ReasonPodsWaiting = "PodsWaiting"
)

// DaemonSetName is the name of the DaemonSet of the Job called jobName.
func DaemonSetName(jobName string) string {
	return jobName + DaemonSetSuffix
}

// PodLabels are the labels that select the pods of the Job called jobName in
// its namespace, whichever template they belong to.
func PodLabels(jobName string) map[string]string {
	return map[string]string{
		LabelDaemonSetJob: "true",
		LabelJob:          jobName,
		LabelDaemonSet:    DaemonSetName(jobName),
	}
}
