package nodeview

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeset"
)

// Plan is what the Job of a manifest is going to do.
type Plan struct {
	// Kind, Namespace and Name are those of the manifest: a Job, or a CronJob with a run.
	Kind, Namespace, Name string
	// Exists says that the object is there, and that the manifest changes it.
	Exists bool
	fleet.Forecast
}

// firstNodes is how many of the nodes are named that start first.
const firstNodes = 5

// Lines returns the plan for a person: nodes folded, or with wide a line a node.
func (p *Plan) Lines(now time.Time, wide bool, width int) ([]string, error) {
	lines := p.summary()
	if wide {
		table, err := p.table(now, width)
		return append(lines, table...), err
	}
	if n := len(p.Starts); n > 0 {
		names := namesOf(p.Starts)
		lines = append(lines, "  "+folded(names))
		if n > firstNodes {
			lines = append(lines, "  in order: "+strings.Join(names[:firstNodes], ", ")+", …")
		}
	}
	for _, state := range restOrder {
		if names := p.namesIn(state); len(names) > 0 {
			lines = append(lines, restWords[state]+":", "  "+folded(names))
		}
	}
	return append(lines, p.others()...), nil
}

// summary says what the Job does in all, and what keeps it from starting.
func (p *Plan) summary() []string {
	presence := "is not there yet"
	if p.Exists {
		presence = "is there already"
	}
	lines := []string{fmt.Sprintf("%s %s/%s %s", p.Kind, p.Namespace, p.Name, presence)}
	if p.Tolerated > 0 {
		lines = append(lines, "Tolerates failed nodes: "+fmt.Sprint(p.Tolerated))
	}
	if len(p.Stopped) > 0 {
		lines = append(lines, "Stops earlier work first on: "+folded(p.Stopped))
	}
	atOnce := "all at once"
	if p.AtOnce > 0 {
		atOnce = fmt.Sprintf("at most %d at once", p.AtOnce)
	}
	var starts string
	switch n := len(p.Starts); {
	case n == 0:
		starts = "Starts on no node"
	case n == 1:
		starts = "Starts on 1 node"
	default:
		starts = fmt.Sprintf("Starts on %d nodes, %s", n, atOnce)
	}
	switch {
	case p.Held == "":
	case len(p.Starts) == 0:
		starts += ": " + p.Held
	default:
		starts += ", but not for now: " + p.Held
	}
	return append(lines, starts)
}

// restOrder is the order of the nodes that do not start: those that need a person come last.
var restOrder = []plan.NodeState{plan.NodeDone, plan.NodeSkipped, plan.NodeWorking, plan.NodeNotRun, plan.NodeFailed, plan.NodeLeftOut}

var restWords = map[plan.NodeState]string{
	plan.NodeDone:    "Done already",
	plan.NodeSkipped: "Skipped already",
	plan.NodeWorking: "At work already",
	plan.NodeNotRun:  "Not run, since the Job is over",
	plan.NodeFailed:  "Failed already",
	plan.NodeLeftOut: "Left out, unless they become Ready before the Job is over",
}

func (p *Plan) namesIn(state plan.NodeState) []string {
	var names []string
	for i := range p.Rest {
		if p.Rest[i].State == state {
			names = append(names, p.Rest[i].Node)
		}
	}
	return names
}

// others returns the nodes that are none of the Job's, by why that is.
func (p *Plan) others() []string {
	byReason := map[string][]string{}
	for _, other := range p.Others {
		byReason[other.Why] = append(byReason[other.Why], other.Node)
	}
	reasons := make([]string, 0, len(byReason))
	for reason := range byReason {
		reasons = append(reasons, reason)
	}
	slices.SortFunc(reasons, func(a, b string) int {
		if n := len(byReason[b]) - len(byReason[a]); n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	var lines []string
	for _, reason := range reasons {
		lines = append(lines, "Not on these nodes: "+reason, "  "+folded(byReason[reason]))
	}
	return lines
}

func namesOf(views []plan.NodeView) []string {
	names := make([]string, 0, len(views))
	for i := range views {
		names = append(names, views[i].Node)
	}
	return names
}

// folded returns names as one set, with their number if there are more than one.
func folded(names []string) string {
	text := nodeset.Fold(names)
	if len(names) > 1 {
		text += fmt.Sprintf(" (%d)", len(names))
	}
	return text
}
