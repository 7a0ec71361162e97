package cronjob

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/darkowlzz/daemonset-job/internal/schedule"
)

var runs = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "daemonset_job_cronjob_runs_total",
	Help: "Number of runs of CronJobs by result: Complete, Failed, Deleted (before the Job was finished), Missed (the deadline passed) or Dropped (before the Job was created). Of a CronJob with more than 100 unfinished Jobs, the oldest 100 count.",
}, []string{"result"})

// Collectors returns the metrics of the controller.
func Collectors() []prometheus.Collector {
	for _, result := range []schedule.Result{schedule.Complete, schedule.Failed, schedule.Deleted, schedule.Missed, schedule.Dropped} {
		runs.WithLabelValues(string(result)) // So that the first one is an increase.
	}
	return []prometheus.Collector{runs}
}

func countResults(results []schedule.Result) {
	for _, result := range results {
		runs.WithLabelValues(string(result)).Inc()
	}
}
