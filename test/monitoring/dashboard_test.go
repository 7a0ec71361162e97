package monitoring

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

// TestTheQueriesOfTheDashboardReturnSomething runs each query of the dashboard until it has a
// value, while Jobs run on simulated nodes, and looks at what Prometheus says of the alerts. No
// node logs a word, so that what counts words is 0.
func TestTheQueriesOfTheDashboardReturnSomething(t *testing.T) {
	program, objects := requireVariable(t, "PROMETHEUS"), requireVariable(t, "KUBE_STATE_METRICS")
	k8s, kubeconfig := startCluster(t)
	operator := startOperator(t, kubeconfig)
	startJobs(t, k8s)
	address := strings.TrimPrefix(startKubeStateMetrics(t, objects, kubeconfig), "http://")
	checkQueries(t, startPrometheus(t, program, metricsToken(t, k8s), address, operator))
}

// checkQueries runs the queries of the dashboard, and looks at the alerts.
func checkQueries(t *testing.T, prometheus *server) {
	t.Helper()
	g := NewWithT(t)
	g.SetDefaultEventuallyTimeout(4 * time.Minute)
	g.SetDefaultEventuallyPollingInterval(time.Second)
	empty := queries(g)
	g.Eventually(func() (_ []query, failed error) {
		empty = slices.DeleteFunc(empty, func(q query) bool {
			got, err := prometheus.query(q.expr)
			// A quantile of nothing is not a number.
			got = slices.DeleteFunc(got, func(s sample) bool { return s.Value[1] == "NaN" })
			if len(got) > 0 {
				t.Logf("%s: %d series, such as %v = %v", q.panel, len(got), got[0].Metric, got[0].Value[1])
			}
			failed = errors.Join(failed, err)
			return len(got) > 0
		})
		return empty, failed
	}).Should(BeEmpty(), "each query returns something, some time after the Jobs have started")

	known, err := prometheus.names()
	g.Expect(err).NotTo(HaveOccurred())
	alerts, err := prometheus.alerts()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(alerts).NotTo(BeEmpty())
	for _, alert := range alerts {
		g.Expect(alert.Health).To(Equal("ok"), "%s: %s", alert.Name, alert.LastError)
		for _, name := range metricNames.FindAllString(alert.Query, -1) {
			g.Expect(known).To(ContainElement(name), alert.Name)
		}
	}
	// A Job that failed and one that no node matches set these off, after their time.
	for _, name := range []string{"DaemonSetJobFailed", "DaemonSetJobFailedByName", "DaemonSetJobBlocked", "DaemonSetJobBlockedByName", "DaemonSetCronJobStalled"} {
		g.Eventually(func() ([]string, error) { return prometheus.pending() }).Should(ContainElement(name))
	}
}

// query is a query of a panel, without variables.
type query struct{ panel, expr string }

// queries returns those of the dashboard. The values of its variables are what Grafana makes of
// All: each value of one, or all that there is.
func queries(g Gomega) []query {
	dashboard := struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct{ List []struct{ Name string } }
	}{}
	g.Expect(json.Unmarshal(readFile(g, "config/grafana/dashboard.json"), &dashboard)).To(Succeed())
	values := map[string]string{"$__rate_interval": "1m", "$__range": "10m", "$namespace": operatorNamespace, "$job": scrapeJob}
	for _, variable := range dashboard.Templating.List {
		if _, ok := values["$"+variable.Name]; !ok {
			values["$"+variable.Name] = ".*"
		}
	}
	// A variable may begin with the name of another one.
	names := slices.SortedFunc(maps.Keys(values), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var all []query
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			expr := target.Expr
			for _, name := range names {
				expr = strings.ReplaceAll(expr, name, values[name])
			}
			all = append(all, query{panel.Title, expr})
		}
	}
	g.Expect(all).NotTo(BeEmpty())
	return all
}

// writeRules writes the rules of a PrometheusRule as Prometheus reads them.
func writeRules(g Gomega, folder, path string) {
	rule := struct{ Spec any }{}
	g.Expect(yaml.Unmarshal(readFile(g, "config/"+folder+"/rules.yaml"), &rule)).To(Succeed())
	data, err := yaml.Marshal(rule.Spec)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(os.WriteFile(path, data, 0o600)).To(Succeed())
}

// getJSON reads an answer of Prometheus's API.
func getJSON(address string, into any) error {
	body, err := fetch(context.Background(), address)
	if err != nil {
		return err
	}
	answer := struct {
		Status, Error string
		Data          json.RawMessage
	}{}
	if err := json.Unmarshal(body, &answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", address, answer.Error)
	}
	return json.Unmarshal(answer.Data, into)
}
