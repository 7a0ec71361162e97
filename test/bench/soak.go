package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	// soakNodes is how many nodes the soak simulates.
	soakNodes = 200
	// fewStreams allows far fewer streams than there are logs to follow, so that the
	// pods take turns.
	fewStreams = "--max-log-streams=10"
	// maxJobs is how many unfinished Jobs there may be at once.
	maxJobs = 12
	// calmShare is the last part of the soak, in which no process is killed: the
	// processes must have run for a while when their sizes are compared.
	calmShare = 0.25
	// settleTimeout is how long all Jobs may take to finish after the soak.
	settleTimeout = 2 * time.Minute
)

// soak runs random Jobs and kills the processes that they depend on.
type soak struct {
	env        *env
	operator   *operator
	invariants *invariantWatcher
	random     *rand.Rand
	jobs       map[string]*soakJob
	made       int
	counts     map[string]int
	// managerDue, terminatorDue and serverDue are when to start a killed process again.
	// Zero means that it runs.
	managerDue, terminatorDue, serverDue time.Time
}

// runSoak soaks the operator for a duration, and returns an error that lists what went
// wrong.
func (e *env) runSoak(ctx context.Context, duration time.Duration, seed uint64) (err error) {
	s := &soak{
		env: e, invariants: newInvariantWatcher(), random: rand.New(rand.NewPCG(seed, 0)),
		jobs: map[string]*soakJob{}, counts: map[string]int{},
	}
	e.logf("%10s  seed %d, for %s on %d nodes", "", seed, duration, soakNodes)
	if err := e.grow(ctx, soakNodes); err != nil {
		return err
	}
	go s.invariants.watch(ctx, e.client, namespaceSoak)
	if s.operator, err = e.startOperator(ctx, fewStreams); err != nil {
		return err
	}
	defer func() { s.operator.stop() }()
	// The first Jobs fill the caches of both binaries.
	if err := s.warmUp(ctx); err != nil {
		return err
	}
	before, err := readSizes(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	for time.Since(began) < duration && ctx.Err() == nil {
		if err := s.step(ctx, time.Since(began) < time.Duration(float64(duration)*(1-calmShare))); err != nil {
			return err
		}
		if err := sleep(ctx, time.Duration(100+s.random.IntN(300))*time.Millisecond); err != nil {
			return err
		}
	}
	if err := errors.Join(ctx.Err(), s.settle(ctx)); err != nil {
		return err
	}
	after, err := readSizes(ctx)
	if err != nil {
		return err
	}
	wrong := append(s.problems(), s.invariants.violations()...)
	wrong = append(wrong, after.grownSince(before)...)
	fmt.Printf("\nSoaked for %s with seed %d: %s\n%s\n", time.Since(began).Round(time.Second), seed, tally(s.counts), after.compare(before))
	if len(wrong) > 0 {
		return fmt.Errorf("%d things went wrong:\n%s", len(wrong), strings.Join(wrong, "\n"))
	}
	fmt.Println("Every Job finished, within its parallelism and once per node, and no object is left.")
	return nil
}

// warmUp runs a few Jobs to their end.
func (s *soak) warmUp(ctx context.Context) error {
	for len(s.jobs) < 3 {
		if err := s.create(ctx); err != nil {
			return err
		}
	}
	return s.settle(ctx)
}

// settle starts the killed processes, resumes the suspended Jobs, and waits until every
// Job is finished and deleted with its objects.
func (s *soak) settle(ctx context.Context) error {
	if err := s.revive(ctx, true); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	var last error
	err := wait.PollUntilContextCancel(ctx, 500*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		last = s.sweep(ctx, true)
		for _, job := range s.jobs {
			if !job.gone && last == nil {
				last = fmt.Errorf("the Job %s still exists: %s %s", job.name, job.last.Phase, job.last.Completed)
			}
		}
		if last == nil {
			last = s.env.nothingLeft(ctx)
		}
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("the Jobs did not finish within %s: %w", settleTimeout, errors.Join(last, s.operator.alive()))
	}
	return nil
}

// nothingLeft returns an error that names an object of the soak, if one still exists.
func (e *env) nothingLeft(ctx context.Context) error {
	left, err := e.kubectl("-n", namespaceSoak, "get", "pods,daemonsets,jobs."+v1beta1.GroupVersion.Group, "-o", "name")
	if err != nil {
		return err
	}
	if left != "" {
		return fmt.Errorf("%s still exists", strings.Join(strings.Fields(left)[:1], " "))
	}
	return ctx.Err()
}

// problems returns what is wrong with the finished Jobs.
func (s *soak) problems() []string {
	var all []string
	for _, job := range s.jobs {
		if problem := job.problem(); problem != "" {
			all = append(all, problem)
		}
	}
	return all
}
