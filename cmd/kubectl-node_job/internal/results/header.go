package results

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// States are all states of a node, in the order in which they are counted.
var States = []plan.NodeState{
	plan.NodeDone, plan.NodeFailed, plan.NodeRetried, plan.NodeSkipped, plan.NodeWorking, plan.NodeWaiting, plan.NodeLeftOut, plan.NodeNotRun,
}

// Header returns what is said above the nodes of a run that only its records tell of.
func Header(r *Report, now time.Time) []string {
	var counts []string
	for _, state := range States {
		if n := r.Counts[state]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, state))
		}
	}
	first := fmt.Sprintf("Job %s/%s, generation %d: %s", r.Namespace, r.Name, r.Run.Generation, strings.Join(counts, ", "))
	if r.EndTime != nil {
		first += ", the last node ended " + duration.HumanDuration(max(0, now.Sub(r.EndTime.Time))) + " ago"
	}
	return []string{first, r.Message, r.Note}
}
