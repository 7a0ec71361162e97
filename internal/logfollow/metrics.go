package logfollow

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var (
	streamsOpen = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "daemonset_job_log_streams_open",
		Help: "Number of log streams that are open.",
	})
	streamsWaiting = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "daemonset_job_log_streams_waiting",
		Help: "Number of containers whose logs wait for their turn to be read.",
	})
)

func init() {
	metrics.Registry.MustRegister(streamsOpen, streamsWaiting)
}
