package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is one value of the chart.
type value struct {
	path []string
	// standard is the default as JSON.
	standard string
	// comment is what values.yaml says above it, in one line.
	comment string
}

// parse returns the values of a values.yaml in their order. A key with a comment is a value,
// whatever it holds. A map without a comment groups the values in it.
func parse(data []byte) ([]value, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, err
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("it is not a map of values")
	}
	return collect(nil, document.Content[0])
}

func collect(path []string, group *yaml.Node) ([]value, error) {
	var values []value
	for i := 0; i+1 < len(group.Content); i += 2 {
		key, node := group.Content[i], group.Content[i+1]
		own := append(append([]string{}, path...), key.Value)
		switch {
		case key.HeadComment != "":
			standard, err := asJSON(node)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", strings.Join(own, "."), err)
			}
			values = append(values, value{path: own, standard: standard, comment: sentence(key.HeadComment)})
		case node.Kind == yaml.MappingNode && len(node.Content) > 0:
			below, err := collect(own, node)
			if err != nil {
				return nil, err
			}
			values = append(values, below...)
		default:
			return nil, fmt.Errorf("%s has no comment: write above it what it does", strings.Join(own, "."))
		}
	}
	return values, nil
}

func asJSON(node *yaml.Node) (string, error) {
	var decoded any
	if err := node.Decode(&decoded); err != nil {
		return "", err
	}
	text, err := json.Marshal(decoded)
	return string(text), err
}

// sentence returns a comment in one line, without its marks.
func sentence(comment string) string {
	lines := strings.Split(comment, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(strings.TrimPrefix(lines[i], "#"))
	}
	return strings.Join(lines, " ")
}
