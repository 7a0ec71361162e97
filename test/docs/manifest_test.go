package docs

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// fragments are what a document shows of a file that is no object of Kubernetes, by a key
// of it, and why nothing here checks it. Whatever else a document shows must be a whole object.
var fragments = map[string]string{
	"scrape_configs": "a configuration of Prometheus, whose Go package is as large as Prometheus",
	"route":          "a configuration of Alertmanager, likewise",
	"inhibit_rules":  "another part of the same",
}

// manifest is one object that users are to apply.
type manifest struct {
	// where is the document and the line, or the sample.
	where  string
	text   string
	object *unstructured.Unstructured
}

// kind returns the manifest's kind with its group.
func (m *manifest) kind() string {
	return m.object.GroupVersionKind().GroupKind().String()
}

// manifests returns all objects in the documents' YAML, and all samples.
func manifests(t *testing.T) []manifest {
	t.Helper()
	var found []manifest
	for _, document := range documents(t) {
		all, _ := blocks(read(t, document))
		for _, b := range all {
			if b.language == "yaml" || b.language == "yml" {
				found = append(found, parse(t, fmt.Sprintf("%s:%d", document, b.line), b.text)...)
			}
		}
	}
	for _, file := range filesOf(t, ".yaml", ".yml") {
		if strings.HasPrefix(file, "config/samples/") && !strings.HasSuffix(file, "/kustomization.yaml") {
			found = append(found, parse(t, file, read(t, file))...)
		}
	}
	return found
}

// parse returns the objects of a file or block. A key that stands there twice is an error.
func parse(t *testing.T, where, text string) []manifest {
	t.Helper()
	var found []manifest
	documents := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		data, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		m := manifest{where, string(data), &unstructured.Unstructured{}}
		if err := yaml.UnmarshalStrict(data, &m.object.Object); err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		if m.object.GetKind() != "" && m.object.GetAPIVersion() != "" {
			found = append(found, m)
			continue
		}
		keys := slices.Collect(maps.Keys(m.object.Object))
		if !slices.ContainsFunc(keys, func(key string) bool { return fragments[key] != "" }) {
			t.Errorf("%s: it is no whole object, and has none of the keys of fragments but %v", where, keys)
		}
	}
}

// TestTheDocumentsShowWholeObjects checks what needs no API server: that all YAML is read, and
// that the kinds of others are in its types.
func TestTheDocumentsShowWholeObjects(t *testing.T) {
	g := NewWithT(t)
	all := manifests(t)
	count := func(kind string) (n int) {
		for i := range all {
			if all[i].kind() == kind {
				n++
			}
		}
		return n
	}
	g.Expect(count("Job.daemonset.darkowlzz.space")).To(BeNumerically(">", 25))
	g.Expect(count("CronJob.daemonset.darkowlzz.space")).To(BeNumerically(">", 2))
	for i := range all {
		m := &all[i]
		if check := others[m.kind()]; check.into != nil {
			g.Expect(yaml.UnmarshalStrict([]byte(m.text), check.into())).To(Succeed(), m.where)
		}
	}
}
