package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeset"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/outputs"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/results"
)

const (
	// maxCauses is how many causes of failures are shown, and maxTails how many different outputs of
	// each. The table has all of them.
	maxCauses, maxTails = 50, 5
)

// cause is nodes that failed by the same reason and exit code, and with the same message.
type cause struct {
	Number                     int
	Reason, ExitCode, Headline string
	Count                      int
	Nodes                      string
	Tails                      []tail
	MoreTails                  int
}

// tail is what some of the nodes of a cause printed last.
type tail struct {
	Nodes, Text, Note string
}

// newCauses returns the causes of failures, those of most nodes first, the cause of each node, and
// how many causes are not shown.
func newCauses(r *results.Report) (causes []cause, of map[string]int, more int) {
	type alike struct{ reason, exitCode, message string }
	members := map[alike][]*results.Row{}
	var order []alike
	for i := range r.Nodes {
		node := &r.Nodes[i]
		if !node.Failed() {
			continue
		}
		key := alike{reason: node.Reason, message: cmp.Or(node.Message, firstLine(node.Output), node.Why)}
		if node.ExitCode != nil {
			key.exitCode = fmt.Sprint(*node.ExitCode)
		}
		if members[key] == nil {
			order = append(order, key)
		}
		members[key] = append(members[key], node)
	}
	slices.SortStableFunc(order, func(a, b alike) int { return cmp.Compare(len(members[b]), len(members[a])) })
	more = max(0, len(order)-maxCauses)
	of = map[string]int{}
	for number, key := range order[:len(order)-more] {
		shown := cause{Number: number, Reason: clean(key.reason), ExitCode: key.exitCode, Headline: clean(key.message), Count: len(members[key])}
		var names []string
		var printed []outputs.Output
		for _, node := range members[key] {
			of[node.Node] = number
			names = append(names, clean(node.Node))
			printed = append(printed, outputs.Output{Node: clean(node.Node), Text: clean(node.Output)})
		}
		shown.Nodes = nodeset.Fold(names)
		groups := outputs.GroupBy(printed, nil)
		shown.MoreTails = max(0, len(groups)-maxTails)
		for _, group := range groups[:len(groups)-shown.MoreTails] {
			t := tail{Text: group.Text}
			if len(groups) > 1 {
				t.Nodes = nodeset.Fold(group.Nodes)
			}
			if group.Text == "" {
				t.Note = "No output is recorded."
			}
			shown.Tails = append(shown.Tails, t)
		}
		causes = append(causes, shown)
	}
	return causes, of, more
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
