package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
)

// measureAll measures the cases of cfg on the current number of nodes.
func (e *env) measureAll(ctx context.Context, cfg *runConfig) ([]result, error) {
	var rows []result
	bare := map[string]float64{}
	// The first measurement fills the caches of all components, so its result is
	// dropped.
	if _, err := e.measureBare(ctx, scenarios[0], settings{}); err != nil {
		return rows, fmt.Errorf("warming up: %w", err)
	}
	for _, s := range scenarios {
		if !slices.Contains(cfg.cases, s.name) {
			continue
		}
		measured, err := e.measureRounds(ctx, s, cfg.settings)
		rows = append(rows, s.medians(measured, bare)...)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// medians returns a row for each contender that was measured. bare holds the times of the
// bare DaemonSets by their cases, and gets this case's.
func (s *scenario) medians(measured [][]result, bare map[string]float64) []result {
	var rows []result
	for _, rounds := range measured {
		if len(rounds) == 0 {
			continue // A contender before it failed.
		}
		r := median(rounds)
		if r.Contender == contenderBare {
			bare[s.name] = r.Wall
		} else {
			r.Reference = bare[s.name]
		}
		if s.reference != "" {
			r.Reference = bare[s.reference] * s.factor
		}
		rows = append(rows, r)
	}
	return rows
}

// measureRounds measures a case several times, with the bare DaemonSet and the
// contenders by turns: a slow moment of the machine then affects all of them. It
// returns the results of each. With an error, it returns those measured before: on many
// nodes each took minutes.
func (e *env) measureRounds(ctx context.Context, s scenario, opts settings) ([][]result, error) {
	var turns []func() (result, error)
	measure := e.measureJobs
	if s.name == caseIdle {
		measure = e.measureIdle
	} else if s.onlyBare || s.reference == "" && !s.quiet {
		turns = append(turns, func() (result, error) { return e.measureBare(ctx, s, opts) })
	}
	for _, c := range e.contenders(s, opts) {
		turns = append(turns, func() (result, error) { return measure(ctx, s, c, opts) })
	}
	rounds := opts.rounds
	if s.quiet || s.name == caseIdle {
		rounds = 1 // No result of this case depends on the machine's speed.
	}
	all := make([][]result, len(turns))
	for range rounds {
		for i, turn := range turns {
			if err := e.waitUntilCalm(ctx); err != nil {
				return all, fmt.Errorf("waiting for the cluster to be calm: %w", err)
			}
			r, err := turn()
			if err != nil {
				return all, fmt.Errorf("case %s, %d nodes, %s: %w", r.Case, r.Nodes, r.Contender, err)
			}
			r.progress(os.Stderr)
			all[i] = append(all[i], r)
		}
	}
	return all, nil
}

// median returns the result with the median wall time.
func median(all []result) result {
	slices.SortFunc(all, func(a, b result) int { return cmp.Compare(a.Wall, b.Wall) })
	return all[len(all)/2]
}
