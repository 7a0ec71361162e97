package operator

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/darkowlzz/daemonset-job/internal/options"
)

// slowMetric is collected once it is let go.
type slowMetric struct{ letGo chan struct{} }

func (m slowMetric) Describe(chan<- *prometheus.Desc) {}
func (m slowMetric) Collect(chan<- prometheus.Metric) { <-m.letGo }

// metricsHandler returns the handler of the metrics, with these alone.
func metricsHandler(c ...prometheus.Collector) http.Handler {
	registry, settings := prometheus.NewRegistry(), promhttp.HandlerOpts{}
	registry.MustRegister(c...)
	served, _, _ := metricsOptions(&options.Common{MetricsAddress: "0"}) // No certificate is read.
	for _, set := range served.HandlerOpts {
		set(&settings)
	}
	return promhttp.HandlerFor(registry, settings)
}

// stuckReader is a client that never reads its answer.
type stuckReader struct {
	http.ResponseWriter
	letGo chan struct{}
}

func (r stuckReader) Write(data []byte) (int, error) {
	<-r.letGo
	return len(data), nil
}

func TestScrapesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, metric, served := NewWithT(t), slowMetric{make(chan struct{})}, sync.WaitGroup{}
		handler := metricsHandler(metric)
		for range maxScrapes {
			served.Go(func() { g.Expect(scrape(handler, nil)).To(Equal(http.StatusOK)) })
		}
		synctest.Wait()
		g.Expect(scrape(handler, nil)).To(Equal(http.StatusServiceUnavailable))
		close(metric.letGo)
		served.Wait()
		g.Expect(scrape(handler, nil)).To(Equal(http.StatusOK))
	})
}

func TestASlowReaderHoldsNoScrape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, letGo := NewWithT(t), make(chan struct{})
		handler := metricsHandler(prometheus.NewGauge(prometheus.GaugeOpts{Name: "any"}))
		for range 2 * maxScrapes {
			go scrape(handler, letGo)
			synctest.Wait()
		}
		g.Expect(scrape(handler, nil)).To(Equal(http.StatusOK))
		close(letGo)
	})
}

// scrape returns the status of a request for metrics. Its client reads the answer once
// letGo is closed, if there is one.
func scrape(handler http.Handler, letGo chan struct{}) int {
	recorder := httptest.NewRecorder()
	var writer http.ResponseWriter = recorder
	if letGo != nil {
		writer = stuckReader{recorder, letGo}
	}
	handler.ServeHTTP(writer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return recorder.Code
}
