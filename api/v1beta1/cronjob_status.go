package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// CronJobStatus is which runs there were, and which is next. Only the manager writes it.
type CronJobStatus struct {
	// lastScheduleTime is the time of the last run that the schedule started. It is written
	// before the Job is created, and only moves forward.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Last Schedule Time",xDescriptors={"urn:alm:descriptor:text"},order=1
	// +optional
	LastScheduleTime *metav1.Time `json:"lastScheduleTime,omitempty"`

	// lastSuccessfulTime is when a Job of the CronJob was last Complete.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Last Successful Time",xDescriptors={"urn:alm:descriptor:text"},order=2
	// +optional
	LastSuccessfulTime *metav1.Time `json:"lastSuccessfulTime,omitempty"`

	// nextScheduleTime is when the CronJob runs next. Unset while it is suspended or its
	// schedule is invalid.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Next Schedule Time",xDescriptors={"urn:alm:descriptor:text"},order=3
	// +optional
	NextScheduleTime *metav1.Time `json:"nextScheduleTime,omitempty"`

	// observedGeneration is the metadata.generation that this status is about, -1 before the
	// manager has observed the CronJob.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Observed Generation",xDescriptors={"urn:alm:descriptor:text"},order=4
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// pending is the run whose Job is being created, until the Job is known to exist.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Pending Run",xDescriptors={"urn:alm:descriptor:text"},order=5
	// +optional
	Pending *PendingRun `json:"pending,omitempty"`

	// active are the Jobs of the CronJob that are not finished, the oldest 100.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Active Jobs",xDescriptors={"urn:alm:descriptor:text"},order=6
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=100
	Active []ActiveRun `json:"active,omitempty"`

	// activeJobs is how many Jobs of the CronJob are not finished.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Number of Active Jobs",xDescriptors={"urn:alm:descriptor:text"},order=7
	// +optional
	ActiveJobs int32 `json:"activeJobs"`

	// observedSchedule is the schedule that was observed last, behind its time zone.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Observed Schedule",xDescriptors={"urn:alm:descriptor:text"},order=8
	// +optional
	ObservedSchedule string `json:"observedSchedule,omitempty"`

	// scheduleSince is from when on runs count: since the CronJob was created, its schedule was
	// seen to have changed, or the last run was missed. No run at it or before starts.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Schedule Counts Since",xDescriptors={"urn:alm:descriptor:text"},order=9
	// +optional
	ScheduleSince *metav1.Time `json:"scheduleSince,omitempty"`

	// lastRun is the Job that was created last, and how far it is or was.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Last Run",xDescriptors={"urn:alm:descriptor:text"},order=10
	// +optional
	LastRun *LastRun `json:"lastRun,omitempty"`

	// conditions are Ready and Stalled.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Conditions",xDescriptors={"urn:alm:descriptor:io.kubernetes.conditions"},order=11
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// PendingRun is a run whose Job is being created.
type PendingRun struct {
	// name of the Job: <name of the CronJob>-<minutes since 1970>.
	// +required
	Name string `json:"name"`

	// scheduledTime is when the schedule has the run.
	// +required
	ScheduledTime metav1.Time `json:"scheduledTime"`

	// uid of the Job, once it was created.
	// +optional
	UID types.UID `json:"uid,omitempty"`
}

// ActiveRun is a Job of the CronJob that is not finished.
type ActiveRun struct {
	// name of the Job.
	// +required
	Name string `json:"name"`

	// uid of the Job.
	// +required
	UID types.UID `json:"uid"`

	// scheduledTime is when the schedule has the run. Unset for one that was started by hand.
	// +optional
	ScheduledTime *metav1.Time `json:"scheduledTime,omitempty"`
}

// LastRun is the Job that was created last.
type LastRun struct {
	// name of the Job. It may be deleted.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Last Run: Job",xDescriptors={"urn:alm:descriptor:text"},order=12
	// +required
	Name string `json:"name"`

	// scheduledTime is when the schedule has the run. Unset for one that was started by hand.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Last Run: Scheduled Time",xDescriptors={"urn:alm:descriptor:text"},order=13
	// +optional
	ScheduledTime *metav1.Time `json:"scheduledTime,omitempty"`

	// creationTime is when the Job was created.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Last Run: Creation Time",xDescriptors={"urn:alm:descriptor:text"},order=14
	// +required
	CreationTime metav1.Time `json:"creationTime"`

	// phase is the Job's, or Deleted if it was deleted before it was finished.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Last Run: Phase",xDescriptors={"urn:alm:descriptor:io.kubernetes.phase"},order=15
	// +optional
	Phase RunPhase `json:"phase,omitempty"`

	// completed is the Job's, once it is finished: nodes that are done or skipped of those that
	// matched, as in "52/52".
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Last Run: Completed",xDescriptors={"urn:alm:descriptor:text"},order=16
	// +optional
	Completed string `json:"completed,omitempty"`

	// failed is how many nodes of the Job failed, once it is finished.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Last Run: Failed",xDescriptors={"urn:alm:descriptor:text"},order=17
	// +optional
	Failed int32 `json:"failed"`

	// completionTime is when the Job was Complete or Failed.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Last Run: Completion Time",xDescriptors={"urn:alm:descriptor:text"},order=18
	// +optional
	CompletionTime *metav1.Time `json:"completionTime,omitempty"`
}

// RunPhase is how far a run of a CronJob is: the phase of its Job, or RunDeleted.
type RunPhase string

// RunDeleted is the phase of a run whose Job was deleted before it was finished.
const RunDeleted RunPhase = "Deleted"
