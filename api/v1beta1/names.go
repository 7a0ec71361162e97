package v1beta1

import "math"

// Labels of every pod of a Job. The first three are the original ones, which the
// DaemonSet has too, and users select by them.
const (
	// LabelDaemonSetJob marks every object made for a Job; its value is "true".
	LabelDaemonSetJob = "daemonset-job"
	// LabelJob holds the name of the Job.
	LabelJob = "job"
	// LabelDaemonSet holds the name of the Job's DaemonSet.
	LabelDaemonSet = "daemonset"
	// LabelTemplateHash holds a hash of what runs. Pods with another value than
	// their Job's status.templateHash belong to an earlier template and are not counted.
	LabelTemplateHash = "daemonset.darkowlzz.space/template-hash"
	// LabelCompletionMode holds the Job's completionMode. The terminator does not
	// watch pods whose value is Exit.
	LabelCompletionMode = "daemonset.darkowlzz.space/completion-mode"

	// LabelJobUID holds, on a JobRecord, the UID of the Job.
	LabelJobUID = "daemonset.darkowlzz.space/job-uid"

	// LabelCronJob holds, on a Job that a CronJob created, the name of the CronJob. Which Jobs
	// are its own is said by their owner references alone.
	LabelCronJob = "daemonset.darkowlzz.space/cronjob"

	// DefaultPodSelector selects the pods of all Jobs.
	DefaultPodSelector = LabelDaemonSetJob + "=true"
)

const (
	// DaemonSetSuffix follows the Job's name in the name of its DaemonSet.
	DaemonSetSuffix = "-daemonset-job"
	// MaxNameLength is the longest name of a Job, in bytes. The DaemonSet's name
	// is also the value of a label, which has at most 63.
	MaxNameLength = 63 - len(DaemonSetSuffix)

	// MaxCronJobNameLength is the longest name of a CronJob, in bytes: that of a run has 9 more.
	MaxCronJobNameLength = MaxNameLength - 9

	// ContainerName is the container of the short form. In a template, it is the
	// container whose log is followed, if there is one.
	ContainerName = "job-container"
	// PauseContainerName is the container that keeps a pod in Exit mode running
	// when its work is done.
	PauseContainerName = "daemonset-job-pause"
	// HostVolumeName is the volume that holds the host's mountPath.
	HostVolumeName = "basetarget"
	// HostMountPath is where the container finds the host's mountPath.
	HostMountPath = "/basetarget"
	// NodeNameEnv is the variable that holds the node's name, in the short form.
	NodeNameEnv = "NODE_NAME"

	// PodCompleted is the pod condition with which the terminator marks a node as
	// done in Log mode. It is also the pod's readiness gate.
	PodCompleted = "daemonset.darkowlzz.space/completed"
	// SchedulingGate holds a pod until the manager lets its node start: those of a Job with
	// parallelism or suspend, and those that are made again once every node has one.
	SchedulingGate = "daemonset.darkowlzz.space/parallelism"
	// AnnotationAppliedHash holds, on the DaemonSet, a hash of all that the manager
	// applied. The manager applies it again only when something differs.
	AnnotationAppliedHash = "daemonset.darkowlzz.space/applied-hash"
	// AnnotationInstallation holds, on the DaemonSet, which installation of the operator
	// runs the Job: namespace and name of its Deployment. Others write nothing for the Job.
	AnnotationInstallation = "daemonset.darkowlzz.space/installation"
	// AnnotationAskedBy holds, on the DaemonSet, another installation that asks whether the
	// one that runs the Job is still there. That one removes it.
	AnnotationAskedBy = "daemonset.darkowlzz.space/asked-by"

	// AnnotationUngatedAt is on a pod: when the manager removed its gate, in RFC 3339.
	AnnotationUngatedAt = "daemonset.darkowlzz.space/ungated-at"
	// AnnotationOutputBytes is on a pod whose output is recorded when its node is done: how much
	// of it, in bytes.
	AnnotationOutputBytes = "daemonset.darkowlzz.space/output-bytes"
	// AnnotationResume is on a Job that holds itself (onFailure: Suspend), or failed. A value
	// that is not empty, and not the one in status.resume, resumes the Job: its nodes that are
	// not done are tried again.
	AnnotationResume = "daemonset.darkowlzz.space/resume"

	// AnnotationScheduledTime is on a Job that a CronJob created: when the schedule has its run,
	// in RFC 3339.
	AnnotationScheduledTime = "daemonset.darkowlzz.space/scheduled-time"

	// LabelExcludeFromBackup is on finished Jobs: with the value "true" Velero leaves them
	// out of backups. A restore drops the status, and the Job would run again.
	LabelExcludeFromBackup = "velero.io/exclude-from-backup"

	// ManagerFieldOwner owns the fields that the manager applies.
	ManagerFieldOwner = "daemonset-job-manager"
	// TerminatorFieldOwner owns the pods' completed condition.
	TerminatorFieldOwner = "daemonset-job-terminator"
)

