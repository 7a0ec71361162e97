package testing

import "github.com/darkowlzz/daemonset-job/api/v1beta1"

// NodeDeadline fails a node that is not done after so many seconds.
func (w *JobWrapper) NodeDeadline(seconds int64) *JobWrapper {
	w.Spec.NodeDeadlineSeconds = &seconds
	return w
}

// RetryFailed tries a failed node so often again.
func (w *JobWrapper) RetryFailed(n int32) *JobWrapper {
	w.Spec.RetryFailed = &n
	return w
}

// OnExit adds a rule for an exit with one of these codes.
func (w *JobWrapper) OnExit(action v1beta1.NodeFailureAction, codes ...int32) *JobWrapper {
	if w.Spec.NodeFailurePolicy == nil {
		w.Spec.NodeFailurePolicy = &v1beta1.NodeFailurePolicy{}
	}
	policy := w.Spec.NodeFailurePolicy
	policy.Rules = append(policy.Rules, v1beta1.NodeFailureRule{
		Action: action, OnExitCodes: v1beta1.ExitCodes{Operator: v1beta1.ExitCodeIn, Values: codes},
	})
	return w
}
