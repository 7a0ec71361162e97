package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// spent is the time on processors by component of the cluster, in seconds. It
// says what bounds a case when all components share a machine.
type spent map[string]float64

// spent by the components of the cluster since they started.
func (l *lab) spent() (spent, error) {
	all := spent{}
	for _, component := range l.cluster.Components() {
		pids, err := l.cluster.Processes(component)
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
	u, err := l.kwok.usage()
	all[l.kwok.name] = u.CPU
	return all, err
}

// since is what was spent since before.
func (s spent) since(before spent) spent {
	difference := spent{}
	for component, seconds := range s {
		difference[component] = seconds - before[component]
	}
	return difference
}

func (s spent) String() string {
	var all []string
	for _, component := range slices.Sorted(maps.Keys(s)) {
		all = append(all, fmt.Sprintf("%s %.1f", component, s[component]))
	}
	return strings.Join(all, ", ")
}
