package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// measureAll measures the cases of the plan at the present number of nodes.
func (l *lab) measureAll(ctx context.Context, p *plan) ([]result, error) {
	var rows []result
	bare := map[string]float64{}
	// What comes first pays for the caches of all components.
	if _, err := l.measureBare(ctx, scenarios[0]); err != nil {
		return rows, fmt.Errorf("warming up: %w", err)
	}
	for _, s := range scenarios {
		if !slices.Contains(p.cases, s.name) {
			continue
		}
		measured, err := l.measureRounds(ctx, s, p.settings)
		if err != nil {
			return rows, err
		}
		for _, rounds := range measured {
			r := median(rounds)
			if r.Subject == subjectBare {
				bare[s.name] = r.Wall
			} else {
				r.Reference = bare[s.name]
			}
			if s.reference != "" {
				r.Reference = bare[s.reference] * s.times
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// measureRounds measures a case several times: the bare DaemonSet and what is beside
// it by turns, so that what else the machine does meets all. It returns the results
// of each.
func (l *lab) measureRounds(ctx context.Context, s scenario, how settings) ([][]result, error) {
	var turns []func() (result, error)
	if s.onlyBare || s.reference == "" && !s.quiet {
		turns = append(turns, func() (result, error) { return l.measureBare(ctx, s) })
	}
	for _, who := range l.subjects(s) {
		turns = append(turns, func() (result, error) { return l.measureJobs(ctx, s, who, how) })
	}
	rounds := how.rounds
	if s.quiet {
		rounds = 1 // Nothing that is measured here depends on the machine.
	}
	all := make([][]result, len(turns))
	for range rounds {
		for i, turn := range turns {
			if err := l.calm(ctx); err != nil {
				return nil, fmt.Errorf("waiting for the cluster to be calm: %w", err)
			}
			r, err := turn()
			if err != nil {
				return nil, fmt.Errorf("case %s, %d nodes, %s: %w", r.Case, r.Nodes, r.Subject, err)
			}
			r.progress(os.Stderr)
			all[i] = append(all[i], r)
		}
	}
	return all, nil
}

// subjects that a case is measured with, beside the bare DaemonSet.
func (l *lab) subjects(s scenario) []subject {
	switch {
	case s.onlyBare:
		return nil
	case l.programs.kruise.manager == "" || s.workloads(l.nodes)[0].mode == v1beta1.CompletionLog:
		return []subject{l.ours()} // A BroadcastJob does not read logs.
	}
	return []subject{l.ours(), l.broadcast()}
}

// median is the result in the middle, by its time.
func median(all []result) result {
	slices.SortFunc(all, func(a, b result) int { return cmp.Compare(a.Wall, b.Wall) })
	return all[len(all)/2]
}
