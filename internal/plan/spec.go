package plan

import (
	"math"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// unlimited is the number of slots of a Job without parallelism.
const unlimited = math.MaxInt32

// backoffLimit returns how often the work may restart on a node before the node
// counts as failed.
func backoffLimit(spec *v1beta1.JobSpec) int32 {
	if spec.BackoffLimit == nil {
		return v1beta1.DefaultBackoffLimit
	}
	return *spec.BackoffLimit
}

// slots returns how many of the desired nodes may work at once, or unlimited.
func slots(spec *v1beta1.JobSpec, desired int) int {
	if spec.Parallelism == nil {
		return unlimited
	}
	return max(1, portion(spec.Parallelism, desired))
}

// toleratedFailures returns how many of the desired nodes may fail.
func toleratedFailures(spec *v1beta1.JobSpec, desired int) int {
	if spec.MaxFailedNodes == nil {
		return 0
	}
	return portion(spec.MaxFailedNodes, desired)
}

// portion returns a number as it is, or a percentage of total rounded down. The
// API server accepts only these two forms. Any other value counts as 0, which
// starts and tolerates least.
func portion(v *intstr.IntOrString, total int) int {
	n, err := intstr.GetScaledValueFromIntOrPercent(v, total, false)
	if err != nil {
		return 0
	}
	return n
}

// neverEnds returns whether the Job stays and runs on each node that joins.
func neverEnds(spec *v1beta1.JobSpec) bool {
	return spec.CompletionPolicy == v1beta1.CompletionNever
}

// stopsNodes returns whether the work on one node can be stopped by a rule of that node.
func stopsNodes(spec *v1beta1.JobSpec) bool {
	return spec.NodeDeadlineSeconds != nil || spec.NodeFailurePolicy != nil || retryLimit(spec) > 0
}

// releases returns whether the pod of a node that is done is deleted before the Job is over.
func releases(spec *v1beta1.JobSpec) bool { return spec.CompletedPods == v1beta1.CompletedPodsRelease }

// keepsResults returns whether the Job asks for records, whether they decide something or not.
func keepsResults(spec *v1beta1.JobSpec) bool {
	results := spec.Results
	return results != nil && (results.RetainSeconds != nil || results.Outputs != "" && results.Outputs != v1beta1.OutputsNone)
}

// deadline returns when the nodes that are not done count as failed, if ever.
func deadline(spec *v1beta1.JobSpec, start *time.Time) (time.Time, bool) {
	if spec.ActiveDeadlineSeconds == nil || start == nil || neverEnds(spec) {
		return time.Time{}, false
	}
	return deadlineAfter(*start, *spec.ActiveDeadlineSeconds), true
}

// deadlineAfter returns when so many seconds have passed since a time of the API. That was cut
// to a second when it was written, so that one is added: a deadline is never early. A Job that
// was stored without the limit can have more seconds than a Duration holds.
func deadlineAfter(start time.Time, seconds int64) time.Time {
	return start.Add(time.Duration(min(seconds, v1beta1.MaxDeadlineSeconds)+1) * time.Second)
}
