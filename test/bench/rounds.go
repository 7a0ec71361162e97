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
		if err != nil {
			return rows, err
		}
		for _, rounds := range measured {
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
	}
	return rows, nil
}

// measureRounds measures a case several times, with the bare DaemonSet and the
// contenders by turns: a slow moment of the machine then affects all of them. It
// returns the results of each.
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
				return nil, fmt.Errorf("waiting for the cluster to be calm: %w", err)
			}
			r, err := turn()
			if err != nil {
				return nil, fmt.Errorf("case %s, %d nodes, %s: %w", r.Case, r.Nodes, r.Contender, err)
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
