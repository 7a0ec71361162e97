package nodeview

import (
	"fmt"
	"slices"
	"time"

	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeset"
)

// stateOther is the state of nodes that are none of the Job's.
const stateOther = "Other"

// table returns one line a node: those that start in their order, then the others, with those
// that need a person last.
func (p *Plan) table(now time.Time, width int) ([]string, error) {
	var rows [][]any
	for i := range p.Starts {
		v := &p.Starts[i]
		rows = append(rows, []any{v.Node, fmt.Sprint(i + 1), string(v.State), age(v.Since, now), reason(v)})
	}
	for _, v := range p.sortedRest() {
		rows = append(rows, []any{v.Node, none, string(v.State), age(v.Since, now), reason(&v)})
	}
	for _, other := range p.sortedOthers() {
		rows = append(rows, []any{other.Node, none, stateOther, none, other.Why})
	}
	return Lines([]string{"Node", "Order", "State", "Since", "Why"}, rows, width)
}

func (p *Plan) sortedRest() []plan.NodeView {
	rest := slices.Clone(p.Rest)
	Sort(rest)
	return rest
}

func (p *Plan) sortedOthers() []fleet.OtherNode {
	return slices.SortedFunc(slices.Values(p.Others), func(a, b fleet.OtherNode) int { return nodeset.Compare(a.Node, b.Node) })
}

// PlanReport is a plan as JSON. Fields are added to it, and never changed.
type PlanReport struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Exists says that the object is there, and that the manifest changes it.
	Exists bool `json:"exists"`
	// AtOnce is how many nodes work at once at most, 0 for all of them.
	AtOnce int `json:"atOnce"`
	// Tolerated is how many nodes may fail.
	Tolerated int `json:"tolerated"`
	// Held says why no node starts for now.
	Held string `json:"held,omitempty"`
	// Stopped are the nodes whose earlier work is stopped first.
	Stopped []string      `json:"stopped,omitempty"`
	Nodes   []PlannedNode `json:"nodes"`
}

// PlannedNode is a node in a plan as JSON.
type PlannedNode struct {
	Node string `json:"node"`
	// Order in which the node starts, 1 for the first. 0 if it does not.
	Order int `json:"order,omitempty"`
	// State as in status, or Other for a node that is none of the Job's.
	State plan.NodeState `json:"state"`
	Why   string         `json:"why,omitempty"`
}

// JSON returns the plan as JSON has it.
func (p *Plan) JSON() PlanReport {
	r := PlanReport{
		Kind: p.Kind, Namespace: p.Namespace, Name: p.Name, Exists: p.Exists,
		AtOnce: p.AtOnce, Tolerated: p.Tolerated, Held: p.Held, Stopped: p.Stopped, Nodes: []PlannedNode{},
	}
	for i := range p.Starts {
		v := &p.Starts[i]
		r.Nodes = append(r.Nodes, PlannedNode{Node: v.Node, Order: i + 1, State: v.State, Why: v.Why})
	}
	for _, v := range p.sortedRest() {
		r.Nodes = append(r.Nodes, PlannedNode{Node: v.Node, State: v.State, Why: v.Why})
	}
	for _, other := range p.sortedOthers() {
		r.Nodes = append(r.Nodes, PlannedNode{Node: other.Node, State: stateOther, Why: other.Why})
	}
	return r
}
