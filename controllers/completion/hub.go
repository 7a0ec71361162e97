package completion

import (
	"context"
	"sync"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/internal/logfollow"
)

// hub runs the followers: at most one for each run of a container. It writes
// nothing to Kubernetes. When there is news about a pod it says so, and the
// reconciler does the rest.
type hub struct {
	turns *logfollow.Turns
	// wake the reconciler for a pod.
	wake func(context.Context, types.NamespacedName)
	log  logr.Logger

	mu sync.Mutex
	// base is the context of all followers, and end ends it.
	base context.Context
	end  context.CancelFunc
	pods map[types.NamespacedName]*followed
	wait sync.WaitGroup
}

// subject is the work of a pod: what is looked for in its logs. Another word, or
// another pod of the name, is another subject.
type subject struct {
	name types.NamespacedName
	uid  types.UID
	// group is whose turn its streams take: its Job's.
	group string
	word  string
}

// followed is a subject whose logs are followed.
type followed struct {
	subject
	found bool
	// version is the pod's resourceVersion when it was marked, empty before that.
	version string
	// stops has how to stop following a run; nil once it was read to its end.
	stops map[run]context.CancelFunc
}

func newHub(turns *logfollow.Turns, log logr.Logger, wake func(context.Context, types.NamespacedName)) *hub {
	base, end := context.WithCancel(context.Background())
	return &hub{turns: turns, log: log, wake: wake, base: base, end: end, pods: map[types.NamespacedName]*followed{}}
}

// Start implements manager.Runnable: the followers end with it.
func (h *hub) Start(ctx context.Context) error {
	<-ctx.Done()
	h.mu.Lock()
	h.end() // Under the lock, so that none is started any more while they are waited for.
	h.mu.Unlock()
	h.wait.Wait()
	return nil
}

// NeedLeaderElection implements manager.LeaderElectionRunnable: only the leader follows.
func (*hub) NeedLeaderElection() bool { return true }

// follow sees to it that these logs, and no others, are followed for the subject.
// It says whether the word was found in one of them, and if the pod was marked for
// that, at which version.
func (h *hub) follow(s subject, sources map[run]logfollow.Source) (found bool, version string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	pod := h.pods[s.name]
	if pod == nil || pod.subject != s {
		pod.stop()
		pod = &followed{subject: s, stops: map[run]context.CancelFunc{}}
		h.pods[s.name] = pod
	}
	if pod.found {
		return true, pod.version
	}
	for r := range pod.stops {
		if _, there := sources[r]; !there {
			pod.forget(r)
		}
	}
	for r, source := range sources {
		if _, known := pod.stops[r]; known || h.base.Err() != nil {
			continue
		}
		ctx, cancel := context.WithCancel(h.base)
		pod.stops[r] = cancel
		h.wait.Go(func() {
			defer cancel()
			h.run(ctx, pod, r, source)
		})
	}
	return false, ""
}

func (h *hub) run(ctx context.Context, pod *followed, r run, source logfollow.Source) {
	follower := &logfollow.Follower{
		Source: source, Word: pod.word, Turns: h.turns, Group: pod.group,
		Log: h.log.WithValues("job", pod.group, "pod", pod.name.Name, "containerID", r.id),
	}
	switch result := follower.Run(ctx); {
	case result == logfollow.Found:
		h.settle(ctx, func() { pod.found = true })
		h.wake(ctx, pod.name)
	case result == logfollow.ReadToTheEnd:
		h.settle(ctx, func() { pod.stops[r] = nil })
	case result == logfollow.Lost:
		// The reconciler looks again: a status can be gone for a moment only.
		h.settle(ctx, func() { delete(pod.stops, r) })
		h.wake(ctx, pod.name)
	}
}

// settle what became of a run, unless it was stopped meanwhile.
func (h *hub) settle(ctx context.Context, change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Err() == nil {
		change()
	}
}

// marked notes that a pod was marked, and ends what is still followed of it. What
// was found is kept until the cache has the mark, or the pod is gone.
func (h *hub) marked(s subject, version string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if pod := h.pods[s.name]; pod != nil && pod.subject == s {
		pod.stop()
		pod.version = version
	}
}

// stop following a pod that is gone, or marked.
func (h *hub) stop(name types.NamespacedName) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pods[name].stop()
	delete(h.pods, name)
}

// stop following all runs; a pod that is not followed has none.
func (p *followed) stop() {
	if p != nil {
		for r := range p.stops {
			p.forget(r)
		}
	}
}

// forget a run: it is no longer followed, and is read anew if it comes back.
func (p *followed) forget(r run) {
	if stop := p.stops[r]; stop != nil {
		stop()
	}
	delete(p.stops, r)
}
