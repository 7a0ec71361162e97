package plan

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// rules are what users ever asked of the nodes of each Job, and what happened on the nodes.
// What a user takes back may be decided already.
type rules struct {
	policies  map[types.UID][]*v1beta1.NodeFailurePolicy
	deadlines map[types.UID][]int64
	// exits are the confirmed failures of a piece of work: the kubelet started the container
	// again in the same sandbox, and the API server had it.
	exits map[work][]exit
	// boundAt is when each pod was bound to its node. The API server cuts it to a second.
	boundAt map[types.UID]time.Time
	// stops are the pods that the manager stopped because a try of a node failed.
	stops map[try]map[types.UID]bool
}

// exit is a failure of a pod's container.
type exit struct {
	pod  types.UID
	code int32
}

// try is a node's part of a run, since the Job was last resumed.
type try struct {
	job, machine types.UID
	run          v1beta1.JobRun
	since        int64
}

func newRules() rules {
	return rules{
		policies: map[types.UID][]*v1beta1.NodeFailurePolicy{}, deadlines: map[types.UID][]int64{},
		exits: map[work][]exit{}, boundAt: map[types.UID]time.Time{}, stops: map[try]map[types.UID]bool{},
	}
}

// learn notes what a user asks of a Job's nodes.
func (r *rules) learn(job *v1beta1.Job) {
	if policy := job.Spec.NodeFailurePolicy; policy != nil {
		r.policies[job.UID] = append(r.policies[job.UID], policy.DeepCopy())
	}
	if seconds := job.Spec.NodeDeadlineSeconds; seconds != nil {
		r.deadlines[job.UID] = append(r.deadlines[job.UID], *seconds)
	}
}

// setRules asks something of the nodes of a Job, or no longer does.
func (w *world) setRules(spec *v1beta1.JobSpec) {
	spec.NodeDeadlineSeconds, spec.NodeFailurePolicy, spec.RetryFailed = nil, nil, nil
	if w.chance(2) {
		spec.NodeDeadlineSeconds = new([]int64{5, 20, 90}[w.random.IntN(3)])
	}
	if !w.chance(3) {
		spec.NodeFailurePolicy = w.policy()
	}
	if w.chance(2) {
		spec.RetryFailed = new(1 + w.random.Int32N(2))
	}
}

func (w *world) policy() *v1beta1.NodeFailurePolicy {
	actions := []v1beta1.NodeFailureAction{
		v1beta1.NodeActionSkip, v1beta1.NodeActionSkip, v1beta1.NodeActionFail, v1beta1.NodeActionFailJob, v1beta1.NodeActionFailJob,
	}
	sets := []v1beta1.ExitCodes{
		{Operator: v1beta1.ExitCodeIn, Values: []int32{42}}, {Operator: v1beta1.ExitCodeIn, Values: []int32{17, 42}},
		{Operator: v1beta1.ExitCodeIn, Values: []int32{17}}, {Operator: v1beta1.ExitCodeNotIn, Values: []int32{1, 17}},
	}
	policy := &v1beta1.NodeFailurePolicy{}
	for range 1 + w.random.IntN(2) {
		policy.Rules = append(policy.Rules, v1beta1.NodeFailureRule{
			Action: actions[w.random.IntN(len(actions))], OnExitCodes: sets[w.random.IntN(len(sets))],
		})
	}
	return policy
}

// exitCode returns how the work fails next. Codes that differ mean something to a policy alone.
func (w *world) exitCode() int32 {
	if w.job == nil || w.job.Spec.NodeFailurePolicy == nil {
		return 1
	}
	return []int32{1, 17, 17, 42, 42}[w.random.IntN(5)]
}

// actionFor returns what the first rule that matches the exit code says, empty if none does.
func actionFor(policy *v1beta1.NodeFailurePolicy, code int32) v1beta1.NodeFailureAction {
	if policy == nil {
		return ""
	}
	for i := range policy.Rules {
		if set := policy.Rules[i].OnExitCodes; code != 0 && slices.Contains(set.Values, code) == (set.Operator == v1beta1.ExitCodeIn) {
			return policy.Rules[i].Action
		}
	}
	return ""
}

// retries returns how often a node of the Job is tried again.
func retries(s *State) int {
	if s.Job.Spec.RetryFailed == nil {
		return 0
	}
	return int(*s.Job.Spec.RetryFailed)
}

// hangs returns whether work of the present Job may hang: its user limits how long it may take.
func (w *world) hangs() bool { return w.job != nil && w.job.Spec.NodeDeadlineSeconds != nil }
