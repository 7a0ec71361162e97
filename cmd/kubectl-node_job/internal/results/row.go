package results

import (
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// Row is what a run came to on a node, as JSON has it.
type Row struct {
	Node string `json:"node"`
	// NodeUID tells machines of one name apart. Empty if the node is not recorded.
	NodeUID types.UID      `json:"nodeUID,omitempty"`
	State   plan.NodeState `json:"state"`
	// Recorded says that a JobRecord has the node.
	Recorded bool `json:"recorded"`
	// Reason and Message of a failure, as a JobRecord has them.
	Reason    string       `json:"reason,omitempty"`
	Message   string       `json:"message,omitempty"`
	ExitCode  *int32       `json:"exitCode,omitempty"`
	Attempts  int32        `json:"attempts"`
	StartTime *metav1.Time `json:"startTime,omitempty"`
	EndTime   *metav1.Time `json:"endTime,omitempty"`
	// Why says in a sentence what keeps the node, or why it failed.
	Why string `json:"why,omitempty"`
	// Output is what the node printed, as it is recorded, or of a node that failed its last lines.
	Output string `json:"output,omitempty"`
	// Values are those of an output that is a JSON object. Numbers are as the node wrote them.
	Values map[string]any `json:"values,omitempty"`

	// keys of Values, in the order of the output. parsed is any output that is JSON.
	keys   []string
	parsed any
}

func newRow(v *plan.NodeView) Row {
	row := Row{Node: v.Node, State: v.State, ExitCode: v.ExitCode, Attempts: v.Attempts, Recorded: v.Entry != nil}
	why, printed, _ := strings.Cut(v.Why, "\n")
	row.Why = strings.TrimSuffix(why, "; its last lines:")
	if v.Entry != nil {
		row.NodeUID = v.Entry.NodeUID
	}
	if !hasEnded(v.State) {
		if v.State == plan.NodeWorking && v.Pod != nil {
			row.StartTime = timeOf(v.Pod.ScheduledAt)
		}
		return row
	}
	if entry := v.Entry; entry != nil {
		row.Reason, row.Message, row.Output = entry.Reason, entry.Message, entry.Output
		row.StartTime, row.EndTime = utc(entry.StartTime), utc(entry.EndTime)
	}
	if row.Output == "" {
		row.Output = printed
	}
	if row.StartTime == nil && v.Pod != nil {
		row.StartTime = timeOf(v.Pod.ScheduledAt)
	}
	if row.EndTime == nil {
		row.EndTime = timeOf(v.Since)
	}
	if row.Reason == "" && isFailed(v.State) {
		row.Reason, _, _ = strings.Cut(row.Why, ": ")
	}
	row.parse()
	return row
}

// hasEnded returns whether the work ended, so that what is recorded of it holds.
func hasEnded(state plan.NodeState) bool {
	return state == plan.NodeDone || state == plan.NodeSkipped || isFailed(state)
}

func isFailed(state plan.NodeState) bool {
	return state == plan.NodeFailed || state == plan.NodeRetried
}

// Failed returns whether the node counts as failed, or is tried again.
func (r *Row) Failed() bool { return isFailed(r.State) }

func timeOf(at time.Time) *metav1.Time { return utc(&metav1.Time{Time: at}) }
