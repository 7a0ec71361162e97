package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
)

// rows returns the rows of one case: the bare DaemonSet and the operator.
func rows(nodes int, change func(*result)) []result {
	job := result{
		Case: "1", Title: "a < b", Contender: contenderJob, Nodes: nodes, Pods: nodes, Wall: 10, Reference: 10, Latency: 0.1, Operator: 0.8,
		Manager: usage{CPU: 0.5, PeakMemory: 50}, Before: 30, Terminator: usage{CPU: 0.5, PeakMemory: 50}, Writes: 20,
		Requests: map[string]requests{"daemonset-job-manager": {"patch jobs/status": 20}}, Cluster: cpuSeconds{"etcd": 1.5},
	}
	change(&job)
	return []result{{Case: "1", Contender: contenderBare, Nodes: nodes, Pods: nodes, Wall: 10}, job}
}

func TestTargetsAreEvaluated(t *testing.T) {
	atRest := func(requests, turns float64) *idle { return &idle{Requests: requests, Turns: turns} }
	tests := map[string]struct {
		nodes  int
		change func(*result)
		missed []string
	}{
		"all is well":                     {1000, func(*result) {}, nil},
		"slow":                            {1000, func(r *result) { r.Wall = 10.6 }, []string{"case 1: wall"}},
		"slow, on few nodes":              {100, func(r *result) { r.Wall, r.Latency, r.Manager.CPU = 30, 5, 9 }, nil},
		"too many writes":                 {100, func(r *result) { r.Writes = 41 }, []string{"case 1: writes"}},
		"too much of the processors":      {1000, func(r *result) { r.Operator = 1.6 }, []string{"case 1: CPU seconds of both, until Complete"}},
		"a clean-up that takes too much":  {1000, func(r *result) { r.Terminator.CPU = 1.1 }, []string{"case 1: CPU seconds of both, until nothing is left"}},
		"more processors for more nodes":  {5000, func(r *result) { r.Operator, r.Terminator.CPU = 5, 5 }, nil},
		"case 2: one write for each node": {1000, func(r *result) { r.Case, r.Writes = "2", 1040 }, nil},
		"case 2: and no more":             {1000, func(r *result) { r.Case, r.Writes = "2", 1041 }, []string{"case 2: writes"}},
		"case 2: latency":                 {1000, func(r *result) { r.Case, r.Latency = "2", 0.31 }, []string{"last node done"}},
		"case 2: memory":                  {1000, func(r *result) { r.Case, r.Manager.PeakMemory = "2", 65 }, []string{"case 2: memory of the manager"}},
		"case 2: memory of many nodes":    {5000, func(r *result) { r.Case, r.Manager.PeakMemory = "2", 160 }, nil},
		"case 3: beyond the parallelism":  {100, func(r *result) { r.Case, r.MostWorking = "3", 11 }, []string{"case 3: nodes working"}},
		"case 3: slow":                    {1000, func(r *result) { r.Case, r.Wall = "3", 13.1 }, []string{"case 3: wall"}},
		"case 5: idle":                    {100, func(r *result) { r.Case, r.Idle = "5", atRest(0, 0) }, nil},
		"case 5: busy":                    {100, func(r *result) { r.Case, r.Idle = "5", atRest(1, 1) }, []string{"case 5: requests"}},
		"case 5: logs in turns":           {5000, func(r *result) { r.Case, r.Idle = "5", atRest(9, 9) }, nil},
		"case 5: busy beside them":        {5000, func(r *result) { r.Case, r.Idle = "5", atRest(9, 8) }, []string{"case 5: requests"}},
		"case 10: reads the policy":       {100, func(r *result) { r.Case, r.Idle = caseIdle, &idle{Requests: 4, PolicyReads: 4} }, nil},
		"case 10: busy without a Job":     {100, func(r *result) { r.Case, r.Idle = caseIdle, atRest(1, 0) }, []string{"case 10: requests"}},
		"case 4: slow":                    {1000, func(r *result) { r.Case, r.Wall = "4", 11.1 }, []string{"case 4: wall"}},
		"15,000 nodes":                    {15000, func(r *result) { r.Wall, r.Writes, r.Operator, r.Manager.PeakMemory, r.Before = 10.6, 150, 9, 128, 60 }, nil},
		"15,000 nodes: slow":              {15000, func(r *result) { r.Wall = 10.7 }, []string{"case 1: wall"}},
		"15,000 nodes: writes":            {15000, func(r *result) { r.Writes = 151 }, []string{"case 1: writes"}},
		"15,000 nodes: latency":           {15000, func(r *result) { r.Latency = 0.11 }, []string{"last node done"}},
		"15,000 nodes: processors":        {15000, func(r *result) { r.Operator = 9.1 }, []string{"case 1: CPU milliseconds"}},
		"15,000 nodes: manager":           {15000, func(r *result) { r.Manager.PeakMemory, r.Before = 129, 100 }, []string{"case 1: memory of the manager, MiB"}},
		"15,000 nodes: growth":            {15000, func(r *result) { r.Manager.PeakMemory, r.Before = 128, 54 }, []string{"case 1: memory of the manager for each pod"}},
		"15,000 nodes: terminator":        {15000, func(r *result) { r.Case, r.Terminator.PeakMemory = "2", 257 }, []string{"case 2: memory of the terminator"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var missed []any
			for _, target := range test.missed {
				missed = append(missed, HavePrefix(target))
			}
			var names []string
			for _, j := range evaluate(rows(test.nodes, test.change)) {
				if !j.Met {
					names = append(names, j.Target)
					g.Expect(j.String()).To(HavePrefix("missed"))
				}
			}
			g.Expect(names).To(ConsistOf(missed...))
		})
	}
}

