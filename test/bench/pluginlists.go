package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// pluginAgent is how the requests of the plugin begin to name their program.
const pluginAgent = "kubectl-node_job"

// lists counts how often the plugin listed each resource.
func (a audit) lists() (map[string]int, error) {
	file, err := os.Open(a.file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // The file was only read.
	return countLists(file)
}

// countLists counts lists. A watch that asks for what there is at its start is one, too.
func countLists(log io.Reader) (map[string]int, error) {
	counts := map[string]int{}
	err := eachEntry(log, func(e *entry) {
		if agent, _, _ := strings.Cut(e.UserAgent, "/"); agent != pluginAgent {
			return
		}
		if e.Verb == "list" || e.Verb == "watch" && strings.Contains(e.RequestURI, "sendInitialEvents=true") {
			counts[e.ObjectRef.Resource]++
		}
	})
	return counts, err
}

// tooManyLists returns what is wrong with the lists of a command that follows a Job.
func tooManyLists(lists map[string]int) []error {
	if len(lists) == 0 {
		return []error{fmt.Errorf("the audit log has no list of %s", pluginAgent)}
	}
	var problems []error
	for _, resource := range slices.Sorted(maps.Keys(lists)) {
		if n := lists[resource]; n > 1 {
			problems = append(problems, fmt.Errorf("status --watch listed %s %d times", resource, n))
		}
	}
	return problems
}
