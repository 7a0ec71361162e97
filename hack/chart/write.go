package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	tableBegins = "<!-- make update writes this table from values.yaml -->\n\n"
	tableEnds   = "\n<!-- end of the table -->\n"
	// longestDefault is how much of a default a cell of the table holds.
	longestDefault = 60
)

// withTable returns a README with the table of these values between its two marks.
func withTable(readme []byte, values []value) ([]byte, error) {
	before, rest, begins := strings.Cut(string(readme), tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		return nil, fmt.Errorf("it needs the lines %q and %q, between which the table is written", tableBegins, tableEnds)
	}
	var table strings.Builder
	table.WriteString("| value | default | what it does |\n|---|---|---|\n")
	for _, v := range values {
		standard := "`" + v.standard + "`"
		if len(v.standard) > longestDefault {
			standard = "see [values.yaml](values.yaml)"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", strings.Join(v.path, "."), standard, strings.ReplaceAll(v.comment, "|", `\|`))
	}
	return []byte(before + tableBegins + table.String() + tableEnds + after), nil
}

// withDescriptions returns a JSON schema with the comments of these values as descriptions. The
// schema must know each value, and no other but those that it describes itself.
func withDescriptions(schema []byte, values []value) ([]byte, error) {
	var root map[string]any
	if err := json.Unmarshal(schema, &root); err != nil {
		return nil, err
	}
	described := map[string]bool{}
	for _, v := range values {
		at := root
		for i, name := range v.path {
			properties, _ := at["properties"].(map[string]any)
			next, ok := properties[name].(map[string]any)
			if !ok {
				return nil, fmt.Errorf("it does not know %s of values.yaml", strings.Join(v.path[:i+1], "."))
			}
			at = next
			described[strings.Join(v.path[:i+1], ".")] = true
		}
		at["description"] = v.comment
	}
	if err := unknown(root, nil, described); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(root)
	return text.Bytes(), err
}

// foreign are the properties that Helm and charts above this one set.
var foreign = []string{"enabled", "global"}

// unknown fails for a property that no value describes.
func unknown(schema map[string]any, path []string, described map[string]bool) error {
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		own := append(append([]string{}, path...), name)
		if path == nil && slices.Contains(foreign, name) {
			continue
		}
		if !described[strings.Join(own, ".")] {
			return fmt.Errorf("values.yaml does not have %s", strings.Join(own, "."))
		}
		if property, ok := properties[name].(map[string]any); ok && property["description"] == nil {
			if err := unknown(property, own, described); err != nil {
				return err
			}
		}
	}
	return nil
}
