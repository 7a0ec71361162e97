package v1beta1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// CompletionMode is how it is known that a node's work is done.
// +kubebuilder:validation:Enum=Log;Exit
type CompletionMode string

const (
	// CompletionLog ends a node's work when its container logs the termination word.
	CompletionLog CompletionMode = "Log"
	// CompletionExit ends a node's work when its containers have exited with code 0.
	CompletionExit CompletionMode = "Exit"
)

// FailureAction is what happens when more nodes failed than a Job tolerates.
// +kubebuilder:validation:Enum=Fail;Suspend
type FailureAction string

const (
	// FailureActionFail ends the Job as Failed and removes its DaemonSet at once.
	FailureActionFail FailureAction = "Fail"
	// FailureActionSuspend sets spec.suspend, so that a person can look and resume.
	FailureActionSuspend FailureAction = "Suspend"
)

// CompletionPolicy is when a Job is finished.
// +kubebuilder:validation:Enum=AllNodes;Never
type CompletionPolicy string

const (
	// CompletionAllNodes finishes the Job when every node is done.
	CompletionAllNodes CompletionPolicy = "AllNodes"
	// CompletionNever keeps the Job, which runs on each node that joins later.
	CompletionNever CompletionPolicy = "Never"
)

// JobPhase is how far a Job is, in a word.
type JobPhase string

const (
	// PhasePending is before the first node started to work.
	PhasePending JobPhase = "Pending"
	// PhaseRunning is while nodes work, or wait for their turn.
	PhaseRunning JobPhase = "Running"
	// PhaseSuspended is while the Job starts no further node.
	PhaseSuspended JobPhase = "Suspended"
	// PhaseComplete is once every node is done, or failed and tolerated.
	PhaseComplete JobPhase = "Complete"
	// PhaseFailed is once more nodes failed than tolerated.
	PhaseFailed JobPhase = "Failed"
)

