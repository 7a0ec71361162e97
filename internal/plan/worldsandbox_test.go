package plan

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// sandboxState is what a pod has of its sandbox.
type sandboxState int

const (
	hasSandbox sandboxState = iota
	// A pod whose container was killed still has the sandbox in which that happened.
	killedInSandbox
	// The node has booted, and the kubelet makes another sandbox.
	lacksSandbox
)

// goDown ends the pod's container with its node. The kubelet may report that, and may report
// that the pod has no sandbox. In Exit mode a container that was done runs again.
func (w *world) goDown(p *simPod) {
	p.killed = &corev1.ContainerStateTerminated{ExitCode: []int32{143, 255, 42}[w.random.IntN(3)], StartedAt: metav1.NewTime(p.startedAt), FinishedAt: metav1.NewTime(w.now)}
	p.sandboxed = killedInSandbox
	if w.chance(2) {
		p.loseSandbox()
	}
	p.done = p.done && !p.exit
}

func (p *simPod) loseSandbox() { p.sandboxed, p.confirmed = lacksSandbox, 0 }

// boot brings a pod one step nearer to its next sandbox. In that its container runs again, and
// what ended it in the last one counts for nothing.
func (w *world) boot(p *simPod) {
	if p.sandboxed == killedInSandbox && w.chance(2) {
		p.loseSandbox()
		p.sandbox = w.now
		return
	}
	p.loseSandbox()
	p.restart(w.now, p.killed.ExitCode, w.limit)
	p.sandboxed, p.sandbox, p.killed = hasSandbox, w.now, nil
	w.note("%s has another sandbox on %s, %d restarts", p.uid, p.node, p.restarts)
}

// sandboxCondition is what the kubelet says of the pod's sandbox.
func (p *simPod) sandboxCondition() corev1.PodCondition {
	c := corev1.PodCondition{Type: corev1.PodReadyToStartContainers, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(p.sandbox)}
	if p.sandboxed == lacksSandbox {
		c.Status = corev1.ConditionFalse
	}
	return c
}

// fail ends the pod's container, and the kubelet starts it again in the same sandbox.
func (w *world) fail(p *simPod, m *machine) {
	code := w.exitCode()
	p.restart(w.now, code, w.limit)
	did := work{p.job, p.hash, m.UID}
	if !w.worked[did] {
		p.confirmed = code
	}
	w.rules.exits[did] = append(w.rules.exits[did], exit{p.uid, code})
	w.note("%s failed on %s with %d, %d restarts", p.uid, p.node, code, p.restarts)
}

// workOn lets a pod that is told to stop go on, and be done after all.
func (w *world) workOn(p *simPod, m *machine) {
	if p.done || p.evicted || p.lost || !p.running || p.sandboxed != hasSandbox || p.hangs || w.calm || !w.chance(4) {
		return
	}
	w.finish(p, m)
	w.podChanged(p)
}
