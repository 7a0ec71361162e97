package schedule

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

func (s *stage) job(name string) *v1beta1.Job {
	for _, job := range s.jobs {
		if job.Name == name {
			return job
		}
	}
	return nil
}

// at is the name of the Job of the run at a time in UTC.
func (s *stage) at(text string) string { return nameAt(s.cronJob, utc(s.t, text)) }

// runs are the times of the Jobs that were created, as the zone of the CronJob shows them.
func (s *stage) runs() []string {
	zone, err := time.LoadLocation(s.cronJob.Spec.TimeZone)
	if err != nil {
		s.t.Fatal(err)
	}
	runs := []string{}
	for _, name := range s.created {
		var minutes int64
		if _, err := fmt.Sscanf(strings.TrimPrefix(name, s.cronJob.Name+"-"), "%d", &minutes); err != nil {
			s.t.Fatal(err)
		}
		runs = append(runs, time.Unix(minutes*60, 0).In(zone).Format("02 15:04 -07:00"))
	}
	return runs
}

// said are the reasons of the events, without those of each run.
func (s *stage) said() []string {
	reasons := []string{}
	for _, event := range s.events {
		if event.Reason != "SuccessfulCreate" && event.Reason != "SuccessfulDelete" && event.Reason != "SawCompletedJob" {
			reasons = append(reasons, event.Reason)
		}
	}
	return reasons
}

// ready returns the reason of Ready, and its message.
func (s *stage) ready() (reason, message string) {
	if c := meta.FindStatusCondition(s.cronJob.Status.Conditions, v1beta1.CronJobReady); c != nil {
		return c.Reason, c.Message
	}
	return "", ""
}

// stalled returns the reason of Stalled, empty if it is not.
func (s *stage) stalled() string {
	if c := meta.FindStatusCondition(s.cronJob.Status.Conditions, v1beta1.CronJobStalled); c != nil {
		return c.Reason
	}
	return ""
}