// Defaults of optional fields of a CronJobSpec.
const (
	// DefaultTimeZone is the time zone of a schedule that names none.
	DefaultTimeZone = "Etc/UTC"
	// DefaultSuccessfulJobsHistoryLimit is how many Complete Jobs of a CronJob are kept.
	DefaultSuccessfulJobsHistoryLimit int32 = 3
	// DefaultFailedJobsHistoryLimit is how many Failed Jobs of a CronJob are kept.
	DefaultFailedJobsHistoryLimit int32 = 1
)

// Defaults of optional fields of a JobSpec.
const (
	// DefaultTerminationWord is the word that ends a node's work in Log mode.
	DefaultTerminationWord = "done"
	// DefaultBackoffLimit is how often a node's container restarts before the node counts as failed.
	DefaultBackoffLimit int32 = 6
)

// MaxDeadlineSeconds is the highest activeDeadlineSeconds, 68 years. Kubernetes has
// the same limit for a pod.
const MaxDeadlineSeconds = math.MaxInt32

// Condition types of a Job. Ready and Stalled are those of kstatus, by which Flux, Helm
// and others wait.
const (
	// JobComplete is true once every node is done, or failed and tolerated. It stays true.
	JobComplete = "Complete"
	// JobFailed is true once more nodes failed than tolerated. It stays true.
	JobFailed = "Failed"
	// JobSuspended is true while the Job starts no further node.
	JobSuspended = "Suspended"
	// JobBlocked is true while nodes cannot work for a reason that a user can
	// change. Its reason and message say which.
	JobBlocked = "Blocked"
	// JobReady is true once the Job is Complete. With completionPolicy Never it is true
	// while every node that matches is done.
	JobReady = "Ready"
	// JobStalled is true while only a user can make the Job go on: it failed, holds
	// itself, was refused, is not vouched for, or its DaemonSet's name is taken. Otherwise it
	// is absent.
	JobStalled = "Stalled"
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
	// ReasonNodeDeadlineExceeded is why a node failed: its pod was not done after
	// nodeDeadlineSeconds.
	ReasonNodeDeadlineExceeded = "NodeDeadlineExceeded"
	// ReasonNodeFailurePolicy is why a node failed or is skipped, or a Job is Failed: a rule of
	// nodeFailurePolicy matches an exit code.
	ReasonNodeFailurePolicy = "NodeFailurePolicy"
	// ReasonExitedWithoutWord is why a node in Log mode is blocked or failed: its
	// container exited with code 0 and did not log the word.
	ReasonExitedWithoutWord = "ExitedWithoutWord"
	// ReasonSuspendedByUser is why a Job is Suspended: spec.suspend was set.
	ReasonSuspendedByUser = "SuspendedByUser"
	// ReasonResumed is why a Job is no longer Suspended.
	ReasonResumed = "Resumed"
	// ReasonRetryNotPossible is why a Failed Job cannot be resumed: no node is recorded.
	ReasonRetryNotPossible = "RetryNotPossible"
	// ReasonProgressing is why a Job is not Ready: its nodes are at work, or about to be.
	ReasonProgressing = "Progressing"
	// ReasonNotBlocked is why a Job is not Blocked.
	ReasonNotBlocked = "NotBlocked"
	// ReasonDaemonSetNameTaken is why a Job is Blocked: its DaemonSet's name belongs to another object.
	ReasonDaemonSetNameTaken = "DaemonSetNameTaken"
	// ReasonDaemonSetRefused is why a Job is Blocked: the API server refused the DaemonSet.
	ReasonDaemonSetRefused = "DaemonSetRefused"
	// ReasonRecordRefused is why a Job is Blocked: its nodes cannot be recorded. What would destroy
	// evidence waits, and so does a verdict that needs the record.
	ReasonRecordRefused = "RecordRefused"
	// ReasonGuardMissing is why a Job is Blocked: the admission policy that limits who may
	// write Jobs is missing or altered, and nothing starts until an administrator applies it.
	ReasonGuardMissing = "GuardMissing"
	// ReasonNotVouchedFor is why a Job is Blocked: it is older than the admission policy,
	// which did not check its creator. A Job that had begun before is not blocked.
	ReasonNotVouchedFor = "NotVouchedFor"
	// ReasonUndecodable is why a Job is Blocked: it has a value that the manager cannot decode.
	ReasonUndecodable = "Undecodable"
	// ReasonNoMatchingNode is why a Job is Blocked: no node matches.
	ReasonNoMatchingNode = "NoMatchingNode"
	// ReasonPodsRefused is why a Job is Blocked: a quota or an admission policy refused its pods.
	ReasonPodsRefused = "PodsRefused"
	// ReasonPredecessorStopping is why a Job is Blocked: pods of an earlier Job, or an earlier
	// DaemonSet, of its name may still be at work.
	ReasonPredecessorStopping = "PredecessorStopping"
	// ReasonNodesNotReady is why a Job is Blocked: nodes stopped being Ready before they were done.
	ReasonNodesNotReady = "NodesNotReady"
	// ReasonSlotsTaken is why a Job is Blocked: pods that are being stopped hold all its slots.
	ReasonSlotsTaken = "SlotsTaken"
	// ReasonEndsAfterWord is why a Job is Blocked: its container ends after it logged the
	// word, and the kubelet runs the work again.
	ReasonEndsAfterWord = "EndsAfterWord"
	// ReasonReconcileFailed is why a Job is Blocked: what the manager does for it keeps failing.
	ReasonReconcileFailed = "ReconcileFailed"
	// ReasonPodsWaiting is why a Job is Blocked: pods cannot be scheduled or started.
	ReasonPodsWaiting = "PodsWaiting"
)

// Reasons of a pod that the message of Blocked names.
const (
	// ReasonTooManyContainers is why a pod is not observed: it has more containers than the
	// manager keeps in memory.
	ReasonTooManyContainers = "TooManyContainers"
)

// Reasons of a pod's completed condition.
const (
	// ReasonWordLogged is why a pod is done: its container logged the termination word.
	ReasonWordLogged = "WordLogged"
	// ReasonOutputLogged is why a pod is done that asks for its output: its container logged the
	// termination word, and more text after it in that line. The condition's message is that text.
	ReasonOutputLogged = "OutputLogged"
	// ReasonLogRotated is why a pod cannot be marked: the kubelet rotated its log before
	// the terminator read it, and the termination word may have been in the lost lines.
	ReasonLogRotated = "LogRotated"
)

// DaemonSetName returns the name of the DaemonSet of the Job called jobName.
func DaemonSetName(jobName string) string {
	return jobName + DaemonSetSuffix
}

// PodLabels returns the labels that select the pods of the Job called jobName in
// its namespace, of every template.
func PodLabels(jobName string) map[string]string {
	return map[string]string{
		LabelDaemonSetJob: "true",
		LabelJob:          jobName,
		LabelDaemonSet:    DaemonSetName(jobName),
	}
}
