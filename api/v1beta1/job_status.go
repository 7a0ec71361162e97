package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// FailedNode is a node that counts as failed, and why.
type FailedNode struct {
	// node is the node's name.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Failed Node: Node",xDescriptors={"urn:alm:descriptor:text"},order=13
	// +required
	Node string `json:"node"`

	// reason in one word: BackoffLimitExceeded, ExitedWithoutWord, NodeDeadlineExceeded,
	// NodeFailurePolicy or DeadlineExceeded.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Failed Node: Reason",xDescriptors={"urn:alm:descriptor:text"},order=14
	// +required
	Reason string `json:"reason"`

	// exitCode of the container that ended last. Unset when none ended.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Failed Node: Exit Code",xDescriptors={"urn:alm:descriptor:text"},order=15
	// +optional
	ExitCode *int32 `json:"exitCode,omitempty"`

	// message says what happened, followed by the last lines that the container
	// printed, at most 1 KiB of them.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Failed Node: Message",xDescriptors={"urn:alm:descriptor:text"},order=16
	// +optional
	Message string `json:"message,omitempty"`
}

// FailureGroup is nodes that failed alike.
type FailureGroup struct {
	// reason in one word: that of failedNodes.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Failure Group: Reason",xDescriptors={"urn:alm:descriptor:text"},order=25
	// +required
	Reason string `json:"reason"`

	// exitCode of the containers that ended last. Unset when none ended.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Failure Group: Exit Code",xDescriptors={"urn:alm:descriptor:text"},order=26
	// +optional
	ExitCode *int32 `json:"exitCode,omitempty"`

	// message is the first line that the nodes' containers printed last, or what happened. What
	// differs between nodes by nature is replaced: their names, addresses, UUIDs, times, and
	// numbers, which become #.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Failure Group: Message",xDescriptors={"urn:alm:descriptor:text"},order=27
	// +optional
	Message string `json:"message,omitempty"`

	// count is how many nodes failed so.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Failure Group: Nodes Failed",xDescriptors={"urn:alm:descriptor:text"},order=28
	// +required
	Count int32 `json:"count"`

	// nodes are the first of them by name, at most 5.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Failure Group: Nodes",xDescriptors={"urn:alm:descriptor:text"},order=29
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=5
	Nodes []string `json:"nodes,omitempty"`
}

// JobStatus is how far a Job is. Only the manager writes it. It is computed from
// the DaemonSet and its pods, and does not change once Complete or Failed is true.
type JobStatus struct {
	// phase is Pending, Running, Suspended, Complete or Failed.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Phase",xDescriptors={"urn:alm:descriptor:io.kubernetes.phase"},order=1
	// +optional
	Phase JobPhase `json:"phase,omitempty"`

	// completed is the progress: nodes that are done or skipped of those that match, as in "3/5".
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Completed",xDescriptors={"urn:alm:descriptor:text"},order=2
	// +optional
	Completed string `json:"completed,omitempty"`

	// observedGeneration is the metadata.generation that this status is about, -1 before the
	// manager has observed the Job.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Observed Generation",xDescriptors={"urn:alm:descriptor:text"},order=12
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// templateHash is the hash of what runs. Only pods with this value of the label
	// daemonset.darkowlzz.space/template-hash count.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Template Hash",xDescriptors={"urn:alm:descriptor:text"},order=11
	// +optional
	TemplateHash string `json:"templateHash,omitempty"`

	// desired is the number of nodes that match.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Nodes",xDescriptors={"urn:alm:descriptor:text"},order=3
	// +optional
	// +kubebuilder:default=0
	Desired int32 `json:"desired"`

	// active is the number of nodes at work: started, and not done or failed yet.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Nodes at Work",xDescriptors={"urn:alm:descriptor:text"},order=4
	// +optional
	// +kubebuilder:default=0
	Active int32 `json:"active"`

	// succeeded is the number of nodes that are done.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Nodes Done",xDescriptors={"urn:alm:descriptor:text"},order=5
	// +optional
	// +kubebuilder:default=0
	Succeeded int32 `json:"succeeded"`

	// failed is the number of nodes that count as failed.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Nodes Failed",xDescriptors={"urn:alm:descriptor:text"},order=6
	// +optional
	// +kubebuilder:default=0
	Failed int32 `json:"failed"`

	// skipped is the number of nodes that a rule of nodeFailurePolicy skips: neither done nor failed.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Nodes Skipped",xDescriptors={"urn:alm:descriptor:text"},order=30
	// +optional
	Skipped int32 `json:"skipped,omitempty"`

	// startTime is when the current template started, or the Job was last resumed.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Started",xDescriptors={"urn:alm:descriptor:text"},order=7
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// completionTime is when the Job became Complete. Unset for a failed Job.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Completed At",xDescriptors={"urn:alm:descriptor:text"},order=8
	// +optional
	CompletionTime *metav1.Time `json:"completionTime,omitempty"`

	// failedNodes are the nodes that count as failed, ordered by name, at most 100 of them.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Failed Nodes",xDescriptors={"urn:alm:descriptor:text"},order=9
	// +optional
	// +listType=map
	// +listMapKey=node
	// +kubebuilder:validation:MaxItems=100
	FailedNodes []FailedNode `json:"failedNodes,omitempty"`

	// failureGroups sum up all failed nodes by reason, exit code and message, those of most
	// nodes first, at most 10. Nodes of other groups count in failed alone.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Failure Groups",xDescriptors={"urn:alm:descriptor:text"},order=24
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	FailureGroups []FailureGroup `json:"failureGroups,omitempty"`

	// leftOutNodes are nodes that were not Ready before startTime and still are not, ordered by
	// name, at most 100 of them. The Job does not wait for them.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Nodes Left Out",xDescriptors={"urn:alm:descriptor:text"},order=17
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	LeftOutNodes []string `json:"leftOutNodes,omitempty"`

	// blocked is the reason of the condition Blocked while that is true.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Blocked",xDescriptors={"urn:alm:descriptor:text"},order=18
	// +optional
	Blocked string `json:"blocked,omitempty"`

	// resume is the value that the annotation daemonset.darkowlzz.space/resume had when the Job
	// last held itself or was resumed. Another value resumes the Job.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Resume",xDescriptors={"urn:alm:descriptor:text"},order=19
	// +optional
	Resume *string `json:"resume,omitempty"`

	// retryTime is when the Job was last resumed after it had held itself. Pods of failed
	// nodes that are older are replaced.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Retried",xDescriptors={"urn:alm:descriptor:text"},order=20
	// +optional
	RetryTime *metav1.Time `json:"retryTime,omitempty"`

	// runGeneration is the Job's metadata.generation at which the current template became
	// current. Records of another run do not count.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Run",xDescriptors={"urn:alm:descriptor:text"},order=21
	// +optional
	RunGeneration int64 `json:"runGeneration,omitempty"`

	// records is the number of JobRecords that the Job has, of all its runs.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Records",xDescriptors={"urn:alm:descriptor:text"},order=22
	// +optional
	Records int32 `json:"records,omitempty"`

	// gated says that pods which are made again wait for the manager, so that a node that is
	// done does not do the work of this run again.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Gated",xDescriptors={"urn:alm:descriptor:text"},order=23
	// +optional
	Gated bool `json:"gated,omitempty"`

	// conditions are Complete, Failed, Suspended and Blocked, and Ready and Stalled, which
	// are those of kstatus.
	// +operator-sdk:csv:customresourcedefinitions:type=status,displayName="Conditions",xDescriptors={"urn:alm:descriptor:io.kubernetes.conditions"},order=10
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
