package logfollow

import (
	"context"
	"sync"
)

// Turns bounds how many streams are open at once. Who waits is let in by turns
// of the groups, so that none with many members starves another.
type Turns struct {
	mu      sync.Mutex
	free    int
	order   []string
	waiting map[string][]chan struct{}
	count   int
}

// NewTurns makes one that lets in so many at once.
func NewTurns(limit int) *Turns {
	return &Turns{free: limit, waiting: map[string][]chan struct{}{}}
}

// Enter waits for a turn of the group's, or for the context's end. Leave must
// follow unless there is an error.
func (t *Turns) Enter(ctx context.Context, group string) error {
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	if len(t.waiting[group]) == 0 {
		t.order = append(t.order, group)
	}
	t.waiting[group] = append(t.waiting[group], turn)
	t.count++
	streamsWaiting.Inc()
	t.mu.Unlock()

	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		t.cancel(group, turn)
		return ctx.Err()
	}
}

// Leave gives the turn to the next one.
func (t *Turns) Leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.order) == 0 {
		t.free++
		return
	}
	group := t.order[0]
	t.order = t.order[1:]
	turn := t.waiting[group][0]
	t.remove(group, 0)
	if len(t.waiting[group]) > 0 {
		t.order = append(t.order, group)
	}
	close(turn)
}

// Contended says whether somebody waits.
func (t *Turns) Contended() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count > 0
}

// cancel takes a turn out of the queue, or passes it on if it came just now.
func (t *Turns) cancel(group string, turn chan struct{}) {
	t.mu.Lock()
	for i, waiting := range t.waiting[group] {
		if waiting != turn {
			continue
		}
		t.remove(group, i)
		if len(t.waiting[group]) == 0 {
			for k, name := range t.order {
				if name == group {
					t.order = append(t.order[:k], t.order[k+1:]...)
					break
				}
			}
		}
		t.mu.Unlock()
		return
	}
	t.mu.Unlock()
	t.Leave()
}

func (t *Turns) remove(group string, i int) {
	queue := t.waiting[group]
	queue = append(queue[:i:i], queue[i+1:]...)
	if len(queue) == 0 {
		delete(t.waiting, group)
	} else {
		t.waiting[group] = queue
	}
	t.count--
	streamsWaiting.Dec()
}
