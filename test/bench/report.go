package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// report holds the results of a run.
type report struct {
	Machine string         `json:"machine"`
	Rows    []result       `json:"rows"`
	Targets []targetResult `json:"targets"`
}

// header holds the columns of the table.
var header = []string{
	"nodes", "case", "subject", "wall s", "over bare", "latency s (from word)", "most working", "operator CPU s", "manager CPU s, MiB", "terminator CPU s, MiB", "writes",
}

// cells returns the cells of a row of the table.
func (r *result) cells() []string {
	over, latency, operator, manager, terminator, writes := "", "", "", "", "", ""
	if r.Reference > 0 {
		over = fmt.Sprintf("%.2f", r.Wall/r.Reference)
	}
	if r.Contender != contenderBare {
		latency = fmt.Sprintf("%.2f", r.Latency)
		if r.FromWord > 0 {
			latency += fmt.Sprintf(" (%.2f)", r.FromWord)
		}
		operator = fmt.Sprintf("%.2f", r.Operator)
		manager = fmt.Sprintf("%.2f, %.0f", r.Manager.CPU, r.Manager.PeakMemory)
		if r.Terminator != (usage{}) {
			terminator = fmt.Sprintf("%.2f, %.0f", r.Terminator.CPU, r.Terminator.PeakMemory)
		}
		writes = fmt.Sprint(r.Writes)
	}
	return []string{
		fmt.Sprint(r.Nodes), r.Case + ": " + r.Title, r.Contender, fmt.Sprintf("%.1f", r.Wall), over, latency,
		fmt.Sprint(r.MostWorking), operator, manager, terminator, writes,
	}
}

// markdown returns the report as docs/performance.md shows it.
func (p *report) markdown() string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(header)
	line(slices.Repeat([]string{"---"}, len(header)))
	for i := range p.Rows {
		line(p.Rows[i].cells())
	}
	b.WriteString("\nWhat they asked for, beside watches and leases:\n\n| nodes | case | binary | requests |\n|---|---|---|---|\n")
	for i := range p.Rows {
		r := &p.Rows[i]
		for _, binary := range slices.Sorted(maps.Keys(r.Requests)) {
			var all []string
			for _, what := range slices.Sorted(maps.Keys(r.Requests[binary])) {
				all = append(all, fmt.Sprintf("%s: %d", what, r.Requests[binary][what]))
			}
			line([]string{fmt.Sprint(r.Nodes), r.Case, binary, strings.Join(all, ", ")})
		}
	}
	b.WriteString("\nSeconds of processors that the cluster needed until then:\n\n| nodes | case | subject | components |\n|---|---|---|---|\n")
	for i := range p.Rows {
		r := &p.Rows[i]
		line([]string{fmt.Sprint(r.Nodes), r.Case, r.Contender, r.Cluster.String()})
	}
	b.WriteString("\n```\n")
	for _, j := range p.Targets {
		b.WriteString(j.String() + "\n")
	}
	b.WriteString("```\n")
	return b.String()
}

// write writes the report to an existing folder as JSON, as Markdown and as a chart.
func (p *report) write(folder string) error {
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	for name, content := range map[string]string{
		"bench.json": string(data) + "\n", "bench.md": p.markdown(), "bench.svg": chart(p.Rows),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// progress prints a line about the row while the run continues.
func (r *result) progress(to io.Writer) {
	_, _ = fmt.Fprintf(to, "%8.1f s  case %s, %d nodes: %s", r.Wall, r.Case, r.Nodes, r.Contender)
	if r.Contender != contenderBare {
		_, _ = fmt.Fprintf(to, ", latency %.2f (%.2f) s, operator %.2f s, manager %.2f s %.0f MiB, terminator %.2f s %.0f MiB, %d writes",
			r.Latency, r.FromWord, r.Operator, r.Manager.CPU, r.Manager.PeakMemory, r.Terminator.CPU, r.Terminator.PeakMemory, r.Writes)
	}
	_, _ = fmt.Fprintf(to, "; cluster: %s\n", r.Cluster)
}
