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
	// fewStreams are far fewer than the pods whose logs are followed, which take turns.
	fewStreams = "--max-log-streams=10"
	// maxJobs is how many Jobs are under way at once.
	maxJobs = 12
	// calmShare is the part of the time at its end in which nothing is killed, so that
	// what is compared in the end has worked for a while.
	calmShare = 0.25
	// settleTimeout is how long all may take to come to an end after that.
	settleTimeout = 2 * time.Minute
)

// soak is many Jobs at random, while what they depend on is killed at random.
type soak struct {
	env        *env
	operator   *operator
	invariants *invariantWatcher
	random     *rand.Rand
	jobs       map[string]*soakJob
	made       int
	counts     map[string]int
	// managerDue, terminatorDue and serverDue are when what was killed is started again.
	managerDue, terminatorDue, serverDue time.Time
}

// runSoak soaks the operator for some time, and returns what went wrong.
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
	// The first Jobs make it load what it keeps.
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
	fmt.Println("Every Job came to its end, none beyond its parallelism, none twice, and nothing is left.")
	return nil
}

// warmUp runs one Job to its end.
func (s *soak) warmUp(ctx context.Context) error {
	for len(s.jobs) < 3 {
		if err := s.create(ctx); err != nil {
			return err
		}
	}
	return s.settle(ctx)
}

// settle starts what was killed, lets go what is held, and waits until every Job has
// come to its end and nothing is left.
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
				last = fmt.Errorf("job %s is still there: %s %s", job.name, job.last.Phase, job.last.Completed)
			}
		}
		if last == nil {
			last = s.env.nothingLeft(ctx)
		}
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("not at an end after %s: %w", settleTimeout, errors.Join(last, s.operator.alive()))
	}
	return nil
}

// nothingLeft says what is left of the Jobs of the soak, if anything is.
func (e *env) nothingLeft(ctx context.Context) error {
	left, err := e.kubectl("-n", namespaceSoak, "get", "pods,daemonsets,jobs."+v1beta1.GroupVersion.Group, "-o", "name")
	if err != nil {
		return err
	}
	if left != "" {
		return fmt.Errorf("left behind: %s", strings.Join(strings.Fields(left)[:1], " "))
	}
	return ctx.Err()
}

// problems are what is wrong with the ends of the Jobs.
func (s *soak) problems() []string {
	var all []string
	for _, job := range s.jobs {
		if problem := job.problem(); problem != "" {
			all = append(all, problem)
		}
	}
	return all
}
