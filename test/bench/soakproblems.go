package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// problems returns what is wrong with the finished Jobs, and what went wrong on the way.
func (s *soak) problems() []string {
	all := s.wrong
	for _, name := range slices.Sorted(maps.Keys(s.jobs)) {
		job := s.jobs[name]
		if problem := job.problem(); problem != "" {
			all = append(all, problem)
		}
		if undone := s.undone(job); len(undone) > 0 {
			all = append(all, fmt.Sprintf("Job %s is complete, but nodes %v have not done its work", job.name, undone))
		}
		if unrecorded := s.unrecorded(job); len(unrecorded) > 0 {
			all = append(all, fmt.Sprintf("Job %s is complete, but nodes %v are not recorded as done", job.name, unrecorded))
		}
	}
	all = append(all, s.invariants.violations()...)
	all = append(all, s.recordProblems()...)
	return append(all, s.pool.problems()...)
}

// undone returns the nodes that have not done the work of a complete Job. Nodes that were
// in trouble may be left out of it.
func (s *soak) undone(job *soakJob) []string {
	if job.deleted || job.last.Phase != v1beta1.PhaseComplete {
		return nil
	}
	nodes := job.untroubled()
	return append(s.invariants.undone(job.name, job.last.TemplateHash, nodes), s.pool.undone(job, nodes)...)
}