// JobSpec is what runs once on every node, and how.
// +kubebuilder:validation:XValidation:rule="has(self.image) != has(self.template)",message="set exactly one of image (the short form: one container) and template (the long form: a pod template)"
// +kubebuilder:validation:XValidation:rule="!has(self.template) || !(has(self.command) || has(self.args) || has(self.env) || has(self.mountPath))",message="command, args, env and mountPath belong to the short form: with template, set them in its containers and volumes"
// +kubebuilder:validation:XValidation:rule="!has(self.template) || !has(self.template.spec) || !has(self.template.spec.restartPolicy) || self.template.spec.restartPolicy == 'Always'",message="leave template.spec.restartPolicy out: the pods of a DaemonSet are always restarted; set backoffLimit to bound the restarts"
// +kubebuilder:validation:XValidation:rule="!has(self.template) || !has(self.template.spec) || !has(self.template.spec.activeDeadlineSeconds)",message="set spec.activeDeadlineSeconds of the Job instead of template.spec.activeDeadlineSeconds, which the pods of a DaemonSet cannot have"
// +kubebuilder:validation:XValidation:rule="!has(self.activeDeadlineSeconds) || !has(self.completionPolicy) || self.completionPolicy != 'Never'",message="a Job with completionPolicy Never has no end and so no deadline: leave activeDeadlineSeconds out, or set completionPolicy to AllNodes"
// +kubebuilder:validation:XValidation:rule="!has(self.terminationWord) || !has(self.completionMode) || self.completionMode == 'Log'",message="terminationWord is looked for in completionMode Log only: leave it out with Exit"
type JobSpec struct {
	// image of the container that runs on every node: the short form of a Job.
	// Set exactly one of image and template.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="!self.matches('\\\\s')",message="image must be the name of an image, without spaces"
	Image string `json:"image,omitempty"`

	// command replaces the image's ENTRYPOINT. Default: the image's own.
	// +optional
	// +listType=atomic
	Command []string `json:"command,omitempty"`

	// args replace the image's CMD. Default: the image's own.
	// +optional
	// +listType=atomic
	Args []string `json:"args,omitempty"`

	// env are environment variables of the container, beside NODE_NAME, which
	// always holds the name of the node.
	// +optional
	// +listType=map
	// +listMapKey=name
	Env []corev1.EnvVar `json:"env,omitempty"`

	// mountPath is a directory of the host, as an absolute path, that is mounted
	// at /basetarget in the container. Default: nothing of the host is mounted.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="mountPath must be an absolute path of the host: start it with /"
	// +kubebuilder:validation:XValidation:rule="!self.matches('(^|/)[.][.](/|$)')",message="mountPath must not contain '..': name the directory itself"
	MountPath string `json:"mountPath,omitempty"`

	// template is a whole pod template: the long form of a Job. In Log mode the
	// log of the container named job-container is followed, or of the first
	// container when none has that name. Set exactly one of image and template.
	// +optional
	Template *corev1.PodTemplateSpec `json:"template,omitempty"`

	// completionMode is how it is known that a node is done. Log: its container
	// logs the termination word, and sleeps on. Exit: its containers exit with
	// code 0, so any image works; they run in order, as init containers, followed
	// by a pause container. Changing it runs the work again on every node.
	// +optional
	// +kubebuilder:default=Log
	CompletionMode CompletionMode `json:"completionMode,omitempty"`

	// terminationWord is what the container logs in Log mode when its work is
	// done. It is matched as a whole word in a line: "undone" is not "done".
	// Default: the terminator's --termination-word, which is "done" unless set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="!self.matches('[[:cntrl:]]') && !self.startsWith(' ') && !self.endsWith(' ')",message="terminationWord must be found within a line: leave out line breaks, control characters, and spaces at its ends"
	TerminationWord string `json:"terminationWord,omitempty"`

	// parallelism is how many nodes may be working at once, as a number or as a
	// percentage of the nodes that match now, rounded down, at least one. It is
	// never exceeded. Nodes that are done, failed or gone do not count.
	// Default: all nodes at once.
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 1 : self.matches('^([1-9][0-9]?|100)%$')",message="parallelism must be a number of at least 1 or a percentage from 1% to 100%; to start no node, set suspend"
	Parallelism *intstr.IntOrString `json:"parallelism,omitempty"`

	// suspend starts no further node while it is true. Nodes that are at work
	// finish. The time for activeDeadlineSeconds starts anew when it is set to
	// false. With onFailure Suspend, the manager sets it to true; setting it to
	// false then tries the failed nodes again. Default: false.
	// +optional
	Suspend *bool `json:"suspend,omitempty"`

	// backoffLimit is how often the work may restart on one node: with more
	// restarts and no end of its work, the node counts as failed. Its container
	// is tried on nevertheless, and the node counts as done if it then succeeds.
	// Default: 6.
	// +optional
	// +kubebuilder:default=6
	// +kubebuilder:validation:Minimum=0
	BackoffLimit *int32 `json:"backoffLimit,omitempty"`

	// maxFailedNodes is how many failed nodes the Job tolerates, as a number or
	// as a percentage of the nodes that match now, rounded down. It has no effect
	// with completionPolicy Never. Default: 0.
	// +optional
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 0 : self.matches('^([1-9]?[0-9]|100)%$')",message="maxFailedNodes must be a number of at least 0 or a percentage from 0% to 100%"
	MaxFailedNodes *intstr.IntOrString `json:"maxFailedNodes,omitempty"`

	// onFailure is what happens when there are more failed nodes than
	// maxFailedNodes. Fail: the Job is Failed and its DaemonSet is removed at
	// once. Suspend: spec.suspend is set to true, for a person to look. It has no
	// effect with completionPolicy Never. Default: Fail.
	// +optional
	// +kubebuilder:default=Fail
	OnFailure FailureAction `json:"onFailure,omitempty"`

	// activeDeadlineSeconds is how long the Job may take from status.startTime,
	// in seconds: when it passes, the nodes that are not done count as failed.
	// Default: no deadline.
	// +optional
	// +kubebuilder:validation:Minimum=1
	ActiveDeadlineSeconds *int64 `json:"activeDeadlineSeconds,omitempty"`

	// completionPolicy is when the Job is finished. AllNodes: when every node is
	// done. Never: it stays, and runs on each node that joins later; a failed
	// node keeps no other from running. Default: AllNodes.
	// +optional
	// +kubebuilder:default=AllNodes
	CompletionPolicy CompletionPolicy `json:"completionPolicy,omitempty"`

	// ttlSecondsAfterFinished is how long a finished Job is kept, in seconds.
	// Unset: a complete Job is deleted at once, a failed one is kept for a person
	// to read. Set: either is deleted that long after it finished; until then a
	// complete Job keeps its pods, so that their logs can be read, and runs on no
	// new node.
	// +optional
	// +kubebuilder:validation:Minimum=0
	TTLSecondsAfterFinished *int32 `json:"ttlSecondsAfterFinished,omitempty"`
}

