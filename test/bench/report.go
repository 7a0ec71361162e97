package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
		over = fmt.Sprintf("%.2f", r.overBare())
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
	main := table{header: header}
	for i := range p.Rows {
		if r := &p.Rows[i]; r.Case != caseIdle {
			main.lines = append(main.lines, r.cells())
		}
	}
	main.write(&b)
	for _, t := range p.tables() {
		t.write(&b)
	}
	b.WriteString("\n```\n")
	for _, j := range p.Targets {
		b.WriteString(j.String() + "\n")
	}
	b.WriteString("```\n")
	return b.String()
}

// add adds rows. They replace those of the same nodes, case and contender.
func (p *report) add(rows []result) {
	key := func(r *result) string { return fmt.Sprintf("%d/%s/%s", r.Nodes, r.Case, r.Contender) }
	again := map[string]bool{}
	for i := range rows {
		again[key(&rows[i])] = true
	}
	p.Rows = append(slices.DeleteFunc(p.Rows, func(r result) bool { return again[key(&r)] }), rows...)
	order := map[string]int{}
	for i := range scenarios {
		order[scenarios[i].name] = i
	}
	slices.SortStableFunc(p.Rows, func(a, b result) int {
		return cmp.Or(cmp.Compare(a.Nodes, b.Nodes), cmp.Compare(order[a.Case], order[b.Case]))
	})
	p.Targets = evaluate(p.Rows)
}

// read reads the report that an earlier run wrote to the folder, if there is one.
func (p *report) read(folder string) error {
	data, err := os.ReadFile(filepath.Join(folder, "bench.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(data, p)
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
	if r.Idle != nil {
		_, _ = fmt.Fprintf(to, ", idle: %.1f requests a minute, manager %.2f s a minute and %.0f MiB", r.Idle.Requests, r.Idle.ManagerCPU, r.Idle.ManagerMemory)
	}
	if r.Contender != contenderBare && r.Case != caseIdle {
		_, _ = fmt.Fprintf(to, ", latency %.2f (%.2f) s, operator %.2f s, manager %.2f s %.0f MiB, terminator %.2f s %.0f MiB, %d writes",
			r.Latency, r.FromWord, r.Operator, r.Manager.CPU, r.Manager.PeakMemory, r.Terminator.CPU, r.Terminator.PeakMemory, r.Writes)
	}
	if len(r.Cluster) > 0 {
		_, _ = fmt.Fprintf(to, "; cluster: %s", r.Cluster)
	}
	_, _ = fmt.Fprintln(to)
}
