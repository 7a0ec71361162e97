package monitoring

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

// scrapeJob is the job of the operator in docs/monitoring.md.
const scrapeJob = "daemonset-job"

// metricNames finds the metrics in an expression, by their prefixes.
var metricNames = regexp.MustCompile(`\b(?:daemonset_job|kube_customresource|leader_election|controller_runtime)_[a-z0-9_]+`)

// server is a Prometheus.
type server struct{ address string }

type sample struct {
	Metric map[string]string
	Value  []any
}

// rule is an alert, and what came of its last evaluation.
type rule struct {
	Name, Query, Health, LastError, State string
}

// startPrometheus starts one with the scrape configuration of docs/monitoring.md and all alerts.
// Debian's Prometheus is built without the discovery of Kubernetes, so that the targets, with the
// labels that it would have found, are passed.
func startPrometheus(t *testing.T, program, token, objects string, operator []any) *server {
	t.Helper()
	g, folder := NewWithT(t), t.TempDir()
	document := readFile(g, "docs/monitoring.md")
	block := regexp.MustCompile("(?s)```yaml\n(scrape_configs:\n.*?)```").FindSubmatch(document)
	g.Expect(block).NotTo(BeNil(), "the document has a scrape configuration")
	config := map[string]any{}
	g.Expect(yaml.Unmarshal(block[1], &config)).To(Succeed())
	scrape := config["scrape_configs"].([]any)[0].(map[string]any)
	g.Expect(scrape["job_name"]).To(Equal(scrapeJob))
	scrape["authorization"] = map[string]any{"credentials_file": writeFile(g, folder, "token", token)}
	delete(scrape, "kubernetes_sd_configs")
	delete(scrape, "relabel_configs")
	scrape["static_configs"] = []any{map[string]any{"targets": operator, "labels": map[string]any{"namespace": operatorNamespace, "pod": "operator"}}}
	config["scrape_configs"] = []any{scrape, map[string]any{
		"job_name": "kube-state-metrics", "honor_labels": true,
		"static_configs": []any{map[string]any{"targets": []any{objects}}},
	}}
	config["global"] = map[string]any{"scrape_interval": "5s", "scrape_timeout": "5s", "evaluation_interval": "5s"}
	config["rule_files"] = []string{"prometheus.rules", "kube-state-metrics.rules"}
	for _, name := range []string{"prometheus", "kube-state-metrics"} {
		writeRules(g, name, filepath.Join(folder, name+".rules"))
	}
	data, err := yaml.Marshal(config)
	g.Expect(err).NotTo(HaveOccurred())

	address := "127.0.0.1:" + freePort(g)
	runProgram(t, nil, program, "--config.file="+writeFile(g, folder, "prometheus.yaml", string(data)),
		"--storage.tsdb.path="+filepath.Join(folder, "data"), "--web.listen-address="+address)
	s := &server{"http://" + address + "/api/v1/"}
	g.Eventually(s.targets, 2*time.Minute, time.Second).Should(And(HaveLen(3), HaveEach(HaveField("Health", "up"))),
		"both processes of the operator and kube-state-metrics are scraped")
	return s
}

// target is what Prometheus scrapes, and what came of it.
type target struct{ ScrapeURL, Health, LastError string }

func (s *server) targets() ([]target, error) {
	answer := struct{ ActiveTargets []target }{}
	err := getJSON(s.address+"targets", &answer)
	return answer.ActiveTargets, err
}

func writeFile(g Gomega, folder, name, text string) string {
	path := filepath.Join(folder, name)
	g.Expect(os.WriteFile(path, []byte(text), 0o600)).To(Succeed())
	return path
}

func (s *server) query(expr string) ([]sample, error) {
	answer := struct{ Result []sample }{}
	err := getJSON(s.address+"query?query="+url.QueryEscape(expr), &answer)
	return answer.Result, err
}

// names returns those of all metrics.
func (s *server) names() ([]string, error) {
	var names []string
	return names, getJSON(s.address+"label/__name__/values", &names)
}

// alerts returns the alerts, once each has been evaluated.
func (s *server) alerts() ([]rule, error) {
	answer := struct{ Groups []struct{ Rules []rule } }{}
	err := getJSON(s.address+"rules?type=alert", &answer)
	var all []rule
	for _, group := range answer.Groups {
		all = append(all, group.Rules...)
	}
	return all, err
}

// pending returns the names of the alerts whose expression holds.
func (s *server) pending() ([]string, error) {
	alerts, err := s.alerts()
	alerts = slices.DeleteFunc(alerts, func(r rule) bool { return r.State == "inactive" })
	var names []string
	for _, alert := range alerts {
		names = append(names, alert.Name)
	}
	return names, err
}
