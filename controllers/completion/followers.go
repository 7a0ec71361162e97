package completion

import (
	"context"
	"sync"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/internal/logfollow"
)

// followers runs the followers: at most one for each run of a container. It writes
// nothing to Kubernetes. When there is news about a pod it says so, and the
// reconciler does the rest.
type followers struct {
	limiter *logfollow.FairLimiter
	// enqueue reports a pod.
	enqueue func(context.Context, types.NamespacedName)
	log     logr.Logger

	mu sync.Mutex
	// base is the context of all followers, and end ends it.
	ctx    context.Context
	cancel context.CancelFunc
	pods   map[types.NamespacedName]*followedPod
	wg     sync.WaitGroup
}

// target is the work of a pod: what is looked for in its logs. Another word, or
// another pod of the name, is another target.
type target struct {
	name types.NamespacedName
	uid  types.UID
	// group is whose turn its streams take: its Job's.
	group string
	word  string
}

// followedPod is a target whose logs are followed.
type followedPod struct {
	target
	found bool
	// markedVersion is the pod's resourceVersion when it was marked, empty before that.
	markedVersion string
	// cancels has how to stop following a run; nil once it was read to its end.
	cancels map[containerRun]context.CancelFunc
}

func newFollowers(limiter *logfollow.FairLimiter, log logr.Logger, enqueue func(context.Context, types.NamespacedName)) *followers {
	ctx, cancel := context.WithCancel(context.Background())
	return &followers{limiter: limiter, log: log, enqueue: enqueue, ctx: ctx, cancel: cancel, pods: map[types.NamespacedName]*followedPod{}}
}

// Start implements manager.Runnable: the followers end with it.
func (f *followers) Start(ctx context.Context) error {
	<-ctx.Done()
	f.mu.Lock()
	f.cancel() // Under the lock, so that none is started any more while they are waited for.
	f.mu.Unlock()
	f.wg.Wait()
	return nil
}

// NeedLeaderElection implements manager.LeaderElectionRunnable: only the leader follows.
func (*followers) NeedLeaderElection() bool { return true }

// follow sees to it that these logs, and no others, are followed for the target.
// It says whether the word was found in one of them, and if the pod was marked for
// that, at which version.
func (f *followers) follow(t target, sources map[containerRun]logfollow.Source) (found bool, markedVersion string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	pod := f.pods[t.name]
	if pod == nil || pod.target != t {
		pod.stop()
		pod = &followedPod{target: t, cancels: map[containerRun]context.CancelFunc{}}
		f.pods[t.name] = pod
	}
	if pod.found {
		return true, pod.markedVersion
	}
	for run := range pod.cancels {
		if _, there := sources[run]; !there {
			pod.forget(run)
		}
	}
	for run, source := range sources {
		if _, known := pod.cancels[run]; known || f.ctx.Err() != nil {
			continue
		}
		ctx, cancel := context.WithCancel(f.ctx)
		pod.cancels[run] = cancel
		f.wg.Go(func() {
			defer cancel()
			f.followRun(ctx, pod, run, source)
		})
	}
	return false, ""
}

func (f *followers) followRun(ctx context.Context, pod *followedPod, run containerRun, source logfollow.Source) {
	follower := &logfollow.Follower{
		Source: source, Word: pod.word, Limiter: f.limiter, Group: pod.group,
		Log: f.log.WithValues("job", pod.group, "pod", pod.name.Name, "containerID", run.id),
	}
	switch result := follower.Run(ctx); {
	case result == logfollow.Found:
		f.updateUnlessStopped(ctx, func() { pod.found = true })
		f.enqueue(ctx, pod.name)
	case result == logfollow.ReadToTheEnd:
		f.updateUnlessStopped(ctx, func() { pod.cancels[run] = nil })
	case result == logfollow.Lost:
		// The reconciler looks again: a status can be gone for a moment only.
		f.updateUnlessStopped(ctx, func() { delete(pod.cancels, run) })
		f.enqueue(ctx, pod.name)
	}
}

// updateUnlessStopped notes what became of a run, unless it was stopped meanwhile.
func (f *followers) updateUnlessStopped(ctx context.Context, change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() == nil {
		change()
	}
}

// setMarked notes that a pod was marked, and ends what is still followed of it. What
// was found is kept until the cache has the mark, or the pod is gone.
func (f *followers) setMarked(t target, version string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if pod := f.pods[t.name]; pod != nil && pod.target == t {
		pod.stop()
		pod.markedVersion = version
	}
}

// stop following a pod that is gone, or marked.
func (f *followers) stop(name types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pods[name].stop()
	delete(f.pods, name)
}

// stop following all runs; a pod that is not followed has none.
func (p *followedPod) stop() {
	if p != nil {
		for run := range p.cancels {
			p.forget(run)
		}
	}
}

// forget a run: it is no longer followed, and is read anew if it comes back.
func (p *followedPod) forget(run containerRun) {
	if cancel := p.cancels[run]; cancel != nil {
		cancel()
	}
	delete(p.cancels, run)
}
