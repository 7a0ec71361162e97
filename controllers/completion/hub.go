package completion

import (
	"context"
	"sync"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/internal/logfollow"
)

// hub runs the followers: at most one for each container, known by its ID. It
// writes nothing to Kubernetes. When a word is found it says for which pod, and
// the reconciler does the rest.
type hub struct {
	turns *logfollow.Turns
	// found takes the pods whose word was found.
	found func(context.Context, types.NamespacedName)
	log   logr.Logger

	mu sync.Mutex
	// base is the context of all followers, and end ends it.
	base context.Context
	end  context.CancelFunc
	pods map[types.NamespacedName]*followed
	wait sync.WaitGroup
}

// followed is a pod whose log is followed.
type followed struct {
	name types.NamespacedName
	uid  types.UID
	// group is whose turn its streams take: its Job's.
	group string
	word  string
	found bool
	// containers by ID, and how to stop following them; nil once they are read to their end.
	containers map[string]context.CancelFunc
}

func newHub(turns *logfollow.Turns, log logr.Logger, found func(context.Context, types.NamespacedName)) *hub {
	base, end := context.WithCancel(context.Background())
	return &hub{turns: turns, log: log, found: found, base: base, end: end, pods: map[types.NamespacedName]*followed{}}
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

// follow sees to it that these containers of a pod are followed, and says whether
// the word was found in one of them. When the word changed, it is looked for from
// the beginning.
func (h *hub) follow(uid types.UID, name types.NamespacedName, group, word string, sources map[string]logfollow.Source) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.base.Err() != nil {
		return false
	}
	pod := h.pods[name]
	if pod != nil && (pod.uid != uid || pod.word != word) {
		pod.stop()
		pod = nil
	}
	if pod == nil {
		pod = &followed{name: name, uid: uid, group: group, word: word, containers: map[string]context.CancelFunc{}}
		h.pods[name] = pod
	}
	if pod.found {
		return true
	}
	for id, cancel := range pod.containers {
		if _, there := sources[id]; !there && cancel == nil {
			delete(pod.containers, id) // A container that restarts for ever leaves nothing behind.
		}
	}
	for id, source := range sources {
		if _, known := pod.containers[id]; known {
			continue
		}
		ctx, cancel := context.WithCancel(h.base)
		pod.containers[id] = cancel
		h.wait.Go(func() { h.run(ctx, pod, id, source) })
	}
	return false
}

func (h *hub) run(ctx context.Context, pod *followed, id string, source logfollow.Source) {
	log := h.log.WithValues("pod", pod.name.String(), "containerID", id)
	follower := &logfollow.Follower{Source: source, Word: pod.word, Turns: h.turns, Group: pod.group, Log: log}
	found, err := follower.Run(ctx)
	if err != nil {
		return // It was stopped.
	}
	h.mu.Lock()
	if cancel := pod.containers[id]; cancel != nil {
		cancel() // It has ended: this only lets go of its context.
	}
	pod.containers[id] = nil
	pod.found = pod.found || found
	h.mu.Unlock()
	if found {
		log.V(1).Info("found the word", "word", pod.word)
		h.found(h.base, pod.name)
	}
}

// stop following a pod that is gone, or marked.
func (h *hub) stop(name types.NamespacedName) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if pod := h.pods[name]; pod != nil {
		pod.stop()
		delete(h.pods, name)
	}
}

func (p *followed) stop() {
	for _, cancel := range p.containers {
		if cancel != nil {
			cancel()
		}
	}
}
