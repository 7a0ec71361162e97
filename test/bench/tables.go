package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// table is one of the tables of the report.
type table struct {
	title  string
	header []string
	lines  [][]string
}

// write writes the table as Markdown, and nothing if it has no lines.
func (t *table) write(b *strings.Builder) {
	if len(t.lines) == 0 {
		return
	}
	if t.title != "" {
		fmt.Fprintf(b, "\n%s\n\n", t.title)
	}
	for _, cells := range append([][]string{t.header, slices.Repeat([]string{"---"}, len(t.header))}, t.lines...) {
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
}

// add adds a line, which begins with nodes, case and contender of a row.
func (t *table) add(r *result, cells ...string) {
	t.lines = append(t.lines, append([]string{fmt.Sprint(r.Nodes), r.Case, r.Contender}, cells...))
}

// tables returns the tables below the main one.
func (p *report) tables() []*table {
	columns := func(more ...string) []string { return append([]string{"nodes", "case", "subject"}, more...) }
	memory := &table{title: "Memory of the manager:", header: columns("MiB before", "most MiB", "KiB for each pod")}
	logs := &table{title: "Logs:", header: columns("turns", "most at once", "last word found after s", "terminator MiB")}
	fair := &table{title: "Small Jobs beside one on all nodes:", header: columns("alone s", "beside s", "times", "all nodes s")}
	rest := &table{title: "While nothing happens, a minute:", header: columns("requests (log turns, policy reads)", "heartbeats", "manager CPU s, MiB", "terminator CPU s, MiB")}
	requests := &table{title: "What they asked for, beside watches and leases:", header: columns("binary", "requests")}
	cluster := &table{title: "Seconds of processors that the cluster needed until then:", header: columns("components")}
	for i := range p.Rows {
		r := &p.Rows[i]
		if r.Before > 0 {
			memory.add(r, fmt.Sprintf("%.0f", r.Before), fmt.Sprintf("%.0f", r.Manager.PeakMemory), fmt.Sprintf("%.1f", r.perPod()))
		}
		if r.Streams != nil {
			logs.add(r, fmt.Sprint(r.Streams.Turns), fmt.Sprint(r.Streams.Most), fmt.Sprintf("%.1f", r.Wall-r.Latency), fmt.Sprintf("%.0f", r.Terminator.PeakMemory))
		}
		if alone := p.alone(r); alone > 0 {
			fair.add(r, fmt.Sprintf("%.1f", alone), fmt.Sprintf("%.1f", r.Wall), fmt.Sprintf("%.2f", r.Wall/alone), fmt.Sprintf("%.1f", r.Background))
		}
		if r.Idle != nil {
			rest.add(r, r.Idle.cells()...)
		}
		for _, binary := range slices.Sorted(maps.Keys(r.Requests)) {
			requests.add(r, binary, r.Requests[binary].String())
		}
		if len(r.Cluster) > 0 {
			cluster.add(r, r.Cluster.String())
		}
	}
	return []*table{memory, logs, fair, rest, requests, cluster}
}

// alone returns the wall time of the same small Jobs without the one on all nodes, and 0
// if the row is of another case.
func (p *report) alone(r *result) float64 {
	at := slices.IndexFunc(p.Rows, func(other result) bool {
		return r.Case == "9" && other.Case == "alone" && other.Nodes == r.Nodes && other.Contender == r.Contender
	})
	if at < 0 {
		return 0
	}
	return p.Rows[at].Wall
}

func (i *idle) cells() []string {
	asked, heartbeats := fmt.Sprintf("%.1f (%.1f, %.1f)", i.Requests, i.Turns, i.PolicyReads), ""
	if i.Heartbeats > 0 {
		heartbeats = fmt.Sprintf("%.0f", i.Heartbeats)
	}
	return []string{asked, heartbeats, fmt.Sprintf("%.2f, %.0f", i.ManagerCPU, i.ManagerMemory), fmt.Sprintf("%.2f, %.0f", i.TerminatorCPU, i.TerminatorMemory)}
}

func (r requests) String() string {
	var all []string
	for _, what := range slices.Sorted(maps.Keys(r)) {
		all = append(all, fmt.Sprintf("%s: %d", what, r[what]))
	}
	return strings.Join(all, ", ")
}
