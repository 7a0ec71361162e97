package main

import (
	"context"
	"maps"
	"time"
)

// settleTime is how long the operator may need after the start of the pods until it is
// idle.
const settleTime = 10 * time.Second

// policyRequest and bindingRequest are what the audit log calls the reads of the admission
// policy.
const (
	policyRequest  = "get validatingadmissionpolicies"
	bindingRequest = "get validatingadmissionpolicybindings"
)

// idle is what the operator did in a minute in which nothing happened, and its memory.
type idle struct {
	// Requests are all requests but watches and leases. Turns are those of them that open
	// a log: with more logs than streams, these take turns. PolicyReads are those that read
	// the admission policy, every half a minute.
	Requests    float64 `json:"requestsPerMinute"`
	Turns       float64 `json:"logTurnsPerMinute,omitempty"`
	PolicyReads float64 `json:"policyReadsPerMinute,omitempty"`
	// Heartbeats is how many nodes reported their status.
	Heartbeats float64 `json:"heartbeatsPerMinute,omitempty"`
	// The processor time is in seconds, and the resident set, as it was at the end, in MiB.
	ManagerCPU       float64 `json:"managerCPUSecondsPerMinute"`
	ManagerMemory    float64 `json:"managerMiB"`
	TerminatorCPU    float64 `json:"terminatorCPUSecondsPerMinute"`
	TerminatorMemory float64 `json:"terminatorMiB"`
}

// observeIdle observes the processes of a contender for a while.
func (e *env) observeIdle(ctx context.Context, quiet time.Duration, of runner) (*idle, error) {
	from, err := e.audit.end()
	if err != nil {
		return nil, err
	}
	managerBefore, terminatorBefore, err := of.usage()
	if err != nil {
		return nil, err
	}
	if err := sleep(ctx, quiet); err != nil {
		return nil, err
	}
	manager, terminator, err := of.usage()
	if err != nil {
		return nil, err
	}
	asked, err := e.audit.since(from)
	if err != nil {
		return nil, err
	}
	turns, reads := 0, 0
	for by := range maps.Values(asked) {
		turns += by[logRequest]
		reads += by[policyRequest] + by[bindingRequest]
	}
	minutes := quiet.Minutes()
	return &idle{
		Requests: float64(total(asked)) / minutes, Turns: float64(turns) / minutes, PolicyReads: float64(reads) / minutes,
		ManagerCPU: manager.since(managerBefore).CPU / minutes, ManagerMemory: manager.memory,
		TerminatorCPU: terminator.since(terminatorBefore).CPU / minutes, TerminatorMemory: terminator.memory,
	}, nil
}

// measureQuietPeriod observes a period in which nothing happens. Then it writes the word
// to all logs, and returns the time at which it did so.
func (e *env) measureQuietPeriod(ctx context.Context, s scenario, quiet time.Duration, of runner, progress *progressWatcher, r *result) (time.Time, error) {
	if err := progress.await(ctx, caseTimeout, "all pods run", func(p *progressWatcher) bool { return p.done >= r.Pods }); err != nil {
		return time.Time{}, err
	}
	if err := sleep(ctx, settleTime); err != nil {
		return time.Time{}, err
	}
	var err error
	if r.Idle, err = e.observeIdle(ctx, quiet, of); err != nil {
		return time.Time{}, err
	}
	return time.Now(), e.appendLog(s.namespace, "done")
}

// measureIdle observes a contender that has no Job, while the nodes send heartbeats.
func (e *env) measureIdle(ctx context.Context, s scenario, c contender, opts settings) (result, error) {
	r := result{Case: s.name, Title: s.title, Contender: c.name, Nodes: e.nodes}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	runner, err := c.start(ctx)
	if err != nil {
		return r, err
	}
	defer runner.stop()
	if err := runner.rest(ctx); err != nil {
		return r, err
	}
	beats := e.sendHeartbeats(ctx)
	if err := sleep(ctx, settleTime); err != nil {
		return r, err
	}
	before := beats.sent.Load()
	if r.Idle, err = e.observeIdle(ctx, opts.quiet, runner); err != nil {
		return r, err
	}
	r.Idle.Heartbeats = float64(beats.sent.Load()-before) / opts.quiet.Minutes()
	if r.Manager, r.Terminator, err = runner.usage(); err != nil {
		return r, err
	}
	if failed := beats.failed.Load(); failed > 0 {
		e.logf("%10s  %d heartbeats failed", "", failed)
	}
	return r, nil
}

// sleep waits for the duration, or until the context ends.
func sleep(ctx context.Context, duration time.Duration) error {
	select {
	case <-time.After(duration):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
