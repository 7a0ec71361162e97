package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"
)

// crds are the CRDs whose spec has types of Kubernetes, and the path to a Job's spec in each.
var crds = map[string][]string{
	"../../config/crd/bases/daemonset.darkowlzz.space_jobs.yaml":     nil,
	"../../config/crd/bases/daemonset.darkowlzz.space_cronjobs.yaml": {"jobTemplate", "properties", "spec", "properties"},
}

// adapted returns the schema of the spec of a CRD with these properties of the spec.
func adapted(t *testing.T, properties string) map[string]any {
	t.Helper()
	g := NewWithT(t)
	data, err := adapt([]byte(`{spec: {versions: [{name: v1, schema: {openAPIV3Schema: {description: kept, properties: {spec: {description: kept,
  properties: {` + properties + `}}}}}}]}}`))
	g.Expect(err).NotTo(HaveOccurred())
	return specOf(g, data)
}

// specOf returns the properties of the spec of a CRD's only version.
func specOf(g *WithT, crd []byte) map[string]any {
	var object map[string]any
	g.Expect(yaml.Unmarshal(crd, &object)).To(Succeed())
	versions, ok := at(object, "spec")["versions"].([]any)
	g.Expect(ok).To(BeTrue())
	g.Expect(versions).To(HaveLen(1))
	version, ok := versions[0].(map[string]any)
	g.Expect(ok).To(BeTrue())
	return at(version, "schema", "openAPIV3Schema", "properties", "spec", "properties")
}

func TestDescriptionsOfForeignTypesGo(t *testing.T) {
	g := NewWithT(t)
	properties := `
    image: {description: kept, type: string},
    template: {description: kept, properties: {
      description: {type: string, description: dropped},
      deep: {items: {description: dropped, type: object}, type: array}}}`
	inJobTemplate := adapted(t, `jobTemplate: {description: kept, properties: {spec: {description: kept, properties: {`+properties+`}}}}`)
	g.Expect(at(inJobTemplate, "jobTemplate")).To(HaveKey("description"))
	for _, spec := range []map[string]any{adapted(t, properties), at(inJobTemplate, "jobTemplate", "properties", "spec", "properties")} {
		g.Expect(at(spec, "image")).To(HaveKey("description"))
		g.Expect(at(spec, "template")).To(HaveKeyWithValue("description", "kept"))
		g.Expect(at(spec, "template", "properties", "description")).To(Equal(map[string]any{"type": "string"}), "a property of that name stays")
		g.Expect(at(spec, "template", "properties", "deep", "items")).To(Equal(map[string]any{"type": "object"}))
	}
	_, err := adapt([]byte("kind: Other"))
	g.Expect(err).To(MatchError(ContainSubstring("spec.versions")))
}

func TestDefaultsOfForeignTypesGo(t *testing.T) {
	g := NewWithT(t)
	spec := adapted(t, `
    mode: {type: string, default: kept},
    template: {properties: {
      default: {type: string, default: dropped},
      map: {additionalProperties: {properties: {a: {default: dropped}}}},
      ports: {x-kubernetes-list-map-keys: [port, protocol], items: {properties: {
        protocol: {default: TCP}, other: {default: dropped}, protocols: {items: {properties: {protocol: {default: dropped}}}}}}}}}`)
	g.Expect(at(spec, "mode")).To(HaveKeyWithValue("default", "kept"))
	g.Expect(defaultsBelow(at(spec, "template"))).To(ConsistOf("TCP"))
	g.Expect(at(spec, "template", "properties")).To(HaveKey("default"), "a property of that name stays")
}

func defaultsBelow(schema map[string]any) (found []any) {
	walk(schema, func(s map[string]any) {
		if value, ok := s["default"]; ok {
			found = append(found, value)
		}
	})
	return found
}

