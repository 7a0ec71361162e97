package completion

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var wordsFound = prometheus.NewCounter(prometheus.CounterOpts{
	Name: "daemonset_job_words_found_total",
	Help: "Number of pods that were marked because their log holds the termination word.",
})

func init() {
	metrics.Registry.MustRegister(wordsFound)
}
