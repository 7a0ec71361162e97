package guard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/internal/plan"
)

const (
	// defaultInterval is how often the policy is read.
	defaultInterval = 30 * time.Second
	// firstInterval is how often it is read until there is a first observation.
	firstInterval = time.Second
	// requestTimeout bounds the requests of one observation.
	requestTimeout = 10 * time.Second
)

// Options are the settings of a Keeper.
type Options struct {
	// Install lets the Keeper apply the policy where it is missing or altered.
	Install bool
	// Interval is how often the policy is read. Default: 30 s.
	Interval time.Duration
	// Deployment is the operator's own, which gets the events. Without a name there is none.
	Deployment client.ObjectKey
	// Elected is closed when this replica is the leader, which alone reports a missing policy.
	Elected <-chan struct{}
}

// Keeper observes the policy and, if it may, applies it. Make one with New, and run it with
// Start on each replica: one that is elected must know the policy at once.
type Keeper struct {
	reader   client.Reader
	writer   client.Client
	recorder events.EventRecorder
	clock    clock.WithTicker
	options  Options
	own      pair

	// answered is closed after the first request. changes gets an event after any observation
	// that differs from what a reconcile may have been told.
	answered chan struct{}
	changes  chan event.GenericEvent

	mu sync.Mutex
	// observed is the last observation, nil before the first request that did not fail.
	observed *plan.Guard
	// readyAt is when the policy that was observed first is enforced, by the clock of this process.
	readyAt time.Time
	// failure is why the policy was not read before the first observation.
	failure error
	// reported is what the last event said.
	reported string
}

// New returns a Keeper. reader reads from the API server, never from a cache.
func New(reader client.Reader, writer client.Client, recorder events.EventRecorder, clk clock.WithTicker, options Options) *Keeper {
	if options.Interval == 0 {
		options.Interval = defaultInterval
	}
	return &Keeper{
		reader: reader, writer: writer, recorder: recorder, clock: clk, options: options, own: ours(),
		answered: make(chan struct{}), changes: make(chan event.GenericEvent, 1),
	}
}

// Observed waits for the first request to be answered, and returns the last observation. It
// returns an error while there is none, as when RBAC refuses the request.
func (k *Keeper) Observed(ctx context.Context) (plan.Guard, error) {
	select {
	case <-k.answered:
	case <-ctx.Done():
		return plan.Guard{}, fmt.Errorf("waiting until the admission policy was read: %w", ctx.Err())
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.observed == nil {
		return plan.Guard{}, fmt.Errorf("the admission policy was not read yet: %w", k.failure)
	}
	return *k.observed, nil
}

// Changes gets an event when the observation changes.
func (k *Keeper) Changes() <-chan event.GenericEvent { return k.changes }

// Ready fails before the first observation, and while the policy is then so young that the
// API server may not enforce it: a Job of that time would not be vouched for.
func (k *Keeper) Ready(*http.Request) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.observed == nil:
		return errors.New("the admission policy was not read yet")
	case k.clock.Now().Before(k.readyAt):
		return errors.New("the admission policy may not be enforced yet")
	}
	return nil
}

// answer lets those continue who wait for the first answer.
func (k *Keeper) answer() {
	select {
	case <-k.answered:
	default:
		close(k.answered)
	}
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (*Keeper) NeedLeaderElection() bool { return false }

// Start implements manager.Runnable: it observes the policy until ctx is done.
func (k *Keeper) Start(ctx context.Context) error {
	elected := k.options.Elected
	for {
		interval := k.options.Interval
		if !k.observe(ctx) {
			interval = min(interval, firstInterval)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-elected:
			elected = nil // The new leader emits the event at once.
		case <-k.clock.After(interval):
		}
	}
}

// observe reads the policy, applies it if it may, and publishes what it then is. After a
// request that failed, the last observation holds: an API server that does not answer has
// not lost its policy. It returns whether there is an observation.
func (k *Keeper) observe(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	log := logf.FromContext(ctx).WithName("guard")
	found, err := k.read(ctx)
	var failure error
	if wrong := k.own.problemOf(found); err == nil && wrong.sentence != "" && k.options.Install {
		if failure = k.repair(ctx, found); failure == nil {
			log.Info("Applied admission policy", "policy", k.own.policy.Name, "reason", wrong.sentence)
			k.emitRepaired(ctx, wrong)
			found, err = k.read(ctx)
		}
	}
	if err != nil {
		log.Info("Failed to read admission policy, retrying", "policy", k.own.policy.Name, "error", err.Error())
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.observed == nil {
			k.failure = err
			k.answer()
		}
		return k.observed != nil
	}
	k.publish(ctx, found, failure)
	return true
}

// publish makes this the last observation.
func (k *Keeper) publish(ctx context.Context, found pair, failure error) {
	var next plan.Guard
	if wrong := k.own.problemOf(found); wrong.sentence != "" {
		next.Missing = k.whatToDo(wrong, failure)
	} else {
		next.Since = sinceOf(found)
	}
	k.mu.Lock()
	last := k.observed
	k.observed = &next
	if last == nil {
		k.readyAt = next.Since
		if latest := k.clock.Now().Add(enforcedAfter); latest.Before(k.readyAt) {
			k.readyAt = latest // The clocks differ.
		}
		k.answer()
	}
	// A reconcile that waited for the first answer needs no event. One that met a failure does.
	changed := k.failure != nil || last != nil && *last != next
	k.failure = nil
	k.mu.Unlock()
	if changed {
		logf.FromContext(ctx).WithName("guard").Info("Observed change of admission policy", "policy", k.own.policy.Name, "problem", next.Missing)
		select {
		case k.changes <- event.GenericEvent{}:
		default: // An event that is not yet handled enqueues all Jobs anyway.
		}
	}
	k.emitMissing(ctx, next)
}
