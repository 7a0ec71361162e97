package job

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
)

var (
	duration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "daemonset_job_duration_seconds",
		Help: "Time from the start of a Job to its verdict, by result: Complete or Failed.",
		// From a second to more than nine hours, each bucket twice as long as the one before.
		Buckets: prometheus.ExponentialBuckets(1, 2, 16),
	}, []string{"result"})

	jobsByPhase = prometheus.NewDesc("daemonset_job_jobs",
		"Number of Jobs by phase.", []string{"phase"}, nil)
	undecodableJobs = prometheus.NewDesc("daemonset_job_jobs_undecodable",
		"Number of Jobs that have a value that cannot be decoded. They have no phase, and their condition Blocked says why.", nil, nil)
	nodesByState = prometheus.NewDesc("daemonset_job_nodes",
		"Number of nodes over all Jobs by state: waiting, active, succeeded, failed.", []string{"state"}, nil)
)

// Collectors returns the metrics of the controller of this installation. reader lists Jobs
// and DaemonSets, from a cache.
func Collectors(reader client.Reader, installation string) []prometheus.Collector {
	return []prometheus.Collector{duration, &collector{reader: reader}, &othersCollector{reader: reader, installation: installation}}
}

// observeDuration observes how long a Job ran, once its verdict is written.
func observeDuration(status *v1beta1.JobStatus, now time.Time) {
	if status.StartTime != nil {
		duration.WithLabelValues(string(status.Phase)).Observe(now.Sub(status.StartTime.Time).Seconds())
	}
}

// collector counts Jobs by phase and nodes by state at each scrape. No count is
// kept from one scrape to the next.
type collector struct{ reader client.Reader }

// Describe implements prometheus.Collector.
func (c *collector) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- jobsByPhase
	descriptions <- undecodableJobs
	descriptions <- nodesByState
}

// Collect implements prometheus.Collector. Before the cache is synced it returns
// no metric: a gap says that the counts are unknown, a zero would not.
func (c *collector) Collect(values chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	jobs, undecodable, err := jobcache.List(ctx, c.reader)
	if err != nil {
		logf.Log.WithName("metrics").V(1).Info("Failed to list Jobs, no metrics returned", "error", err.Error())
		return
	}
	phases := map[v1beta1.JobPhase]int{
		v1beta1.PhasePending: 0, v1beta1.PhaseRunning: 0, v1beta1.PhaseSuspended: 0, v1beta1.PhaseComplete: 0, v1beta1.PhaseFailed: 0,
	}
	states := map[string]int32{}
	for _, job := range jobs {
		status := &job.Status
		phase := status.Phase
		if phase == "" {
			phase = v1beta1.PhasePending
		}
		phases[phase]++
		states["active"] += status.Active
		states["succeeded"] += status.Succeeded
		states["failed"] += status.Failed
		states["waiting"] += max(0, status.Desired-status.Active-status.Succeeded-status.Failed)
	}
	values <- prometheus.MustNewConstMetric(undecodableJobs, prometheus.GaugeValue, float64(undecodable))
	for phase, n := range phases {
		values <- prometheus.MustNewConstMetric(jobsByPhase, prometheus.GaugeValue, float64(n), string(phase))
	}
	for state, n := range states {
		values <- prometheus.MustNewConstMetric(nodesByState, prometheus.GaugeValue, float64(n), state)
	}
}
