package monitoring

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

var (
	start = metav1.NewTime(time.Unix(1_800_000_000, 0))
	end   = metav1.NewTime(time.Unix(1_800_000_600, 0))
)

func named(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

// exampleObjects returns Jobs and CronJobs in each state that a person is told of.
func exampleObjects() []client.Object {
	ofCronJob := exampleJob("complete", v1beta1.JobSpec{}, v1beta1.JobStatus{Phase: v1beta1.PhaseComplete, Desired: 5, Succeeded: 4, Skipped: 1,
		StartTime: &start, CompletionTime: &end, Conditions: conditions("Complete=AllNodesDone", "!Blocked=NotBlocked", "Ready=AllNodesDone")})
	ofCronJob.Labels = map[string]string{v1beta1.LabelCronJob: "nightly"}
	failed := v1beta1.JobStatus{Phase: v1beta1.PhaseFailed, Desired: 100, Succeeded: 0, Failed: 100, StartTime: &start,
		Conditions: conditions("Failed=MaxFailedNodesExceeded", "!Blocked=NotBlocked", "!Ready=MaxFailedNodesExceeded", "Stalled=MaxFailedNodesExceeded")}
	for i := range 100 {
		failed.FailedNodes = append(failed.FailedNodes, v1beta1.FailedNode{Node: fmt.Sprintf("node-%03d", i), Reason: v1beta1.ReasonBackoffLimitExceeded})
	}
	return []client.Object{
		exampleJob("new", v1beta1.JobSpec{}, v1beta1.JobStatus{ObservedGeneration: -1}),
		exampleJob("running", v1beta1.JobSpec{CompletionMode: v1beta1.CompletionExit}, v1beta1.JobStatus{Phase: v1beta1.PhaseRunning, Desired: 5, Active: 2,
			Succeeded: 1, StartTime: &start, Conditions: conditions("!Blocked=NotBlocked", "!Ready=Progressing")}),
		exampleJob("blocked", v1beta1.JobSpec{}, v1beta1.JobStatus{Phase: v1beta1.PhasePending, Blocked: v1beta1.ReasonNoMatchingNode, StartTime: &start,
			Conditions: conditions("Blocked=NoMatchingNode", "!Ready=NoMatchingNode")}),
		exampleJob("suspended", v1beta1.JobSpec{Suspend: new(true)}, v1beta1.JobStatus{Phase: v1beta1.PhaseSuspended, Desired: 5,
			Conditions: conditions("Suspended=SuspendedByUser", "!Blocked=NotBlocked", "!Ready=SuspendedByUser")}),
		exampleJob("failed", v1beta1.JobSpec{CompletionPolicy: v1beta1.CompletionNever}, failed),
		ofCronJob,
		exampleCronJob("fresh", v1beta1.CronJobSpec{}, v1beta1.CronJobStatus{ObservedGeneration: -1}),
		exampleCronJob("nightly", v1beta1.CronJobSpec{TimeZone: "Europe/Berlin"}, v1beta1.CronJobStatus{ActiveJobs: 1, LastScheduleTime: &start,
			LastSuccessfulTime: &end, NextScheduleTime: &end, LastRun: &v1beta1.LastRun{Name: "nightly-30000000", CreationTime: start, Phase: v1beta1.RunPhase(v1beta1.PhaseRunning)},
			Conditions: conditions("Ready=Scheduled")}),
		exampleCronJob("held", v1beta1.CronJobSpec{Suspend: new(true)}, v1beta1.CronJobStatus{LastScheduleTime: &start,
			LastRun:    &v1beta1.LastRun{Name: "held-30000000", CreationTime: start, Phase: v1beta1.RunPhase(v1beta1.PhaseFailed), Failed: 3, CompletionTime: &end},
			Conditions: conditions("Ready=Suspended")}),
		exampleCronJob("wrong", v1beta1.CronJobSpec{Schedule: "0 0 31 2 *"}, v1beta1.CronJobStatus{Conditions: conditions("!Ready=InvalidSchedule", "Stalled=InvalidSchedule")}),
	}
}

func exampleJob(name string, spec v1beta1.JobSpec, status v1beta1.JobStatus) *v1beta1.Job {
	spec.Image = "docker.io/darkowlzz/cleanup:v0.0.2"
	return &v1beta1.Job{ObjectMeta: named("team-a", name), Spec: spec, Status: status}
}

func exampleCronJob(name string, spec v1beta1.CronJobSpec, status v1beta1.CronJobStatus) *v1beta1.CronJob {
	if spec.Schedule == "" {
		spec.Schedule = "@daily"
	}
	spec.JobTemplate.Spec.Image = "docker.io/darkowlzz/cleanup:v0.0.2"
	return &v1beta1.CronJob{ObjectMeta: named("team-a", name), Spec: spec, Status: status}
}

// conditions returns the conditions written as TYPE=REASON. One that begins with ! is false.
func conditions(written ...string) []metav1.Condition {
	var all []metav1.Condition
	for _, w := range written {
		condition := metav1.Condition{Status: metav1.ConditionTrue, LastTransitionTime: start}
		if w[0] == '!' {
			condition.Status, w = metav1.ConditionFalse, w[1:]
		}
		condition.Type, condition.Reason, _ = strings.Cut(w, "=")
		all = append(all, condition)
	}
	return all
}
