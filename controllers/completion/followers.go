package completion

import (
	"context"
	"sync"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/internal/logfollow"
)

// followers runs at most one log follower for each run of a container. It writes
// nothing to Kubernetes: it enqueues a pod, and the reconciler marks the pod.
type followers struct {
	limiter *logfollow.FairLimiter
	// enqueue adds a pod to the reconciler's work queue.
	enqueue func(context.Context, types.NamespacedName)
	log     logr.Logger

	mu sync.Mutex
	// ctx is the context of all followers, and cancel ends it.
	ctx    context.Context
	cancel context.CancelFunc
	pods   map[types.NamespacedName]*followedPod
	wg     sync.WaitGroup
}

// target is a pod and the word to find in its log. Another word, or a new pod of the
// same name, is another target.
type target struct {
	name types.NamespacedName
	uid  types.UID
	// group is the pod's Job and namespace, for the FairLimiter.
	group logfollow.Group
	word  string
	// outputBytes is how much to keep of what follows the word in its line, 0 for nothing.
	outputBytes int
}

// progress is what the followers of a pod know, and which of it was written.
type progress struct {
	found, rotated                bool
	output                        string
	markedVersion, rotatedVersion string
}

// followedPod is a pod whose containers' logs are followed.
type followedPod struct {
	target
	found bool
	// output is what followed the word in its line, if the pod asks for it.
	output string
	// rotated is the run whose log was probably rotated before it was read, if there is one.
	rotated containerRun
	// markedVersion and rotatedVersion are the resourceVersions that the writes of these
	// facts returned.
	markedVersion, rotatedVersion string
	// cancels holds one function for each run. It is nil once the log was read to its end.
	cancels map[containerRun]context.CancelFunc
}

// newFollowers returns followers without a pod.
func newFollowers(limiter *logfollow.FairLimiter, log logr.Logger, enqueue func(context.Context, types.NamespacedName)) *followers {
	ctx, cancel := context.WithCancel(context.Background())
	return &followers{limiter: limiter, log: log, enqueue: enqueue, ctx: ctx, cancel: cancel, pods: map[types.NamespacedName]*followedPod{}}
}

// Start implements manager.Runnable. It stops all followers when ctx ends.
func (f *followers) Start(ctx context.Context) error {
	<-ctx.Done()
	f.mu.Lock()
	f.cancel() // The lock prevents follow from adding to wg during Wait.
	f.mu.Unlock()
	f.wg.Wait()
	return nil
}

// NeedLeaderElection implements manager.LeaderElectionRunnable: only the leader follows logs.
func (*followers) NeedLeaderElection() bool { return true }

// follow starts a follower for each source of the target, and stops its other
// followers. It returns what they know.
func (f *followers) follow(t target, sources map[containerRun]logfollow.Source) progress {
	f.mu.Lock()
	defer f.mu.Unlock()
	pod := f.pods[t.name]
	if pod == nil || pod.target != t {
		pod.stop()
		pod = &followedPod{target: t, cancels: map[containerRun]context.CancelFunc{}}
		f.pods[t.name] = pod
	}
	if pod.found {
		return progress{found: true, output: pod.output, markedVersion: pod.markedVersion}
	}
	for run := range pod.cancels {
		if _, ok := sources[run]; !ok {
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
	return progress{rotated: pod.rotated != containerRun{}, rotatedVersion: pod.rotatedVersion}
}

// followRun follows the log of one run, and records the result.
func (f *followers) followRun(ctx context.Context, pod *followedPod, run containerRun, source logfollow.Source) {
	follower := &logfollow.Follower{
		Source: source, Word: pod.word, Limiter: f.limiter, Group: pod.group,
		Log: func() logr.Logger {
			return f.log.WithValues("job", pod.group.Namespace+"/"+pod.group.Job, "pod", pod.name.Name, "containerID", run.id)
		},
		Rotated: func() {
			f.updateUnlessStopped(ctx, func() { pod.rotated = run })
			f.enqueue(ctx, pod.name)
		},
	}
	if pod.outputBytes > 0 {
		follower.Rest = &logfollow.Rest{Limit: pod.outputBytes}
	}
	switch result := follower.Run(ctx); {
	case result == logfollow.Found:
		f.updateUnlessStopped(ctx, func() { pod.found, pod.output = true, outputOf(follower) })
		f.enqueue(ctx, pod.name)
	case result == logfollow.ReadToTheEnd:
		f.updateUnlessStopped(ctx, func() { pod.cancels[run] = nil })
	case result == logfollow.Lost:
		// A reconcile starts a new follower if the container status comes back.
		f.updateUnlessStopped(ctx, func() { delete(pod.cancels, run) })
		f.enqueue(ctx, pod.name)
	}
}

// updateUnlessStopped applies a change, unless the follower was stopped meanwhile.
func (f *followers) updateUnlessStopped(ctx context.Context, change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() == nil {
		change()
	}
}

// setMarked records that the pod is marked, and stops its followers. The result stays
// until the informer cache has the mark, or the pod is gone.
func (f *followers) setMarked(t target, version string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if pod := f.pods[t.name]; pod != nil && pod.target == t {
		pod.stop()
		pod.markedVersion = version
	}
}

// setRotated records that the pod says that its log was rotated. The followers go on.
func (f *followers) setRotated(t target, version string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if pod := f.pods[t.name]; pod != nil && pod.target == t {
		pod.rotatedVersion = version
	}
}

// stop stops the followers of a pod and forgets the pod.
func (f *followers) stop(name types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pods[name].stop()
	delete(f.pods, name)
}

// stop stops the followers of all runs. A nil followedPod has none.
func (p *followedPod) stop() {
	if p != nil {
		for run := range p.cancels {
			p.forget(run)
		}
	}
}

// forget stops the follower of a run. If the run comes back, its log is read again.
func (p *followedPod) forget(run containerRun) {
	if p.rotated == run {
		p.rotated = containerRun{}
	}
	if cancel := p.cancels[run]; cancel != nil {
		cancel()
	}
	delete(p.cancels, run)
}
