package v1beta1

import "slices"

// NodeFailureAction is what becomes of a node, or of the Job, when a rule matches.
// +kubebuilder:validation:Enum=SkipNode;FailNode;FailJob
type NodeFailureAction string

const (
	// NodeActionSkip stops the work on the node, which then is neither done nor failed.
	NodeActionSkip NodeFailureAction = "SkipNode"
	// NodeActionFail stops the work on the node, which has failed and is not tried
	// again unless a user resumes the Job.
	NodeActionFail NodeFailureAction = "FailNode"
	// NodeActionFailJob fails the Job at once, whatever else its spec says.
	NodeActionFailJob NodeFailureAction = "FailJob"
)

// ExitCodeOperator is how a rule's values are compared with an exit code.
// +kubebuilder:validation:Enum=In;NotIn
type ExitCodeOperator string

const (
	// ExitCodeIn matches an exit code that is one of the values.
	ExitCodeIn ExitCodeOperator = "In"
	// ExitCodeNotIn matches an exit code that is none of the values.
	ExitCodeNotIn ExitCodeOperator = "NotIn"
)

// NodeFailurePolicy decides by exit code what a failure means.
// +kubebuilder:validation:XValidation:rule="self.rules.all(r, r.onExitCodes.operator != 'In' || !(0 in r.onExitCodes.values))",message="0 says that the work is done: leave it out of the values of In"
type NodeFailurePolicy struct {
	// rules are compared in their order with each exit code other than 0. The first that matches
	// decides. Without a match backoffLimit does.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	Rules []NodeFailureRule `json:"rules"`
}

// NodeFailureRule is what happens when the work ends with certain exit codes.
type NodeFailureRule struct {
	// action of the rule. SkipNode: the node is finished, neither done nor failed. FailNode: it
	// failed for good. FailJob: the Job is Failed at once.
	// +required
	Action NodeFailureAction `json:"action"`

	// onExitCodes are the exit codes that match.
	// +required
	OnExitCodes ExitCodes `json:"onExitCodes,omitzero"`
}

// ExitCodes is a set of exit codes. An exit with code 0 is in none.
type ExitCodes struct {
	// operator is In or NotIn.
	// +required
	Operator ExitCodeOperator `json:"operator"`

	// values are the exit codes.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=255
	Values []int32 `json:"values"`
}

// Matches returns whether the exit code is in the set.
func (c *ExitCodes) Matches(code int32) bool {
	return code != 0 && slices.Contains(c.Values, code) == (c.Operator == ExitCodeIn)
}
