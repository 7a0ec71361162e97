package guard

import (
	"context"
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/plan"
	"github.com/darkowlzz/daemonset-job/internal/version"
)

// source is where an administrator finds the manifests of this version.
func source() string {
	const folder = "https://github.com/darkowlzz/daemonset-job/config/guard"
	if strings.HasPrefix(version.Version, "v") {
		return folder + "?ref=" + version.Version
	}
	return folder
}

// whatToDo returns the sentence of the condition and the event: what is wrong, what that
// means, and what to apply.
func (k *Keeper) whatToDo(wrong problem, failure error) string {
	verb := "apply"
	if wrong.altered {
		verb = "replace"
	}
	text := fmt.Sprintf("%s: no Job starts anything until an administrator runs kubectl %s -k '%s'", wrong.sentence, verb, source())
	if failure != nil {
		text += "; the manager failed to apply it: " + plan.Shorten(failure.Error(), plan.MaxSentence)
	}
	return text
}

// emitMissing emits one event for all Jobs when the policy is missing. Of the replicas, the
// leader does.
func (k *Keeper) emitMissing(ctx context.Context, observed plan.Guard) {
	if k.reported == observed.Missing {
		return
	}
	if observed.Missing == "" || k.isElected() && k.emit(ctx, v1beta1.ReasonGuardMissing, observed.Missing) {
		k.reported = observed.Missing
	}
}

// emitRepaired says that another writer removed or altered the policy. The replica that
// repaired it says so, elected or not: no other one has observed it.
func (k *Keeper) emitRepaired(ctx context.Context, wrong problem) {
	k.emit(ctx, "GuardRepaired", wrong.sentence+", and was applied again")
}

// isElected returns whether this replica is the leader.
func (k *Keeper) isElected() bool {
	select {
	case <-k.options.Elected:
		return true
	default:
		return false
	}
}

// emit emits an event on the operator's Deployment, and returns whether it did. The event
// carries the Deployment's UID, by which kubectl describe finds it.
func (k *Keeper) emit(ctx context.Context, reason, message string) bool {
	if k.options.Deployment.Name == "" {
		return true
	}
	deployment := &appsv1.Deployment{}
	if err := k.reader.Get(ctx, k.options.Deployment, deployment); err != nil {
		logf.FromContext(ctx).WithName("guard").Info("Failed to read the operator's Deployment, emitted no event",
			"deployment", k.options.Deployment, "error", err.Error())
		return client.IgnoreNotFound(err) == nil
	}
	k.recorder.Eventf(deployment, nil, corev1.EventTypeWarning, reason, "Guard", "%s", message)
	return true
}

var enforced = prometheus.NewDesc("daemonset_job_guard_enforced",
	"1 while the admission policy that limits who may write Jobs is as this version has it, 0 while it is missing or altered and no Job starts anything.", nil, nil)

// Describe implements prometheus.Collector.
func (*Keeper) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- enforced }

// Collect implements prometheus.Collector. Before the first observation there is no value.
func (k *Keeper) Collect(values chan<- prometheus.Metric) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.observed == nil {
		return
	}
	value := 1.0
	if k.observed.Missing != "" {
		value = 0
	}
	values <- prometheus.MustNewConstMetric(enforced, prometheus.GaugeValue, value)
}
