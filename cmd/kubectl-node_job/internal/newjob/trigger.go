package newjob

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/schedule"
)

// SuffixLength is how long the suffix of a manual run is.
const SuffixLength = 5

// Manual returns the Job of a run of the CronJob that a user starts, with this suffix. It is the
// CronJob's own as if its schedule had started it, and has no scheduled time.
func Manual(cronJob *v1beta1.CronJob, suffix string) *v1beta1.Job {
	job := schedule.JobFor(cronJob, schedule.Run{Name: manualName(cronJob.Name, suffix)})
	job.TypeMeta = metav1.TypeMeta{APIVersion: v1beta1.GroupVersion.String(), Kind: "Job"}
	return job
}

// manualName returns <name>-manual-<suffix>, of which the name is cut to what fits.
func manualName(name, suffix string) string {
	end := "-manual-" + suffix
	if most := v1beta1.MaxNameLength - len(end); len(name) > most {
		name = strings.TrimRight(name[:most], "-.")
	}
	return name + end
}
