package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// JobRecord is a page of the record of a Job: on which nodes its work ended, and how. Only
// the manager writes it. A page is evidence: it outlives the pods that it speaks of, and a
// sealed one is never edited.
// +operator-sdk:csv:customresourcedefinitions:displayName="Job Record",resources={{Job,v1beta1,""}}
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=jobrecords,scope=Namespaced,shortName=dsjr
// +kubebuilder:printcolumn:name="Job",type=string,JSONPath=`.metadata.labels.job`,description="The Job that the record is of"
// +kubebuilder:printcolumn:name="Run",type=integer,JSONPath=`.spec.run.generation`,description="The Job's generation at which the run began"
// +kubebuilder:printcolumn:name="Sealed",type=boolean,JSONPath=`.spec.sealed`,description="Whether the page is full"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type JobRecord struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata. The name is that of the Job, the first 8
	// characters of its UID, and the number of the page.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the page says.
	// +required
	Spec JobRecordSpec `json:"spec"`
}

// JobRecordList is a list of JobRecords.
// +kubebuilder:object:root=true
type JobRecordList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []JobRecord `json:"items"`
}

// JobRecordSpec is what a page says.
// +kubebuilder:validation:XValidation:rule="self.run == oldSelf.run",message="a page belongs to one run of its Job: its run cannot be changed"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.sealed) || !oldSelf.sealed || self == oldSelf",message="the page is sealed: it is evidence, and cannot be changed"
// +kubebuilder:validation:XValidation:rule="self.nodes.size() >= oldSelf.nodes.size()",message="a page is evidence: its entries cannot be removed"
// +kubebuilder:validation:XValidation:rule="has(self.retainSeconds) == has(oldSelf.retainSeconds) && (!has(self.retainSeconds) || self.retainSeconds == oldSelf.retainSeconds)",message="a page is kept for as long as its run was to be: retainSeconds cannot be changed"
type JobRecordSpec struct {
	// run is which run of the Job the entries belong to.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Run",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"},order=1
	// +required
	Run JobRun `json:"run,omitzero"`

	// sealed says that the page is full. It is not edited any more. Default: false.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Sealed",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:booleanSwitch"},order=2
	// +optional
	Sealed bool `json:"sealed,omitempty"`

	// retainSeconds is for how long the page is kept after its last entry, in seconds, also when
	// its Job is gone. Default: it goes with the Job.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Seconds Retained",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:number"},order=4
	// +optional
	// +kubebuilder:validation:Minimum=1
	RetainSeconds *int32 `json:"retainSeconds,omitempty"`

	// nodes are the entries, in the order in which they were written. Of two entries for one
	// node the last one holds.
	// +operator-sdk:csv:customresourcedefinitions:type=spec,displayName="Nodes",xDescriptors={"urn:alm:descriptor:com.tectonic.ui:text"},order=3
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=250
	Nodes []NodeRecord `json:"nodes"`
}

// JobRun is a run of a Job. Another template begins another one, also if it is one that the
// Job had before.
type JobRun struct {
	// templateHash is the hash of what ran.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	TemplateHash string `json:"templateHash"`

	// generation is the Job's metadata.generation at which this template became current.
	// +required
	// +kubebuilder:validation:Minimum=1
	Generation int64 `json:"generation"`
}

// RecordResult is how the work on a node ended.
// +kubebuilder:validation:Enum=Succeeded;Failed;Skipped
type RecordResult string

const (
	// RecordSucceeded says that the node is done, whatever happens to its pod.
	RecordSucceeded RecordResult = "Succeeded"
	// RecordFailed says that the node failed, and that its work was stopped.
	RecordFailed RecordResult = "Failed"
	// RecordSkipped says that a rule of the Job skips the node, and that its work was stopped.
	RecordSkipped RecordResult = "Skipped"
)

// NodeRecord is how the work of a run ended on a node.
type NodeRecord struct {
	// node is the node's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Node string `json:"node"`

	// nodeUID is the UID of the node object. A machine that joins again under the name of
	// another has another one, and does the work again.
	// +required
	NodeUID types.UID `json:"nodeUID"`

	// result is Succeeded, Failed or Skipped.
	// +required
	Result RecordResult `json:"result"`

	// reason of a failure, in one word: that of status.failedNodes. Of a skipped node it is
	// NodeFailurePolicy.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Reason string `json:"reason,omitempty"`

	// message of a failure: that of status.failureGroups. It is kept since the pod is not.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Message string `json:"message,omitempty"`

	// exitCode of the container that ended last. Unset when none ended.
	// +optional
	ExitCode *int32 `json:"exitCode,omitempty"`

	// attempts is how often the work was started on the node by its last pod: one more than its
	// containers restarted, 0 if no pod was started.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Attempts int32 `json:"attempts,omitempty"`

	// podUID is the UID of the pod whose work failed or was skipped. A failure of another pod is
	// one of another try.
	// +optional
	PodUID types.UID `json:"podUID,omitempty"`

	// try is which try of the node failed, 1 for the first. A node has more than one if the Job
	// has retryFailed, and starts with 1 again when a user resumes the Job.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Try int32 `json:"try,omitempty"`

	// startTime is when the pod was bound to its node, by the API server's clock.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// output is what the node printed, as spec.results of the Job asks for it: valid UTF-8, at
	// most 4096 bytes, without control characters other than line breaks and tabs.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Output string `json:"output,omitempty"`

	// endTime is when the work ended: by the node's clock in completionMode Exit, when the
	// terminator found the word in completionMode Log, and when the manager stopped the work
	// if it failed.
	// +optional
	EndTime *metav1.Time `json:"endTime,omitempty"`
}
