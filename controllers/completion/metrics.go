package completion

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/darkowlzz/daemonset-job/internal/logfollow"
)

var wordsFound = prometheus.NewCounter(prometheus.CounterOpts{
	Name: "daemonset_job_words_found_total",
	Help: "Number of pods that were marked because their log holds the termination word.",
})

// Collectors returns the metrics of the controller and of the logs that it follows.
func Collectors() []prometheus.Collector {
	return append(logfollow.Collectors(), wordsFound)
}
