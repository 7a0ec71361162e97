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
	// fewStreams allows far fewer streams than there are logs to follow, so that the
	// pods take turns.
	fewStreams = "--max-log-streams=10"
	// watchDelay is how long the watch of the pods may need after the Job's verdict.
	watchDelay = 10 * time.Second
	// calmShare is the last part of the soak, in which nothing is killed or disturbed:
	// the processes must have run for a while when their sizes are compared.
	calmShare = 0.25
	// settleTimeout is how long all Jobs may take to finish after the soak.
	settleTimeout = 3 * time.Minute
)

// soak runs random Jobs, kills the processes that they depend on, and disturbs their pods
// and nodes.
type soak struct {
	env        *env
	pool       pool
	nodes      []string
	operator   *operator
	invariants *invariantWatcher
	records    *recordHistory
	taken      *takeaways
	random     *rand.Rand
	jobs       map[string]*soakJob
	made       int
	counts     map[string]int
	// troubles holds the nodes that are in trouble now.
	troubles map[string]*trouble
	// poisons holds the poison objects, with the reason that blocks each.
	poisons map[string]string
	wrong   []string
	// managerDue, terminatorDue and serverDue are when to start a killed process again.
	// Zero means that it runs.
	managerDue, terminatorDue, serverDue time.Time
	// serverKilled and serverBack are the last outage of the API server, of this length.
	serverKilled, serverBack time.Time
	outage                   time.Duration
	// left is what was left of the Jobs when the soak looked last, unchanged since leftSince.
	left      string
	leftSince time.Time
}

// pool is the kind of nodes that a soak runs on.
type pool interface {
	// start makes the nodes, and returns their names.
	start(ctx context.Context) ([]string, error)
	// maxJobs is how many unfinished Jobs there may be at once.
	maxJobs() int
	// newJob returns a random Job, and what to expect of it.
	newJob(number int) (*soakJob, *v1beta1.Job)
	// disturb does something at random that only happens to nodes of this kind.
	disturb(ctx context.Context, node string) error
	// undone returns the nodes, of those given, that have not done the work of the Job.
	undone(job *soakJob, nodes []string) []string
	// limited is called when the Job gets another limit.
	limited(job *soakJob)
	// problems returns what else went wrong.
	problems() []string
}

// runSoak soaks the operator for a duration, and returns an error that lists what went
// wrong.
func (e *env) runSoak(ctx context.Context, duration time.Duration, seed uint64) (err error) {
	taken := &takeaways{}
	s := &soak{
		env: e, invariants: newInvariantWatcher(taken), records: newRecordHistory(), taken: taken, random: rand.New(rand.NewPCG(seed, 0)),
		jobs: map[string]*soakJob{}, counts: map[string]int{}, troubles: map[string]*trouble{}, poisons: map[string]string{},
	}
	s.pool = &simulatedPool{s}
	if e.real {
		s.pool = newRealPool(s)
	}
	if s.nodes, err = s.pool.start(ctx); err != nil {
		return err
	}
	e.logf("%10s  seed %d, for %s on %d nodes", "", seed, duration, len(s.nodes))
	go s.invariants.watch(ctx, e.client, namespaceSoak)
	s.records.watch(ctx, e.client, namespaceSoak)
	if s.operator, err = e.startOperator(ctx, e.operatorAsShipped().withTerminatorFlags(fewStreams)); err != nil {
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
		if err := s.step(ctx, time.Since(began) > time.Duration(float64(duration)*(1-calmShare))); err != nil {
			return err
		}
		if err := sleep(ctx, time.Duration(100+s.random.IntN(300))*time.Millisecond); err != nil {
			return err
		}
	}
	ended := time.Now()
	unsettled := s.settle(ctx)
	settled, wrong := time.Since(ended), s.problems()
	fmt.Printf("\nSoaked for %s with seed %d, and settled in %s: %s\n",
		ended.Sub(began).Round(time.Second), seed, settled.Round(time.Second), tally(s.counts))
	if unsettled == nil && ctx.Err() == nil {
		after, err := readSizes(ctx)
		if err != nil {
			return err
		}
		wrong = append(wrong, after.grownSince(before)...)
		fmt.Println(after.compare(before))
	}
	if err := errors.Join(ctx.Err(), unsettled); err != nil {
		wrong = append(wrong, err.Error())
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%d things went wrong with seed %d:\n%s", len(wrong), seed, strings.Join(wrong, "\n"))
	}
	fmt.Println("Every Job finished, within its parallelism, once per node and as recorded, and no object is left.")
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

// settle starts the killed processes, ends all trouble, resumes the suspended Jobs, and
// waits until every Job is finished and deleted with its objects.
func (s *soak) settle(ctx context.Context) error {
	if err := s.revive(ctx, true); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	var last error
	err := wait.PollUntilContextCancel(ctx, 500*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		last = errors.Join(s.recover(ctx, true), s.sweep(ctx, true), s.removePoison(ctx))
		for _, job := range s.jobs {
			if !job.gone && last == nil {
				last = fmt.Errorf("the Job %s still exists: %s %s", job.name, job.last.Phase, job.last.Completed)
			}
		}
		if last == nil {
			last = s.nothingLeft(ctx)
		}
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("the Jobs did not finish within %s: %w", settleTimeout, errors.Join(last, s.operator.alive()))
	}
	return nil
}
