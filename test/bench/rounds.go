package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
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
		bares, jobs, err := l.measureRounds(ctx, s, p.settings)
		if err != nil {
			return rows, err
		}
		if len(bares) > 0 {
			r := median(bares)
			bare[s.name] = r.Wall
			rows = append(rows, r)
		}
		if len(jobs) > 0 {
			r := median(jobs)
			r.Reference = bare[s.name]
			if s.reference != "" {
				r.Reference = bare[s.reference] * s.times
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// measureRounds measures a case several times: the bare DaemonSet and the operator
// by turns, so that what else the machine does meets both.
func (l *lab) measureRounds(ctx context.Context, s scenario, how settings) (bares, jobs []result, err error) {
	measure := func(to *[]result, do func() (result, error)) error {
		if err := l.calm(ctx); err != nil {
			return fmt.Errorf("waiting for the cluster to be calm: %w", err)
		}
		r, err := do()
		if err != nil {
			return fmt.Errorf("case %s, %d nodes, %s: %w", r.Case, r.Nodes, r.Subject, err)
		}
		r.progress(os.Stderr)
		*to = append(*to, r)
		return nil
	}
	rounds := how.rounds
	if s.quiet {
		rounds = 1 // Nothing that is measured here depends on the machine.
	}
	for range rounds {
		if s.reference == "" && !s.quiet {
			if err := measure(&bares, func() (result, error) { return l.measureBare(ctx, s) }); err != nil {
				return nil, nil, err
			}
		}
		if !s.onlyBare {
			if err := measure(&jobs, func() (result, error) { return l.measureJobs(ctx, s, how) }); err != nil {
				return nil, nil, err
			}
		}
	}
	return bares, jobs, nil
}

// median is the result in the middle, by its time.
func median(all []result) result {
	slices.SortFunc(all, func(a, b result) int { return cmp.Compare(a.Wall, b.Wall) })
	return all[len(all)/2]
}
