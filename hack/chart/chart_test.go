package main

import (
	"encoding/json"
	"testing"

	. "github.com/onsi/gomega"
)

const values = `# About the file.

# Name of the
# thing | other.
name: ""

group:
  # Labels.
  labels: {}
  # Memory.
  memory:
    limit: 1Gi
`

func parsed(t *testing.T) []value {
	t.Helper()
	found, err := parse([]byte(values))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return found
}

func TestValuesHaveTheirComments(t *testing.T) {
	NewWithT(t).Expect(parsed(t)).To(Equal([]value{
		{path: []string{"name"}, standard: `""`, comment: "Name of the thing | other."},
		{path: []string{"group", "labels"}, standard: `{}`, comment: "Labels."},
		{path: []string{"group", "memory"}, standard: `{"limit":"1Gi"}`, comment: "Memory."},
	}))
}

func TestAValueNeedsAComment(t *testing.T) {
	for text, want := range map[string]string{
		"a:\n  b: 1\n":            "a.b has no comment",
		"# About a.\na: 1\nb: {}": "b has no comment",
		"- a":                     "not a map",
		"":                        "not a map",
	} {
		_, err := parse([]byte(text))
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring(want)), text)
	}
}

func TestTheTableStandsBetweenItsMarks(t *testing.T) {
	g := NewWithT(t)
	for range 2 {
		readme, err := withTable([]byte("before\n"+tableBegins+"old\n"+tableEnds+"after\n"), parsed(t))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(readme)).To(Equal("before\n" + tableBegins + "| value | default | what it does |\n|---|---|---|\n" +
			"| `name` | `\"\"` | Name of the thing \\| other. |\n" +
			"| `group.labels` | `{}` | Labels. |\n" +
			"| `group.memory` | `{\"limit\":\"1Gi\"}` | Memory. |\n" + tableEnds + "after\n"))
	}
	_, err := withTable([]byte("no marks"), parsed(t))
	g.Expect(err).To(MatchError(ContainSubstring("it needs the lines")))
}

func TestTheSchemaKnowsTheValues(t *testing.T) {
	g := NewWithT(t)
	schema, err := withDescriptions([]byte(`{"properties": {"global": {}, "name": {"pattern": "<a>"}, "group": {"properties": {"labels": {}, "memory": {"properties": {"limit": {}}}}}}}`), parsed(t))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(schema)).To(ContainSubstring(`"<a>"`))
	var decoded map[string]any
	g.Expect(json.Unmarshal(schema, &decoded)).To(Succeed())
	g.Expect(decoded).To(HaveKeyWithValue("properties", And(
		HaveKeyWithValue("name", HaveKeyWithValue("description", "Name of the thing | other.")),
		HaveKeyWithValue("group", HaveKeyWithValue("properties", HaveKeyWithValue("memory", HaveKeyWithValue("description", "Memory.")))),
	)))

	for text, want := range map[string]string{
		`{"properties": {"name": {}}}`: "it does not know group of values.yaml",
		`{"properties": {"name": {}, "group": {"properties": {"labels": {}, "memory": {}, "old": {}}}}}`: "values.yaml does not have group.old",
		`{"properties": {"name": {}, "old": {}, "group": {"properties": {"labels": {}, "memory": {}}}}}`: "values.yaml does not have old",
	} {
		_, err := withDescriptions([]byte(text), parsed(t))
		g.Expect(err).To(MatchError(ContainSubstring(want)))
	}
}
