package main

import (
	"context"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	// soakNodes is how many nodes the soak simulates.
	soakNodes = 200
	// soakGroup is how many nodes the Jobs of the soak have that run on a group.
	soakGroup = 50
)

// simulatedPool is the pool of a soak on simulated nodes.
type simulatedPool struct{ s *soak }

func (p *simulatedPool) start(ctx context.Context) ([]string, error) {
	var names []string
	for i := range soakNodes {
		names = append(names, simulatedNode(i).Name)
	}
	return names, p.s.env.grow(ctx, soakNodes)
}

func (p *simulatedPool) maxJobs() int { return 12 }

func (p *simulatedPool) newJob(number int) (*soakJob, *v1beta1.Job) {
	return randomJob(p.s.random, number, soakNodes)
}

func (p *simulatedPool) limited(job *soakJob) { p.s.invariants.setLimit(job.name, job.limit) }

// undone and problems return nothing: the watch of the pods sees all that a simulated
// node does.
func (p *simulatedPool) undone(*soakJob, []string) []string { return nil }

func (p *simulatedPool) problems() []string { return nil }

// disturb lets a node leave and join again, or stop being ready for a while.
func (p *simulatedPool) disturb(ctx context.Context, node string) error {
	switch {
	case p.s.spared(node):
		return nil
	case p.s.random.IntN(2) == 0:
		return p.leave(ctx, node)
	}
	p.s.counts["not ready"]++
	p.s.bring(node, 10*time.Second, &trouble{
		spares: sparesNone,
		heal:   func(ctx context.Context) error { return p.setReady(ctx, node, corev1.ConditionTrue) },
	})
	return p.setReady(ctx, node, corev1.ConditionFalse)
}

// leave deletes a node, which joins again later by the same name. The pods that it had
// may go on then, as those of a machine that was switched off do.
func (p *simulatedPool) leave(ctx context.Context, name string) error {
	node := simulatedNode(slices.Index(p.s.nodes, name))
	end, back := p.s.taken.begin("", name), p.s.invariants.nodeLeft(name)
	p.s.counts["left"]++
	p.s.bring(name, 10*time.Second, &trouble{spares: sparesNone, heal: func(ctx context.Context) error {
		err := client.IgnoreAlreadyExists(p.s.env.client.Create(ctx, node.DeepCopy()))
		if err == nil {
			back()
			end()
		}
		return err
	}})
	return client.IgnoreNotFound(p.s.env.client.Delete(ctx, node.DeepCopy()))
}

// setReady sets the condition Ready of a node, as a kubelet does.
func (p *simulatedPool) setReady(ctx context.Context, name string, status corev1.ConditionStatus) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		node := &corev1.Node{}
		if err := p.s.env.client.Get(ctx, client.ObjectKey{Name: name}, node); err != nil {
			return err
		}
		for i := range node.Status.Conditions {
			if ready := &node.Status.Conditions[i]; ready.Type == corev1.NodeReady && ready.Status != status {
				ready.Status, ready.LastTransitionTime = status, metav1.Now()
			}
		}
		return p.s.env.client.Status().Update(ctx, node)
	})
}