// TestDefaultsOfTheCRDs lists the defaults that can change what a stored Job runs, and so
// its template's hash, below the fields that have types of Kubernetes. One more, from a later Kubernetes, needs a decision.
func TestDefaultsOfTheCRDs(t *testing.T) {
	for file, path := range crds {
		g := NewWithT(t)
		data, err := os.ReadFile(file)
		g.Expect(err).NotTo(HaveOccurred())
		spec := at(specOf(g, data), path...)
		g.Expect(defaultsBelow(at(spec, "template"))).To(ConsistOf("TCP", "TCP", "TCP", ""),
			"protocol of the ports of three kinds of containers, and the name of imagePullSecrets: keys of lists")
		for _, name := range []string{"env", "tolerations"} {
			member := at(spec, name)
			g.Expect(member).NotTo(BeEmpty(), name)
			g.Expect(defaultsBelow(member)).To(BeEmpty(), name)
			g.Expect(member["description"]).NotTo(BeEmpty(), name)
			walk(at(member, "items"), func(s map[string]any) {
				g.Expect(s).NotTo(HaveKeyWithValue("description", BeAssignableToTypeOf("")), name)
			})
		}
	}
}

func TestBounds(t *testing.T) {
	g := NewWithT(t)
	spec := adapted(t, `
    number: {x-kubernetes-int-or-string: true},
    template: {properties: {
      port: {x-kubernetes-int-or-string: true},
      cpu: {x-kubernetes-int-or-string: true, pattern: generated},
      at: {type: string, format: date-time},
      count: {type: integer, format: int32},
      weight: {type: integer, format: int32, minimum: 1, maximum: 100}}}`)
	template := at(spec, "template", "properties")
	for _, limits := range []map[string]any{at(spec, "number"), at(template, "port"), at(template, "count")} {
		g.Expect(limits).To(And(HaveKeyWithValue("minimum", -2147483648.0), HaveKeyWithValue("maximum", 2147483647.0)))
	}
	g.Expect(at(template, "cpu")).To(And(HaveKeyWithValue("pattern", quantity), Not(HaveKey("maximum"))))
	g.Expect(at(template, "at")).To(HaveKeyWithValue("pattern", timestamp))
	g.Expect(at(template, "weight")).To(And(HaveKeyWithValue("minimum", 1.0), HaveKeyWithValue("maximum", 100.0)))
}

// TestQuantity compares the pattern with Go's parser, which must take all of it.
func TestQuantity(t *testing.T) {
	pattern := regexp.MustCompile(quantity)
	for _, text := range []string{"0", "1", "100m", "1.5", ".5", "5.", "-1", "+1", "64Mi", "1e3", "1E-9", "12e99", "9223372036854775807", "1.5Gi",
		"9999999999999999999Ei", "0.000000000000000001Ki", "9999999999999999999.999999999999999999e99"} {
		t.Run(text, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(text).To(MatchRegexp(pattern.String()))
			parsed, err := resource.ParseQuantity(text)
			g.Expect(err).NotTo(HaveOccurred())
			again, err := resource.ParseQuantity(parsed.String())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(again.Cmp(parsed)).To(BeZero())
		})
	}
	for _, text := range []string{"", "1e1.5", "1e.5", "1e", "1e100", ".", "Ki", "1 ", "1\n", "0x1", "1Kib", "12345678901234567890", "0.1234567890123456789"} {
		NewWithT(t).Expect(pattern.MatchString(text)).To(BeFalse(), text)
	}
}

// TestTheCRDsFitIntoAnAnnotation checks the size of each CRD. kubectl apply keeps the applied
// object as compact JSON in an annotation, and an object's annotations may take 256 KiB. The rest
// is for what a later Kubernetes adds.
func TestTheCRDsFitIntoAnAnnotation(t *testing.T) {
	const maxSize = 240 * 1024
	g := NewWithT(t)
	files, err := filepath.Glob("../../config/crd/bases/*.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(files)).To(BeNumerically(">", len(crds)))
	for _, file := range files {
		data, err := os.ReadFile(file)
		g.Expect(err).NotTo(HaveOccurred())
		var crd any
		g.Expect(yaml.Unmarshal(data, &crd)).To(Succeed())
		compact, err := json.Marshal(crd)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(len(compact)).To(BeNumerically("<", maxSize), file)
	}
}