// FailedNode is a node that counts as failed, and why.
type FailedNode struct {
	// node is the node's name.
	// +required
	Node string `json:"node"`

	// reason in one word: BackoffLimitExceeded, ExitedWithoutWord or DeadlineExceeded.
	// +required
	Reason string `json:"reason"`

	// exitCode of the container that ended last. Unset when none ended.
	// +optional
	ExitCode *int32 `json:"exitCode,omitempty"`

	// message says what happened, followed by the last lines that the container
	// printed, at most 1 KiB of them.
	// +optional
	Message string `json:"message,omitempty"`
}

// JobStatus is how far a Job is. The manager alone writes it, recomputed from
// the DaemonSet and its pods; once Complete or Failed is true it stays as it is.
type JobStatus struct {
	// phase is Pending, Running, Suspended, Complete or Failed.
	// +optional
	Phase JobPhase `json:"phase,omitempty"`

	// completed is the progress: nodes that are done of the nodes that match, as in "3/5".
	// +optional
	Completed string `json:"completed,omitempty"`

	// observedGeneration is the metadata.generation that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// templateHash is the hash of what runs, which the pods that count carry in
	// the label daemonset.darkowlzz.space/template-hash.
	// +optional
	TemplateHash string `json:"templateHash,omitempty"`

	// desired is the number of nodes that are to do the work.
	// +optional
	// +kubebuilder:default=0
	Desired int32 `json:"desired"`

	// active is the number of nodes at work: started, and neither done nor failed.
	// +optional
	// +kubebuilder:default=0
	Active int32 `json:"active"`

	// succeeded is the number of nodes that are done.
	// +optional
	// +kubebuilder:default=0
	Succeeded int32 `json:"succeeded"`

	// failed is the number of nodes that count as failed.
	// +optional
	// +kubebuilder:default=0
	Failed int32 `json:"failed"`

	// startTime is when the Job, its current template, started, or was last resumed.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// completionTime is when the Job became Complete. Unset for a failed Job.
	// +optional
	CompletionTime *metav1.Time `json:"completionTime,omitempty"`

	// failedNodes are the nodes that count as failed, ordered by name, at most 100 of them.
	// +optional
	// +listType=map
	// +listMapKey=node
	// +kubebuilder:validation:MaxItems=100
	FailedNodes []FailedNode `json:"failedNodes,omitempty"`

	// conditions are Complete, Failed, Suspended and Blocked.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Job runs a container once on every node of the cluster.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=jobs,scope=Namespaced,shortName=dsj
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`,description="How far the Job is, in a word"
// +kubebuilder:printcolumn:name="Completed",type=string,JSONPath=`.status.completed`,description="Nodes that are done of the nodes that match"
// +kubebuilder:printcolumn:name="Failed",type=integer,JSONPath=`.status.failed`,description="Nodes that count as failed"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Active",type=integer,JSONPath=`.status.active`,priority=1,description="Nodes at work"
// +kubebuilder:printcolumn:name="Blocked",type=string,JSONPath=`.status.conditions[?(@.type=="Blocked")].reason`,priority=1,description="What keeps nodes from working"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 49",message="metadata.name must have at most 49 characters: the DaemonSet <name>-daemonset-job must fit into a label"
type Job struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata. The name has at most 49 characters.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what runs once on every node, and how.
	// +required
	Spec JobSpec `json:"spec"`

	// status is how far the Job is.
	// +optional
	Status JobStatus `json:"status,omitempty"`
}

// JobList is a list of Jobs.
// +kubebuilder:object:root=true
type JobList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Job `json:"items"`
}
