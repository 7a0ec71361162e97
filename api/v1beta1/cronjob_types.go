package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CronJob creates Jobs by a schedule. Its fields mean what those of batch/v1's CronJob mean,
// but for the defaults of concurrencyPolicy and timeZone, and for daylight saving.
// +operator-sdk:csv:customresourcedefinitions:displayName="Cron Job",resources={{Job,v1beta1,""},{Event,v1,""}}
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=cronjobs,scope=Namespaced,shortName=dscj
// +kubebuilder:printcolumn:name="Schedule",type=string,JSONPath=`.spec.schedule`,description="When it runs"
// +kubebuilder:printcolumn:name="Time Zone",type=string,JSONPath=`.spec.timeZone`,description="Whose wall clock the schedule is read by"
// +kubebuilder:printcolumn:name="Suspend",type=boolean,JSONPath=`.spec.suspend`,description="Whether no further run starts"
// +kubebuilder:printcolumn:name="Active",type=integer,JSONPath=`.status.activeJobs`,description="Runs that are not finished"
// +kubebuilder:printcolumn:name="Last Run",type=date,JSONPath=`.status.lastRun.creationTime`,description="When the last run started"
// +kubebuilder:printcolumn:name="Result",type=string,JSONPath=`.status.lastRun.phase`,description="How far the last run is, in a word"
// +kubebuilder:printcolumn:name="Completed",type=string,JSONPath=`.status.lastRun.completed`,description="Nodes of the last run that are done or skipped of those that match"
// +kubebuilder:printcolumn:name="Next Run",type=string,JSONPath=`.status.nextScheduleTime`,description="When it runs next"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40",message="metadata.name must have at most 40 characters: the Jobs are named <name>-<minutes since 1970>, and a Job's name has at most 49"
type CronJob struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata. The name has at most 40 characters.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is when which Job is created.
	// +required
	Spec CronJobSpec `json:"spec"`

	// status is which runs there were, and which is next.
	// +optional
	// +kubebuilder:default={observedGeneration:-1}
	Status CronJobStatus `json:"status,omitempty,omitzero"`
}

// CronJobList is a list of CronJobs.
// +kubebuilder:object:root=true
type CronJobList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []CronJob `json:"items"`
}

// CronJobSpec is when which Job is created.
type CronJobSpec struct {
	// schedule is when the CronJob runs: five fields (minute, hour, day of month, month, day of
	// week), or one of @hourly, @daily, @weekly, @monthly and @yearly. After a change of it, or of
	// timeZone, runs count from when the manager first observed the change.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Schedule",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"},order=1
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Schedule string `json:"schedule"`

	// timeZone is the IANA name of the time zone whose wall clock the schedule is read by. A
	// time that daylight saving repeats runs once, and times that it skips are one run right
	// after them, unless the minute or the hour of the schedule begins with *: then every
	// instant that matches runs. Default: Etc/UTC.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Time Zone",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"},order=2
	// +optional
	// +kubebuilder:default="Etc/UTC"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	TimeZone string `json:"timeZone,omitempty"`

	// startingDeadlineSeconds is how late a run may start, in seconds. A later one is missed. Of
	// several runs that are late, the latest one starts, once. Default: none.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Starting Deadline",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number"},order=3
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2147483647
	StartingDeadlineSeconds *int64 `json:"startingDeadlineSeconds,omitempty"`

	// concurrencyPolicy is what happens when a run is due and an earlier one is not finished.
	// Forbid: the run waits for it, and starts late if startingDeadlineSeconds allows. Of
	// several runs that wait, the latest one starts. Allow: both run at once, also on the same
	// node. Replace: the earlier one is deleted first, and its pods are stopped.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Concurrency Policy",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:select:Forbid","urn:alm:descriptor:com.tectonic.ui:select:Allow","urn:alm:descriptor:com.tectonic.ui:select:Replace"},order=4
	// +optional
	// +kubebuilder:default=Forbid
	ConcurrencyPolicy ConcurrencyPolicy `json:"concurrencyPolicy,omitempty"`

	// suspend starts no further run while it is true. Runs that are not finished go on.
	// Afterwards the latest run that was missed starts, if startingDeadlineSeconds allows.
	// Default: false.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Suspend",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:booleanSwitch"},order=5
	// +optional
	// +kubebuilder:default=false
	Suspend *bool `json:"suspend,omitempty"`

	// successfulJobsHistoryLimit is how many Complete Jobs are kept. They hold nothing on the
	// nodes. Default: 3.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Successful Jobs Kept",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number"},order=6
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=0
	SuccessfulJobsHistoryLimit *int32 `json:"successfulJobsHistoryLimit,omitempty"`

	// failedJobsHistoryLimit is how many Failed Jobs are kept. Default: 1.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Failed Jobs Kept",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number"},order=7
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	FailedJobsHistoryLimit *int32 `json:"failedJobsHistoryLimit,omitempty"`

	// jobTemplate is the Job that each run creates. A change applies to later runs.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Job Template",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:advanced"},order=8
	// +required
	JobTemplate JobTemplateSpec `json:"jobTemplate"`
}

// JobTemplateSpec is the Job that each run creates.
// +kubebuilder:validation:XValidation:rule="!has(self.spec.ttlSecondsAfterFinished)",message="leave spec.ttlSecondsAfterFinished out of jobTemplate: the CronJob deletes its Jobs by successfulJobsHistoryLimit and failedJobsHistoryLimit"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.completionPolicy) || self.spec.completionPolicy != 'Never'",message="leave spec.completionPolicy out of jobTemplate, or set it to AllNodes: a run has an end"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.suspend) || !self.spec.suspend",message="leave spec.suspend out of jobTemplate: to start no run, set suspend of the CronJob"
type JobTemplateSpec struct {
	// metadata has the labels and annotations of the Job. Its name is the run's own.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.labels) || self.labels.all(k, !k.startsWith('daemonset.darkowlzz.space/'))",message="leave labels and annotations that begin with daemonset.darkowlzz.space/ out of jobTemplate.metadata: the operator sets them"
	// +kubebuilder:validation:XValidation:rule="!has(self.annotations) || self.annotations.all(k, !k.startsWith('daemonset.darkowlzz.space/'))",message="leave labels and annotations that begin with daemonset.darkowlzz.space/ out of jobTemplate.metadata: the operator sets them"
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the Job's. ttlSecondsAfterFinished, suspend and completionPolicy Never are refused.
	// +required
	Spec JobSpec `json:"spec"`
}

// ConcurrencyPolicy is what happens when a run is due and an earlier one is not finished.
// +kubebuilder:validation:Enum=Forbid;Allow;Replace
type ConcurrencyPolicy string

// Concurrency policies.
const (
	// ForbidConcurrent lets the run wait until the earlier one is finished.
	ForbidConcurrent ConcurrencyPolicy = "Forbid"
	// AllowConcurrent lets both run at once.
	AllowConcurrent ConcurrencyPolicy = "Allow"
	// ReplaceConcurrent deletes the earlier run first.
	ReplaceConcurrent ConcurrencyPolicy = "Replace"
)
