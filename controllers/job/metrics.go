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
	blockedJobs = prometheus.NewDesc("daemonset_job_jobs_blocked",
		"Number of unfinished Jobs whose condition Blocked is true, by its reason.", []string{"reason"}, nil)
	nodesByState = prometheus.NewDesc("daemonset_job_nodes",
		"Number of nodes over all Jobs by state (waiting, active, succeeded, failed) and by the completionPolicy of their Job.",
		[]string{"state", "completion_policy"}, nil)
)

// Collectors returns the metrics of the controller of this installation. reader lists Jobs
// and DaemonSets, from a cache. The replica that leads, alone, counts them: elected is closed
// once it does.
func Collectors(reader client.Reader, elected <-chan struct{}, installation string) []prometheus.Collector {
	for _, result := range []v1beta1.JobPhase{v1beta1.PhaseComplete, v1beta1.PhaseFailed} {
		duration.WithLabelValues(string(result)) // So that the first one is an increase.
	}
	return []prometheus.Collector{
		duration,
		leaderCollector{&collector{reader: reader}, elected},
		leaderCollector{&othersCollector{reader: reader, installation: installation}, elected},
	}
}

// observeDuration observes how long a Job ran, once its verdict is written.
func observeDuration(status *v1beta1.JobStatus, now time.Time) {
	if status.StartTime != nil {
		duration.WithLabelValues(string(status.Phase)).Observe(now.Sub(status.StartTime.Time).Seconds())
	}
}

// collector counts Jobs by phase and blocker, and nodes by state, at each scrape. No count is
// kept from one scrape to the next.
type collector struct{ reader client.Reader }

// Describe implements prometheus.Collector.
func (c *collector) Describe(descriptions chan<- *prometheus.Desc) {
	for _, description := range []*prometheus.Desc{jobsByPhase, undecodableJobs, blockedJobs, nodesByState} {
		descriptions <- description
	}
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
	counts := count(jobs)
	counts.blocked[v1beta1.ReasonUndecodable] += undecodable
	values <- prometheus.MustNewConstMetric(undecodableJobs, prometheus.GaugeValue, float64(undecodable))
	for phase, n := range counts.phases {
		values <- prometheus.MustNewConstMetric(jobsByPhase, prometheus.GaugeValue, float64(n), string(phase))
	}
	for reason, n := range counts.blocked {
		values <- prometheus.MustNewConstMetric(blockedJobs, prometheus.GaugeValue, float64(n), reason)
	}
	for nodes, n := range counts.nodes {
		values <- prometheus.MustNewConstMetric(nodesByState, prometheus.GaugeValue, float64(n), nodes.state, string(nodes.policy))
	}
}
