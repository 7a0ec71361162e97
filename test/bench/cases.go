package main

import (
	"fmt"
	"strconv"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// The namespaces of the pods. In namespaceDone, the log of each container holds the
// word "done" from the start. In namespaceQuiet, the benchmark adds the word later.
// namespaceBackground has the work that others are measured beside.
const (
	namespaceDone       = "done"
	namespaceQuiet      = "quiet"
	namespaceBackground = "background"
)

const (
	// fewestNodes is the smallest number of nodes: those of a Job of case 4.
	fewestNodes = 50
	// image is never pulled, because simulated nodes run no container.
	image = "example.com/work:v1"
)

// groupSizes holds how many nodes the Jobs of the cases with many Jobs have.
var groupSizes = []int{5, 10, 50}

// caseIdle has no Jobs: it measures what the operator needs while nothing happens.
const caseIdle = "10"

// scenario is a case of the benchmark.
type scenario struct {
	// name is the number of the case, and title describes it.
	name, title string
	namespace   string
	// workloads returns the workloads to create on that many nodes.
	workloads func(nodes int) []workload
	// background returns the work that already runs when the workloads are created, and
	// that is not measured itself.
	background func(nodes int) []workload
	// reference names the case whose bare DaemonSet is the limit, and is empty if the
	// case has its own. factor multiplies the time of that DaemonSet.
	reference string
	factor    float64
	// quiet cases hold the nodes at work for a quiet period before they are done.
	quiet bool
	// onlyBare cases measure the bare DaemonSet alone. With marks, its pods keep their
	// readiness gate, and the simulation marks them instead of a terminator.
	onlyBare, marks bool
}

var scenarios = []scenario{
	{name: "1", title: "Exit mode, all nodes at once", namespace: namespaceDone, workloads: everyNode(v1beta1.CompletionExit, "")},
	{name: "2", title: "Log mode, all nodes at once", namespace: namespaceDone, workloads: everyNode(v1beta1.CompletionLog, "")},
	{
		name: "marks", title: "the marks of Log mode alone, without logs", namespace: namespaceDone,
		workloads: everyNode(v1beta1.CompletionLog, ""), reference: "2", factor: 1, onlyBare: true, marks: true,
	},
	{name: "tenth", title: "a tenth of the nodes", namespace: namespaceDone, workloads: oneTenth, onlyBare: true},
	{
		name: "3", title: "Exit mode, parallelism 10%", namespace: namespaceDone, workloads: everyNode(v1beta1.CompletionExit, "10%"),
		reference: "tenth", factor: 10,
	},
	{name: "4", title: "100 Jobs at once, 50 nodes each", namespace: namespaceDone, workloads: groups(100, 50)},
	{name: "5", title: "Log mode, nothing happens for a while", namespace: namespaceQuiet, workloads: everyNode(v1beta1.CompletionLog, ""), quiet: true},
	{
		name: "6", title: "as 1, with completedPods Release", namespace: namespaceDone,
		workloads: everyNodeWith(func(w *workload) { w.released = true }), reference: "1", factor: 1,
	},
	{
		name: "7", title: "as 1, with results.outputs All", namespace: namespaceDone,
		workloads: everyNodeWith(func(w *workload) { w.outputs = true }), reference: "1", factor: 1,
	},
	{name: "8", title: "1,000 Jobs at once, 10 nodes each", namespace: namespaceDone, workloads: groups(1000, 10)},
	{name: "alone", title: "20 Jobs at once, 5 nodes each", namespace: namespaceDone, workloads: groups(20, 5)},
	{
		name: "9", title: "as alone, beside a Job that runs on all nodes", namespace: namespaceDone, workloads: groups(20, 5),
		background: everyNodeWith(func(w *workload) { w.kept = true }),
	},
	{name: caseIdle, title: "no Jobs", workloads: func(int) []workload { return nil }},
}

// scenarioNames returns the names of the cases that can be asked for.
func scenarioNames() []string {
	var all []string
	for _, s := range scenarios {
		if _, err := strconv.Atoi(s.name); err == nil {
			all = append(all, s.name)
		}
	}
	return all
}

// needed holds the cases that other cases are compared with.
var needed = map[string]string{"2": "marks", "3": "tenth", "6": "1", "7": "1", "9": "alone"}

// readsLogs returns whether the case has Jobs in Log mode.
func (s *scenario) readsLogs() bool {
	all := s.workloads(fewestNodes)
	return len(all) > 0 && all[0].mode == v1beta1.CompletionLog
}

// hasManyJobs returns whether several Jobs run at once.
func (s *scenario) hasManyJobs() bool { return len(s.workloads(fewestNodes)) > 1 }

// kept returns whether the benchmark deletes the Jobs itself, after the measurement. The
// bare DaemonSets of a case are deleted then, so its Jobs must be as well if some of them
// are complete long before others.
func kept(all []workload) bool { return len(all) > 0 && all[0].kept }

func everyNode(mode v1beta1.CompletionMode, parallelism string) func(int) []workload {
	return func(nodes int) []workload {
		return []workload{{name: "bench", pods: nodes, mode: mode, parallelism: parallelism}}
	}
}

// everyNodeWith is case 1 with a change.
func everyNodeWith(change func(*workload)) func(int) []workload {
	return func(nodes int) []workload {
		all := everyNode(v1beta1.CompletionExit, "")(nodes)
		change(&all[0])
		return all
	}
}

func oneTenth(nodes int) []workload {
	return []workload{{name: "bench", pods: nodes / 10, selector: map[string]string{labelTenth: "0"}, mode: v1beta1.CompletionExit}}
}

// groups returns many Jobs on a group of nodes each. With more Jobs than groups, several
// Jobs share one.
func groups(jobs, size int) func(int) []workload {
	return func(nodes int) []workload {
		var all []workload
		for i := range jobs {
			all = append(all, workload{
				name: fmt.Sprintf("bench-%d", i), pods: size, mode: v1beta1.CompletionExit, kept: true,
				selector: map[string]string{labelGroup(size): strconv.Itoa(i % (nodes / size))},
			})
		}
		return all
	}
}

func podCount(all []workload) int {
	sum := 0
	for _, w := range all {
		sum += w.pods
	}
	return sum
}
