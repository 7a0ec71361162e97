package main

import (
	"fmt"
	"slices"

	"github.com/darkowlzz/daemonset-job/internal/options"
)

// target is a limit that a row of the results must keep.
type target struct {
	name string
	// from and below are the numbers of nodes for which it holds. A below of 0 is no limit.
	// What is counted is the same on any machine and holds from 0 on, times and sizes from
	// measuredNodes on.
	from, below int
	// check returns the row's value and the most that it may be. ok is false if the
	// target does not apply to the row.
	check func(r *result) (reached, most float64, ok bool)
}

const (
	// measuredNodes is the smallest number of nodes for which times are checked. On fewer
	// nodes, the fixed cost of a Job outweighs its cost per node.
	measuredNodes = 1000
	// largestCluster is the number of nodes up to which the operator is promised to work.
	largestCluster = 15000
)

// writesPerJob is how many writes a Job may cause, besides those for each node.
const writesPerJob = 40

var targets = []target{
	{"case 1: wall time over the bare DaemonSet's", measuredNodes, largestCluster, wallOver("1", 1.05)},
	{"case 1: wall time over the bare DaemonSet's", largestCluster, 0, wallOver("1", 1.06)},
	{"case 1: writes", 0, largestCluster, in(writesOf, writesPerJob, "1")},
	{"case 1: writes", largestCluster, 0, func(r *result) (float64, float64, bool) {
		return writesOf(r), float64(90 + r.Nodes/250), r.Case == "1"
	}},
	{"case 1: CPU seconds of both, until Complete", measuredNodes, measuredNodes + 1, in(func(r *result) float64 { return r.Operator }, 1.5, "1")},
	{"case 1: CPU seconds of both, until nothing is left", measuredNodes, measuredNodes + 1, in(func(r *result) float64 { return r.Manager.CPU + r.Terminator.CPU }, 1.5, "1")},
	{"case 1: CPU milliseconds of both for each pod, until Complete", largestCluster, 0, in(func(r *result) float64 { return r.Operator * 1000 / float64(r.Pods) }, 0.6, "1")},
	{"case 1: memory of the manager, MiB", largestCluster, 0, in(managerMemory, 128, "1")},
	{"case 1: memory of the manager for each pod, KiB", largestCluster, 0, in((*result).perPod, 5, "1")},
	{"case 2: wall time over the bare DaemonSet's", measuredNodes, 0, wallOver("2", 1.25)},
	{"case 2: writes", 0, 0, func(r *result) (float64, float64, bool) {
		return writesOf(r), float64(r.Pods + writesPerJob), r.Case == "2"
	}},
	{"last node done to Complete, seconds", measuredNodes, largestCluster, in(func(r *result) float64 { return r.Latency }, 0.3, "1", "2")},
	{"last node done to Complete, seconds", largestCluster, 0, in(func(r *result) float64 { return r.Latency }, 0.1, "1", "2")},
	{"case 2: memory of the manager, MiB", measuredNodes, measuredNodes + 1, in(managerMemory, 64, "2")},
	{"case 2: memory of the manager, MiB", measuredNodes + 1, 0, in(managerMemory, 160, "2")},
	{"case 2: memory of the terminator, MiB", measuredNodes, measuredNodes + 1, in(terminatorMemory, 96, "2")},
	{"case 2: memory of the terminator, MiB", measuredNodes + 1, largestCluster, in(terminatorMemory, 320, "2")},
	{"case 2: memory of the terminator, MiB", largestCluster, 0, in(terminatorMemory, 256, "2")},
	{"case 3: nodes working at once", 0, 0, func(r *result) (float64, float64, bool) {
		return float64(r.MostWorking), float64(r.Nodes / 10), r.Case == "3"
	}},
	{"case 3: wall time over ten times a tenth of the nodes", measuredNodes, 0, wallOver("3", 1.3)},
	{"case 4: wall time over the bare DaemonSets'", measuredNodes, 0, wallOver("4", 1.1)},
	{"case 5: requests a minute while nothing happens", 0, 0, func(r *result) (float64, float64, bool) {
		if r.Case != "5" || r.Idle == nil {
			return 0, 0, false
		}
		busy := r.Idle.Requests - r.Idle.PolicyReads
		if r.Pods > options.NewTerminator().MaxLogStreams {
			busy -= r.Idle.Turns // Silent logs take turns.
		}
		return busy, 0, true
	}},
	{"case 10: requests a minute without a Job", 0, 0, func(r *result) (float64, float64, bool) {
		if r.Case != caseIdle || r.Idle == nil {
			return 0, 0, false
		}
		return r.Idle.Requests - r.Idle.PolicyReads, 0, true
	}},
}

func writesOf(r *result) float64         { return float64(r.Writes) }
func managerMemory(r *result) float64    { return r.Manager.PeakMemory }
func terminatorMemory(r *result) float64 { return r.Terminator.PeakMemory }

// in returns a check of a value in some of the cases.
func in(value func(*result) float64, most float64, cases ...string) func(*result) (float64, float64, bool) {
	return func(r *result) (float64, float64, bool) {
		if !slices.Contains(cases, r.Case) {
			return 0, 0, false
		}
		return value(r), most, true
	}
}

func wallOver(name string, most float64) func(*result) (float64, float64, bool) {
	return func(r *result) (float64, float64, bool) {
		return r.overBare(), most, r.Case == name && r.Reference > 0
	}
}

// appliesTo returns whether the target holds for so many nodes.
func (t *target) appliesTo(nodes int) bool {
	return nodes >= t.from && (t.below == 0 || nodes < t.below)
}

// targetResult is a target with the value that was reached.
type targetResult struct {
	Target  string  `json:"target"`
	Nodes   int     `json:"nodes"`
	Reached float64 `json:"reached"`
	Most    float64 `json:"most"`
	Met     bool    `json:"met"`
}

func (j targetResult) String() string {
	sign := "missed"
	if j.Met {
		sign = "met"
	}
	return fmt.Sprintf("%-6s  %-62s %6d nodes  %8.2f of %g", sign, j.Target, j.Nodes, j.Reached, j.Most)
}

// evaluate checks all rows against all targets.
func evaluate(rows []result) []targetResult {
	var all []targetResult
	for j := range targets {
		t := &targets[j]
		for i := range rows {
			r := &rows[i]
			if r.Contender != contenderJob || !t.appliesTo(r.Nodes) {
				continue
			}
			if reached, most, ok := t.check(r); ok {
				all = append(all, targetResult{t.name, r.Nodes, reached, most, reached <= most})
			}
		}
	}
	return all
}
