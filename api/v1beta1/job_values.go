package v1beta1

// CompletionMode says when a node's work is done.
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
	// FailureActionFail ends the Job as Failed and deletes its DaemonSet at once.
	FailureActionFail FailureAction = "Fail"
	// FailureActionSuspend lets the Job hold itself until a user resumes it.
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
// +kubebuilder:validation:Enum=Pending;Running;Suspended;Complete;Failed
type JobPhase string

const (
	// PhasePending is before the first node started to work.
	PhasePending JobPhase = "Pending"
	// PhaseRunning is while nodes work, or are gated after the first one started.
	PhaseRunning JobPhase = "Running"
	// PhaseSuspended is while the Job starts no further node.
	PhaseSuspended JobPhase = "Suspended"
	// PhaseComplete is once every node is done, or failed and tolerated.
	PhaseComplete JobPhase = "Complete"
	// PhaseFailed is once more nodes failed than tolerated.
	PhaseFailed JobPhase = "Failed"
)
