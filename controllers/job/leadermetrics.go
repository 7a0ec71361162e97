package job

import "github.com/prometheus/client_golang/prometheus"

// leaderCollector returns the metrics of its Collector in the replica that leads, and none in
// the others. Each replica has the same cache, so that the sum over all replicas would
// count each object several times.
type leaderCollector struct {
	prometheus.Collector
	elected <-chan struct{}
}

// Collect implements prometheus.Collector.
func (c leaderCollector) Collect(values chan<- prometheus.Metric) {
	select {
	case <-c.elected:
		c.Collector.Collect(values)
	default:
	}
}
