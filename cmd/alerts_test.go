package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/controllers/cleanup"
	"github.com/darkowlzz/daemonset-job/controllers/completion"
	"github.com/darkowlzz/daemonset-job/controllers/cronjob"
	"github.com/darkowlzz/daemonset-job/controllers/job"
	"github.com/darkowlzz/daemonset-job/internal/guard"
)

var (
	description = regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)
	// selector is a metric in an expression, with the labels that it is selected by.
	selector = regexp.MustCompile(`([a-z][a-z0-9]*_[a-z0-9_]+)(?:\{([^}]*)\}|\[|\))`)
	matcher  = regexp.MustCompile(`(\w+)(?:=~|!~|!=|=)"`)
)

// exported returns the labels of each metric that the manager and the terminator export.
func exported(g Gomega) map[string][]string {
	collectors := slices.Concat(job.Collectors(nil, nil, ""), cronjob.Collectors(), completion.Collectors(), cleanup.Collectors(),
		[]prometheus.Collector{&guard.Keeper{}, metrics.Registry.(prometheus.Collector)})
	descriptions := make(chan *prometheus.Desc)
	go func() {
		defer close(descriptions)
		for _, c := range collectors {
			c.Describe(descriptions)
		}
	}()
	labels := map[string][]string{}
	for d := range descriptions {
		match := description.FindStringSubmatch(d.String())
		g.Expect(match).NotTo(BeNil(), d.String())
		labels[match[1]] = strings.Split(match[2], ",")
	}
	return labels
}

// alert is an alert of a PrometheusRule.
type alert struct {
	Alert, Expr         string
	Labels, Annotations map[string]string
}

// alerts returns the alerts in rules.yaml of a folder of config.
func alerts(g Gomega, folder string) []alert {
	data, err := os.ReadFile(filepath.Join("..", "config", folder, "rules.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	rule := struct {
		Spec struct{ Groups []struct{ Rules []alert } }
	}{}
	g.Expect(yaml.Unmarshal(data, &rule)).To(Succeed())
	var all []alert
	for _, group := range rule.Spec.Groups {
		all = append(all, group.Rules...)
	}
	return all
}

func TestAlertsAskForMetricsThatAreExported(t *testing.T) {
	g := NewWithT(t)
	labels := exported(g)
	maps.Copy(labels, ofObjects(g))
	// The labels that Prometheus adds to each metric.
	added := []string{"cluster", "namespace", "job", "instance"}
	for _, a := range slices.Concat(alerts(g, "prometheus"), alerts(g, "kube-state-metrics")) {
		selected := selector.FindAllStringSubmatch(a.Expr, -1)
		g.Expect(selected).NotTo(BeEmpty(), a.Alert)
		for _, s := range selected {
			g.Expect(labels).To(HaveKey(s[1]), a.Alert)
			for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
				g.Expect(slices.Concat(labels[s[1]], added)).To(ContainElement(m[1]), a.Alert)
			}
		}
	}
}

func TestEachAlertHasARunbook(t *testing.T) {
	g := NewWithT(t)
	folder := filepath.Join("..", "docs", "runbooks")
	names := map[string]bool{}
	for _, a := range alerts(g, "prometheus") {
		names[a.Alert+".md"] = true
		g.Expect(a.Annotations).To(HaveKeyWithValue("runbook_url", "https://github.com/darkowlzz/daemonset-job/blob/main/docs/runbooks/"+a.Alert+".md"))
		g.Expect(a.Annotations).To(And(HaveKey("summary"), HaveKey("description")), a.Alert)
		g.Expect(a.Labels["severity"]).To(BeElementOf("info", "warning", "critical"), a.Alert)
		page, err := os.ReadFile(filepath.Join(folder, a.Alert+".md"))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(page)).To(And(HavePrefix("# "+a.Alert+"\n"), ContainSubstring("\n## What it means\n"),
			ContainSubstring("\n## What to look at\n"), ContainSubstring("\n## What to do\n")), a.Alert)
	}
	for _, a := range alerts(g, "kube-state-metrics") {
		page, ours := strings.CutPrefix(a.Annotations["runbook_url"], "https://github.com/darkowlzz/daemonset-job/blob/main/docs/runbooks/")
		g.Expect(ours).To(BeTrue(), a.Alert)
		g.Expect(filepath.Join(folder, page)).To(BeARegularFile(), a.Alert)
		g.Expect(a.Annotations).To(And(HaveKey("summary"), HaveKey("description")), a.Alert)
		g.Expect(a.Labels["severity"]).To(BeElementOf("info", "warning"), a.Alert)
		g.Expect(names).NotTo(HaveKey(a.Alert+".md"), "two alerts of one name would both be sent")
	}
	pages, err := filepath.Glob(filepath.Join(folder, "DaemonSetJob*.md"))
	g.Expect(err).NotTo(HaveOccurred())
	for _, page := range pages {
		g.Expect(names).To(HaveKey(filepath.Base(page)), "a page of no alert")
	}
}

// Those of controller-runtime and of Go have documents of their own.
func TestEachMetricIsDocumented(t *testing.T) {
	g := NewWithT(t)
	metrics := exported(g)
	maps.DeleteFunc(metrics, func(name string, _ []string) bool { return !strings.HasPrefix(name, "daemonset_job_") })
	maps.Copy(metrics, ofObjects(g))
	document, err := os.ReadFile(filepath.Join("..", "docs", "monitoring.md"))
	g.Expect(err).NotTo(HaveOccurred())
	documented := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `((?:daemonset_job|kube_customresource)_[a-z_]+)").FindAllSubmatch(document, -1) {
		documented[string(match[1])] = true
	}
	g.Expect(slices.Collect(maps.Keys(documented))).To(ConsistOf(slices.Collect(maps.Keys(metrics))))
}
