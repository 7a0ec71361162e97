package main

import "fmt"

// target is a limit that a row of the results must keep.
type target struct {
	name string
	// counted targets hold on any machine and for any number of nodes. The others are
	// times and sizes, and apply to measuredNodes and more.
	counted bool
	// check returns the row's value and the most that it may be. ok is false if the
	// target does not apply to the row.
	check func(r *result) (reached, most float64, ok bool)
}

// measuredNodes is the smallest number of nodes for which times are checked. On fewer
// nodes, the fixed cost of a Job outweighs its cost per node.
const measuredNodes = 1000

// writesPerJob is how many writes a Job may cause, besides those for each node.
const writesPerJob = 40

var targets = []target{
	{"case 1: wall time over the bare DaemonSet's", false, wallOver("1", 1.05)},
	{"case 1: writes", true, func(r *result) (float64, float64, bool) { return float64(r.Writes), writesPerJob, r.Case == "1" }},
	{"case 1: CPU seconds of both, until Complete", false, processors(func(r *result) float64 { return r.Operator })},
	{"case 1: CPU seconds of both, until nothing is left", false, processors(func(r *result) float64 { return r.Manager.CPU + r.Terminator.CPU })},
	{"case 2: wall time over the bare DaemonSet's", false, wallOver("2", 1.25)},
	{"case 2: writes", true, func(r *result) (float64, float64, bool) {
		return float64(r.Writes), float64(r.Pods + writesPerJob), r.Case == "2"
	}},
	{"last node done to Complete, seconds", false, func(r *result) (float64, float64, bool) {
		return r.Latency, 0.3, r.Case == "1" || r.Case == "2"
	}},
	{"case 2: memory of the manager, MiB", false, func(r *result) (float64, float64, bool) {
		return r.Manager.PeakMemory, bySize(r.Nodes, 64, 160), r.Case == "2"
	}},
	{"case 2: memory of the terminator, MiB", false, func(r *result) (float64, float64, bool) {
		return r.Terminator.PeakMemory, bySize(r.Nodes, 96, 320), r.Case == "2"
	}},
	{"case 3: nodes working at once", true, func(r *result) (float64, float64, bool) {
		return float64(r.MostWorking), float64(r.Nodes / 10), r.Case == "3"
	}},
	{"case 3: wall time over ten times a tenth of the nodes", false, wallOver("3", 1.3)},
	{"case 5: requests a minute while nothing happens", true, func(r *result) (float64, float64, bool) {
		if r.IdlePerMinute == nil {
			return 0, 0, false
		}
		return *r.IdlePerMinute, 0, true
	}},
}

func wallOver(name string, most float64) func(*result) (float64, float64, bool) {
	return func(r *result) (float64, float64, bool) {
		if r.Case != name || r.Reference == 0 {
			return 0, 0, false
		}
		return r.Wall / r.Reference, most, true
	}
}

// processors returns a check of the processor time of case 1 on measuredNodes nodes.
func processors(seconds func(*result) float64) func(*result) (float64, float64, bool) {
	return func(r *result) (float64, float64, bool) {
		return seconds(r), 1.5, r.Case == "1" && r.Nodes == measuredNodes
	}
}

// bySize returns small for up to measuredNodes nodes, and large for more.
func bySize(nodes int, small, large float64) float64 {
	if nodes <= measuredNodes {
		return small
	}
	return large
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
	return fmt.Sprintf("%-6s  %-55s %6d nodes  %8.2f of %g", sign, j.Target, j.Nodes, j.Reached, j.Most)
}

// evaluate checks all rows against all targets.
func evaluate(rows []result) []targetResult {
	var all []targetResult
	for _, t := range targets {
		for i := range rows {
			r := &rows[i]
			if r.Contender != contenderJob || !t.counted && r.Nodes < measuredNodes {
				continue
			}
			if reached, most, ok := t.check(r); ok {
				all = append(all, targetResult{t.name, r.Nodes, reached, most, reached <= most})
			}
		}
	}
	return all
}