func TestTheReportIsWritten(t *testing.T) {
	g := NewWithT(t)
	all := &report{Machine: "2 processors", Rows: rows(1000, func(*result) {})}
	all.Targets = evaluate(all.Rows)
	folder := t.TempDir()
	g.Expect(all.write(folder)).To(Succeed())

	data, err := os.ReadFile(filepath.Join(folder, "bench.json"))
	g.Expect(err).NotTo(HaveOccurred())
	again := &report{}
	g.Expect(json.Unmarshal(data, again)).To(Succeed())
	g.Expect(again).To(Equal(all))

	data, err = os.ReadFile(filepath.Join(folder, "bench.md"))
	g.Expect(err).NotTo(HaveOccurred())
	for _, part := range []string{"| 1000 | 1: a < b | daemonset-job | 10.0 | 1.00 | 0.10 | 0 | 0.80 | 0.50, 50 |", "patch jobs/status: 20", "etcd 1.5", "met     case 1: writes"} {
		g.Expect(string(data)).To(ContainSubstring(part))
	}

	data, err = os.ReadFile(filepath.Join(folder, "bench.svg"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(data)).To(Equal(chart(all.Rows)))
}

func TestAnEarlierRunIsAddedTo(t *testing.T) {
	g := NewWithT(t)
	folder := t.TempDir()
	g.Expect((&report{}).read(folder)).To(Succeed(), "there is none")
	many := &report{Rows: rows(15000, func(*result) {})}
	g.Expect(many.write(folder)).To(Succeed())

	all := &report{Machine: "2 processors"}
	g.Expect(all.read(folder)).To(Succeed())
	all.add(rows(100, func(*result) {}))
	all.add(rows(15000, func(r *result) { r.Wall = 30 }))
	var walls []float64
	for _, r := range all.Rows {
		walls = append(walls, float64(r.Nodes), r.Wall)
	}
	g.Expect(walls).To(Equal([]float64{100, 10, 100, 10, 15000, 10, 15000, 30}), "what is measured again replaces the old row")
	g.Expect(all.Targets).To(ContainElement(HaveField("Met", false)))
}

func TestTheTablesTellWhatWasMeasured(t *testing.T) {
	g := NewWithT(t)
	few := result{Case: "alone", Contender: contenderJob, Nodes: 5000, Wall: 2}
	beside := result{Case: "9", Contender: contenderJob, Nodes: 5000, Wall: 5, Background: 70}
	logs := result{Case: "2", Contender: contenderJob + ", 500 streams", Nodes: 5000, Pods: 5000, Wall: 9, Latency: 1, Before: 30, Streams: &streams{6000, 500}, Manager: usage{PeakMemory: 55}, Terminator: usage{PeakMemory: 80}}
	rest := result{Case: caseIdle, Contender: contenderJob, Nodes: 5000, Idle: &idle{Requests: 4, PolicyReads: 4, Heartbeats: 1000, ManagerCPU: 0.5, ManagerMemory: 40, TerminatorMemory: 30}}
	text := (&report{Rows: []result{few, beside, logs, rest}}).markdown()
	for _, part := range []string{
		"| 5000 | 9 | daemonset-job | 2.0 | 5.0 | 2.50 | 70.0 |", "| 5000 | 2 | daemonset-job, 500 streams | 6000 | 500 | 8.0 | 80 |",
		"| 5000 | 2 | daemonset-job, 500 streams | 30 | 55 | 5.1 |", "| 5000 | 10 | daemonset-job | 4.0 (0.0, 4.0) | 1000 | 0.50, 40 | 0.00, 30 |",
	} {
		g.Expect(text).To(ContainSubstring(part))
	}
	g.Expect(text).NotTo(ContainSubstring("What they asked for"), "an empty table is left out")
}

func TestTheMedianIsTheOneInTheMiddle(t *testing.T) {
	g := NewWithT(t)
	g.Expect(median([]result{{Wall: 9}, {Wall: 1}, {Wall: 3}}).Wall).To(Equal(3.0))
	g.Expect(median([]result{{Wall: 9}}).Wall).To(Equal(9.0))
}

func TestAContenderThatFailedLeavesTheRowsBeforeIt(t *testing.T) {
	g := NewWithT(t)
	bare := map[string]float64{}
	case2 := scenario{name: "2"}
	rows := case2.medians([][]result{{{Contender: contenderBare, Wall: 4}}, {{Contender: contenderJob, Wall: 6}}, nil}, bare)
	g.Expect(rows).To(HaveExactElements(
		HaveField("Contender", contenderBare), And(HaveField("Contender", contenderJob), HaveField("Reference", 4.0))))
	marks := scenario{name: "marks", reference: "2", factor: 1}
	g.Expect(marks.medians([][]result{{{Contender: contenderBare, Wall: 5}}}, bare)).To(HaveExactElements(HaveField("Reference", 4.0)))
}

func TestWhatTheClusterSpentIsADifference(t *testing.T) {
	g := NewWithT(t)
	g.Expect(cpuSeconds{"etcd": 3, "kwok": 1.25}.since(cpuSeconds{"etcd": 1}).String()).To(Equal("etcd 2.0, kwok 1.2"))
}

func TestABinaryThatKeepsMoreIsNamed(t *testing.T) {
	g := NewWithT(t)
	before := sizesByBinary{"manager": {goroutines: 90, memory: 5}}
	g.Expect(sizesByBinary{"manager": {goroutines: 95, memory: 7}}.grownSince(before)).To(BeEmpty())
	g.Expect(sizesByBinary{"manager": {goroutines: 190, memory: 7}}.grownSince(before)).To(ConsistOf(ContainSubstring("the manager has grown: 190 goroutines")))
	g.Expect(sizesByBinary{"manager": {goroutines: 90, memory: 50}}.grownSince(before)).To(HaveLen(1))
}
