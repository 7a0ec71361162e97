package logfollow

import "github.com/prometheus/client_golang/prometheus"

var (
	streamsOpen = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "daemonset_job_log_streams_open",
		Help: "Number of log streams that are open.",
	})
	streamsWaiting = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "daemonset_job_log_streams_waiting",
		Help: "Number of containers whose logs wait for their turn to be read.",
	})
	turnsOverdrawn = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "daemonset_job_log_turns_overdrawn_total",
		Help: "Number of log streams that were ended because their Job had read more than its share while others wait.",
	})
)

// Collectors returns the metrics of this package, for the registry of the process
// that follows logs.
func Collectors() []prometheus.Collector {
	return []prometheus.Collector{streamsOpen, streamsWaiting, turnsOverdrawn}
}
