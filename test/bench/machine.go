package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// cpuSeconds holds processor time by component of the cluster, in seconds. It shows
// what limits a case when all components share one machine.
type cpuSeconds map[string]float64

// clusterCPU returns the processor time of each component since it started.
func (e *env) clusterCPU() (cpuSeconds, error) {
	all := cpuSeconds{}
	for _, component := range e.cluster.Components() {
		pids, err := e.cluster.Processes(component)
		if err != nil {
			return nil, err
		}
		for _, pid := range pids {
			u, err := usageOf(pid)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", component, err)
			}
			all[component] += u.CPU
		}
	}
	u, err := e.kwok.usage()
	all[e.kwok.name] = u.CPU
	return all, err
}

// since returns the time that each component used since before.
func (s cpuSeconds) since(before cpuSeconds) cpuSeconds {
	difference := cpuSeconds{}
	for component, seconds := range s {
		difference[component] = seconds - before[component]
	}
	return difference
}

// sum returns the time of all components together.
func (s cpuSeconds) sum() float64 {
	all := 0.0
	for _, seconds := range s {
		all += seconds
	}
	return all
}

const (
	// calmPeriod is how long the cluster must be calm. Reading how much it uses costs it something too.
	calmPeriod = 3 * time.Second
	// calm is a tenth of a processor.
	calm = 0.1
)

// waitUntilCalm waits until the cluster hardly uses a processor, or at most half as much again as in its calmest moment so
// far: on a slow machine, an idle cluster uses more than on a fast one. Leftover work of the previous measurement would slow the
// next one down.
func (e *env) waitUntilCalm(ctx context.Context) error {
	before, err := e.clusterCPU()
	if err != nil {
		return err
	}
	known, least := e.calmest, math.Inf(1)
	err = wait.PollUntilContextTimeout(ctx, calmPeriod, time.Minute, false, func(context.Context) (bool, error) {
		now, err := e.clusterCPU()
		used := now.since(before).sum() / calmPeriod.Seconds()
		before, least = now, min(least, used)
		return used < calm || used < 1.5*known, err
	})
	if known == 0 || least < known {
		e.calmest = least
	}
	if wait.Interrupted(err) && ctx.Err() == nil {
		e.logf("Waited a minute for the cluster to be idle: it uses %.2f processors, which slows the next measurement down", least)
		return nil
	}
	return err
}

func (s cpuSeconds) String() string {
	var all []string
	for _, component := range slices.Sorted(maps.Keys(s)) {
		all = append(all, fmt.Sprintf("%s %.1f", component, s[component]))
	}
	return strings.Join(all, ", ")
}
