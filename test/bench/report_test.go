package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// rows returns the rows of one case: the bare DaemonSet and the operator.
func rows(nodes int, change func(*result)) []result {
	job := result{
		Case: "1", Title: "a < b", Contender: contenderJob, Nodes: nodes, Pods: nodes, Wall: 10, Reference: 10, Latency: 0.1, Operator: 0.8,
		Manager: usage{CPU: 0.5, PeakMemory: 50}, Terminator: usage{CPU: 0.5, PeakMemory: 50}, Writes: 20,
		Requests: map[string]requests{"daemonset-job-manager": {"patch jobs/status": 20}}, Cluster: cpuSeconds{"etcd": 1.5},
	}
	change(&job)
	return []result{{Case: "1", Contender: contenderBare, Nodes: nodes, Pods: nodes, Wall: 10}, job}
}

func TestTargetsAreEvaluated(t *testing.T) {
	idle := func(perMinute float64) *float64 { return &perMinute }
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
		"case 5: idle":                    {100, func(r *result) { r.Case, r.IdlePerMinute = "5", idle(0) }, nil},
		"case 5: busy":                    {100, func(r *result) { r.Case, r.IdlePerMinute = "5", idle(1) }, []string{"case 5: requests"}},
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

	file, err := os.Open(filepath.Join(folder, "bench.svg"))
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { g.Expect(file.Close()).To(Succeed()) }()
	text, decoder := strings.Builder{}, xml.NewDecoder(file)
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		g.Expect(err).NotTo(HaveOccurred(), "it is XML")
		if words, ok := token.(xml.CharData); ok {
			text.Write(words)
		}
	}
	g.Expect(text.String()).To(ContainSubstring("1000 nodes: a < b"))
}

func TestTheMedianIsTheOneInTheMiddle(t *testing.T) {
	g := NewWithT(t)
	g.Expect(median([]result{{Wall: 9}, {Wall: 1}, {Wall: 3}}).Wall).To(Equal(3.0))
	g.Expect(median([]result{{Wall: 9}}).Wall).To(Equal(9.0))
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
