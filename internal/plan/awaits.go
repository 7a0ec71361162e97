package plan

// Awaits is which end of work the next Plan waits for. Those before it are only counted.
type Awaits struct {
	// Ends is how many more pods must end their work until the Job may be complete, or until all its slots
	// are free; 0 if that depends on something else.
	Ends int
	// Slots says that a pod that ends its work frees a slot.
	Slots bool
}

// awaits returns what the next Plan waits for, if this one removes the gates of these pods.
func (s *State) awaits(t *tally, ungated []Pod) Awaits {
	if s.Job.Spec.Parallelism != nil {
		return Awaits{Ends: t.active + len(ungated), Slots: true}
	}
	return Awaits{Ends: t.desired() - t.succeeded - t.skipped - t.failed()}
}
