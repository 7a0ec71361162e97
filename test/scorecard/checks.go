package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const poll = 200 * time.Millisecond

// logs returns a Job whose container logs the word and sleeps.
func logs(image string) v1beta1.JobSpec {
	return v1beta1.JobSpec{Image: image, Command: []string{"/bin/sh", "-c", "trap 'exit 0' TERM; echo done; while true; do sleep 1; done"}}
}

// exits returns a Job whose container ends at once.
func exits(image string) v1beta1.JobSpec {
	return v1beta1.JobSpec{CompletionMode: v1beta1.CompletionExit, Image: image, Command: []string{"/bin/sh", "-c", "exit 0"}}
}

// completes returns a check that a Job becomes Complete on every node.
func completes(spec func(image string) v1beta1.JobSpec) check {
	return func(ctx context.Context, c client.Client, namespace, image string) (string, error) {
		job := &v1beta1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "scorecard-"}, Spec: spec(image)}
		// The TTL keeps the Job until this test has read it, and deletes it if the test
		// is killed.
		job.Spec.TTLSecondsAfterFinished = new(int32(60))
		if err := c.Create(ctx, job); err != nil {
			return "", fmt.Errorf("creating the Job: %w", err)
		}
		defer func() {
			// The context of the test may be over.
			_ = c.Delete(context.WithoutCancel(ctx), job, client.PropagationPolicy(metav1.DeletePropagationForeground))
		}()
		err := wait.PollUntilContextCancel(ctx, poll, true, func(ctx context.Context) (bool, error) {
			if err := c.Get(ctx, client.ObjectKeyFromObject(job), job); err != nil {
				return false, err
			}
			return job.Finished() != nil, nil
		})
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return "", fmt.Errorf("the Job is not finished after %s: phase %q, %q nodes done%s", timeout, job.Status.Phase, job.Status.Completed, blocked(job))
		case err != nil:
			return "", fmt.Errorf("waiting for the Job: %w", err)
		case job.Finished().Type != v1beta1.JobComplete:
			return "", fmt.Errorf("the Job is %s: %s", job.Status.Phase, job.Finished().Message)
		case job.Status.Desired == 0 || job.Status.Succeeded != job.Status.Desired:
			return "", fmt.Errorf("the Job is Complete with %d of %d nodes done", job.Status.Succeeded, job.Status.Desired)
		}
		return fmt.Sprintf("%s nodes done in %s", job.Status.Completed, job.Status.CompletionTime.Sub(job.Status.StartTime.Time)), nil
	}
}

// blocked returns the message of the Job's condition Blocked.
func blocked(job *v1beta1.Job) string {
	if c := meta.FindStatusCondition(job.Status.Conditions, v1beta1.JobBlocked); c != nil && c.Status == metav1.ConditionTrue {
		return fmt.Sprintf(", %s: %s", c.Reason, c.Message)
	}
	return ""
}

// refused checks that the API server refuses wrong manifests with a helpful message.
func refused(ctx context.Context, c client.Client, namespace, image string) (string, error) {
	wrong := map[string]struct {
		spec v1beta1.JobSpec
		told string
	}{
		"neither image nor template":  {v1beta1.JobSpec{}, "set exactly one of image"},
		"a relative mountPath":        {v1beta1.JobSpec{Image: image, MountPath: "tmp"}, "start it with /"},
		"a mountPath with ..":         {v1beta1.JobSpec{Image: image, MountPath: "/tmp/../etc"}, "name the directory itself"},
		"a word that is not used":     {v1beta1.JobSpec{Image: image, CompletionMode: v1beta1.CompletionExit, TerminationWord: "x"}, "leave it out with Exit"},
		"a deadline without any end":  {v1beta1.JobSpec{Image: image, CompletionPolicy: v1beta1.CompletionNever, ActiveDeadlineSeconds: new(int64(1))}, "leave activeDeadlineSeconds out"},
		"a completionMode of its own": {v1beta1.JobSpec{Image: image, CompletionMode: "Whatever"}, "Unsupported value"},
	}
	var problems []error
	for name, test := range wrong {
		job := &v1beta1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "scorecard-"}, Spec: test.spec}
		switch err := c.Create(ctx, job, client.DryRunAll); {
		case err == nil:
			problems = append(problems, fmt.Errorf("%s: was accepted", name))
		case advise(err, namespace) != nil:
			// The other manifests would only repeat it.
			return "", err
		case !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), test.told):
			problems = append(problems, fmt.Errorf("%s: was refused with another reason: %w", name, err))
		}
	}
	return fmt.Sprintf("%d wrong manifests were refused", len(wrong)-len(problems)), errors.Join(problems...)
}
