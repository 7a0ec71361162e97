package nodeview

import (
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/fleet"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/golden"
)

// aPlan has nodes of each kind.
func aPlan() *Plan {
	p := &Plan{Kind: "Job", Namespace: "ops", Name: "report", Exists: true}
	for i := range 40 {
		p.Starts = append(p.Starts, plan.NodeView{Node: fmt.Sprintf("web-%02d.example.com", i), State: plan.NodeWaiting, Why: "no pod yet"})
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i, state := range []plan.NodeState{plan.NodeFailed, plan.NodeLeftOut, plan.NodeDone, plan.NodeWorking, plan.NodeSkipped, plan.NodeDone} {
		p.Rest = append(p.Rest, plan.NodeView{Node: fmt.Sprintf("db-%d", i), State: state, Since: at.Add(-time.Hour), Why: "why"})
	}
	for i := range 12 {
		p.Others = append(p.Others, fleet.OtherNode{Node: fmt.Sprintf("gpu-%d", i), Why: "taint gpu=yes:NoSchedule is not tolerated"})
	}
	p.Others = append(p.Others, fleet.OtherNode{Node: "virtual", Why: "virtual node, on which no pod of a DaemonSet runs"})
	p.AtOnce, p.Tolerated, p.Stopped, p.Held = 4, 2, []string{"web-00.example.com", "web-01.example.com"}, "the Job is suspended"
	return p
}

func TestPlanFitsTheTerminal(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, width := range []int{0, 60, 80, 200} {
		for _, wide := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d columns, wide %v", width, wide), func(t *testing.T) {
				g := NewWithT(t)
				lines, err := aPlan().Lines(now, wide, width)
				g.Expect(err).NotTo(HaveOccurred())
				golden.Check(t, fmt.Sprintf("plan-%d-%v", width, wide), strings.Join(lines, "\n")+"\n")
			})
		}
	}
}
