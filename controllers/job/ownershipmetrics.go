package job

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/darkowlzz/daemonset-job/internal/daemonset"
)

var othersJobs = prometheus.NewDesc("daemonset_job_jobs_of_other_installations",
	"Number of Jobs that another installation of the operator runs. This one writes nothing for them.", nil, nil)

// othersCollector counts the Jobs of other installations at each scrape.
type othersCollector struct {
	reader       client.Reader
	installation string
}

// Describe implements prometheus.Collector.
func (*othersCollector) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- othersJobs }

// Collect implements prometheus.Collector. Before the cache is synced it returns no metric.
func (c *othersCollector) Collect(values chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	list, others := &appsv1.DaemonSetList{}, 0
	if err := c.reader.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		logf.Log.WithName("metrics").V(1).Info("Failed to list DaemonSets, no metric returned", "error", err.Error())
		return
	}
	for i := range list.Items {
		if daemonset.OwnershipOf(&list.Items[i]).IsOthers(c.installation) {
			others++
		}
	}
	values <- prometheus.MustNewConstMetric(othersJobs, prometheus.GaugeValue, float64(others))
}
