package logfollow

import "slices"

// Group tells whose log a stream reads.
type Group struct{ Namespace, Job string }

// waiter is a stream that waits for its turn.
type waiter struct {
	group Group
	// expected is how many bytes the stream will probably read.
	expected int
	// admitted is closed when the turn comes.
	admitted chan struct{}
}

// turns is a queue of waiters. Namespaces take turns, then the Jobs of a namespace, so
// that a namespace with many Jobs and a Job with many pods delay nobody else.
type turns struct {
	// namespaces are those with waiters, the next one first.
	namespaces []*namespaceTurns
}

// namespaceTurns are the Jobs of a namespace that have waiters, the next one first.
type namespaceTurns struct {
	name string
	jobs []*jobTurns
}

// jobTurns are the waiters of a Job, the next one first.
type jobTurns struct {
	name    string
	waiters []*waiter
}

// add adds a waiter as the last one of its Job. A Job or a namespace that had none becomes
// the last one.
func (t *turns) add(w *waiter) {
	n, j := t.find(w.group)
	if n < 0 {
		n, t.namespaces = len(t.namespaces), append(t.namespaces, &namespaceTurns{name: w.group.Namespace})
	}
	namespace := t.namespaces[n]
	if j < 0 {
		j, namespace.jobs = len(namespace.jobs), append(namespace.jobs, &jobTurns{name: w.group.Job})
	}
	namespace.jobs[j].waiters = append(namespace.jobs[j].waiters, w)
}

// next removes and returns the waiter whose turn it is. It passes over the Jobs that may
// not read, which keep their turns.
func (t *turns) next(mayRead func(Group) bool) *waiter {
	for n, namespace := range t.namespaces {
		for j, job := range namespace.jobs {
			if !mayRead(Group{namespace.name, job.name}) {
				continue
			}
			w := job.waiters[0]
			namespace.jobs = append(slices.Delete(namespace.jobs, j, j+1), job)
			t.namespaces = append(slices.Delete(t.namespaces, n, n+1), namespace)
			t.remove(w)
			return w
		}
	}
	return nil
}

// has returns whether a waiter's Job may read.
func (t *turns) has(mayRead func(Group) bool) bool {
	return slices.ContainsFunc(t.namespaces, func(namespace *namespaceTurns) bool {
		return slices.ContainsFunc(namespace.jobs, func(job *jobTurns) bool {
			return mayRead(Group{namespace.name, job.name})
		})
	})
}

// remove removes a waiter, and returns whether it was there. A Job and a namespace are
// removed with their last waiter.
func (t *turns) remove(w *waiter) bool {
	n, j := t.find(w.group)
	if j < 0 {
		return false
	}
	namespace := t.namespaces[n]
	job := namespace.jobs[j]
	i := slices.Index(job.waiters, w)
	if i < 0 {
		return false
	}
	if job.waiters = slices.Delete(job.waiters, i, i+1); len(job.waiters) > 0 {
		return true
	}
	if namespace.jobs = slices.Delete(namespace.jobs, j, j+1); len(namespace.jobs) > 0 {
		return true
	}
	t.namespaces = slices.Delete(t.namespaces, n, n+1)
	return true
}

// find returns where the namespace and the Job of a group are, or -1 for what has no waiters.
func (t *turns) find(group Group) (namespace, job int) {
	n := slices.IndexFunc(t.namespaces, func(namespace *namespaceTurns) bool { return namespace.name == group.Namespace })
	if n < 0 {
		return -1, -1
	}
	return n, slices.IndexFunc(t.namespaces[n].jobs, func(job *jobTurns) bool { return job.name == group.Job })
}
