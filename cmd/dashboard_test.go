package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

// metric is a metric in an expression, by the prefixes that this project's queries have.
var metric = regexp.MustCompile(`\b(?:daemonset_job|kube_customresource|leader_election|controller_runtime|workqueue|rest_client|process|go)_[a-z0-9_]+`)

// panel is a panel of config/grafana/dashboard.json, or a row of them.
type panel struct {
	ID                       int
	Type, Title, Description string
	Datasource               struct{ UID string }
	GridPos                  struct{ H, W, X, Y int }
	Targets                  []struct{ RefID, Expr string }
}

// dashboard is config/grafana/dashboard.json.
type dashboard struct {
	Panels     []panel
	Templating struct {
		List []struct{ Name, Type, Query string }
	}
}

func readDashboard(g Gomega) *dashboard {
	data, err := os.ReadFile(filepath.Join("..", "config", "grafana", "dashboard.json"))
	g.Expect(err).NotTo(HaveOccurred())
	d := &dashboard{}
	g.Expect(json.Unmarshal(data, d)).To(Succeed())
	return d
}

// ofObjects returns the metrics that config/kube-state-metrics asks for, with their labels.
func ofObjects(g Gomega) map[string][]string {
	data, err := os.ReadFile(filepath.Join("..", "config", "kube-state-metrics", "config.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	type labelled struct {
		LabelName      string
		LabelsFromPath map[string][]string
	}
	config := struct {
		Spec struct {
			Resources []struct {
				labelled         `json:",inline"`
				MetricNamePrefix string
				Metrics          []struct {
					Name string
					Each struct{ Info, Gauge, StateSet labelled }
				}
			}
		}
	}{}
	g.Expect(yaml.Unmarshal(data, &config)).To(Succeed())
	found := map[string][]string{}
	for _, resource := range config.Spec.Resources {
		for _, m := range resource.Metrics {
			labels := slices.Concat(slices.Collect(maps.Keys(resource.LabelsFromPath)), []string{m.Each.StateSet.LabelName},
				slices.Collect(maps.Keys(m.Each.Info.LabelsFromPath)), slices.Collect(maps.Keys(m.Each.Gauge.LabelsFromPath)))
			found[resource.MetricNamePrefix+"_"+m.Name] = labels
		}
	}
	g.Expect(found).NotTo(BeEmpty())
	return found
}

// TestTheDashboardAsksForMetricsThatAreExported reads the expressions alone. make test-alerts
// parses them, and make test-dashboard runs them.
func TestTheDashboardAsksForMetricsThatAreExported(t *testing.T) {
	g := NewWithT(t)
	d, known := readDashboard(g), exported(g)
	maps.Copy(known, ofObjects(g))
	var texts []string
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			texts = append(texts, target.Expr)
		}
	}
	for _, variable := range d.Templating.List {
		if variable.Type == "query" {
			texts = append(texts, variable.Query)
		}
	}
	added := []string{"cluster", "namespace", "job", "instance"}
	for _, text := range texts {
		names := metric.FindAllString(text, -1)
		g.Expect(names).NotTo(BeEmpty(), text)
		for _, name := range names {
			g.Expect(known).To(HaveKey(strings.TrimSuffix(name, "_bucket")), text)
		}
		for _, s := range selector.FindAllStringSubmatch(text, -1) {
			for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
				g.Expect(slices.Concat(known[strings.TrimSuffix(s[1], "_bucket")], added)).To(ContainElement(m[1]), text)
			}
		}
	}
}

// TestTheDashboardFitsAnyGrafana checks what the import of it needs: a data source that is a
// variable, identifiers that differ, a place for each panel, and variables that exist.
func TestTheDashboardFitsAnyGrafana(t *testing.T) {
	g := NewWithT(t)
	d := readDashboard(g)
	variables := []string{"__rate_interval", "__range"}
	for _, variable := range d.Templating.List {
		variables = append(variables, variable.Name)
	}
	ids, places := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		g.Expect(ids).NotTo(HaveKey(p.ID), p.Title)
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				g.Expect(places).NotTo(HaveKey([2]int{x, y}), p.Title)
				places[[2]int{x, y}] = p.Title
			}
		}
		g.Expect(p.GridPos.X+p.GridPos.W).To(BeNumerically("<=", 24), p.Title)
		if p.Type == "row" {
			continue
		}
		g.Expect(p.Datasource.UID).To(Equal("${datasource}"), p.Title)
		g.Expect(p.Title).NotTo(BeEmpty())
		g.Expect(p.Description).NotTo(BeEmpty(), p.Title)
		g.Expect(p.Targets).NotTo(BeEmpty(), p.Title)
		for _, target := range p.Targets {
			for _, used := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(target.Expr, -1) {
				g.Expect(variables).To(ContainElement(used[1]), p.Title)
			}
		}
	}
}
