package main

import (
	"context"
	"errors"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// taintKey is the taint that the soak adds to nodes. Some Jobs tolerate it.
const taintKey = "bench/drained"

// trouble is what a node suffers for a while.
type trouble struct {
	due time.Time
	// spares returns whether the trouble does not matter to the Job.
	spares func(*soakJob) bool
	heal   func(ctx context.Context) error
}

// reach records that the Job may leave the node out.
func (t *trouble) reach(job *soakJob, node string) {
	if !t.spares(job) && slices.Contains(job.nodes, node) {
		job.troubled[node] = true
	}
}

func sparesNone(*soakJob) bool { return false }

// spared returns whether the node gets no trouble now: it has some, or others do.
func (s *soak) spared(node string) bool {
	return len(s.troubles) > len(s.nodes)/10 || s.troubles[node] != nil
}

// bring brings trouble over a node, up to a duration.
func (s *soak) bring(node string, most time.Duration, t *trouble) {
	t.due = time.Now().Add(time.Duration(s.random.Int64N(int64(most))))
	s.troubles[node] = t
	for _, job := range s.jobs {
		t.reach(job, node)
	}
}

// recover heals each node whose time has come. With all, it heals every node now.
func (s *soak) recover(ctx context.Context, all bool) error {
	var errs []error
	for node, t := range s.troubles {
		if !all && time.Now().Before(t.due) {
			continue
		}
		if err := t.heal(ctx); err != nil {
			errs = append(errs, err)
			continue
		}
		delete(s.troubles, node)
	}
	return errors.Join(errs...)
}

// taint adds a taint to a node for a while. One with NoExecute takes the pods of Jobs
// away that do not tolerate it.
func (s *soak) taint(ctx context.Context, node string, effect corev1.TaintEffect) error {
	end := func() {}
	if effect == corev1.TaintEffectNoExecute {
		end = s.taken.begin("", node)
	}
	s.counts["tainted "+string(effect)]++
	s.bring(node, 8*time.Second, &trouble{
		spares: func(job *soakJob) bool { return job.tolerates },
		heal: func(ctx context.Context) error {
			err := s.setTaints(ctx, node, "")
			if err == nil {
				end()
			}
			return err
		},
	})
	return s.setTaints(ctx, node, effect)
}

// setTaints gives the node the soak's taint with this effect, or without an effect none.
func (s *soak) setTaints(ctx context.Context, node string, effect corev1.TaintEffect) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		n := &corev1.Node{}
		if err := s.env.client.Get(ctx, client.ObjectKey{Name: node}, n); err != nil {
			return err
		}
		n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(taint corev1.Taint) bool { return taint.Key == taintKey })
		if effect != "" {
			n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: taintKey, Effect: effect})
		}
		return s.env.client.Update(ctx, n)
	})
}
