package results

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/client-go/util/jsonpath"
)

// maxColumns is how many columns there are unless the user names them.
const maxColumns = 20

// Column is a value of each output that is JSON.
type Column struct {
	// Heading is the column's name.
	Heading string
	value   func(*Row) (string, bool)
}

// Value returns the value of a node as text, and whether the node has one.
func (c *Column) Value(row *Row) (string, bool) { return c.value(row) }

// Columns are those of a table, and what is said of them.
type Columns struct {
	All []Column
	// Left is how many keys have no column, since there are too many.
	Left int
	// Chosen says that the user named the columns.
	Chosen bool
}

// DefaultColumns returns a column for each key that has a scalar value in an output that is a JSON
// object, in the order in which the keys come first. Of too many keys it takes those of most nodes.
func DefaultColumns(rows []Row) Columns {
	count := map[string]int{}
	var keys []string
	for i := range rows {
		for _, key := range rows[i].keys {
			if !isScalar(rows[i].Values[key]) {
				continue
			}
			if count[key]++; count[key] == 1 {
				keys = append(keys, key)
			}
		}
	}
	left := max(0, len(keys)-maxColumns)
	if left > 0 {
		frequent := slices.Clone(keys)
		slices.SortStableFunc(frequent, func(a, b string) int { return cmp.Compare(count[b], count[a]) })
		kept := map[string]bool{}
		for _, key := range frequent[:maxColumns] {
			kept[key] = true
		}
		keys = slices.DeleteFunc(keys, func(key string) bool { return !kept[key] })
	}
	columns := Columns{Left: left}
	for _, key := range keys {
		columns.All = append(columns.All, Column{Heading: key, value: func(row *Row) (string, bool) {
			value, found := row.Values[key]
			if !found || !isScalar(value) {
				return "", false
			}
			return textOf(value), true
		}})
	}
	return columns
}

// Cover returns whether the columns show all that the output of a node has.
func (c *Columns) Cover(row *Row) bool {
	if c.Chosen || c.Left > 0 || row.Values == nil {
		return false
	}
	for _, key := range row.keys {
		if !isScalar(row.Values[key]) {
			return false
		}
	}
	return true
}

// ParseColumns returns a column for each expression of kubectl's relaxed JSONPath, as in
// .kernel,.disks[0].size.
func ParseColumns(text string) (Columns, error) {
	columns := Columns{Chosen: true}
	for _, expression := range splitExpressions(text) {
		column, err := parseColumn(expression)
		if err != nil {
			return Columns{}, fmt.Errorf("--columns: %q is no JSONPath (%w): write fields of the output as in --columns .kernel,'.disks[0].size'", expression, err)
		}
		columns.All = append(columns.All, column)
	}
	return columns, nil
}

func parseColumn(expression string) (Column, error) {
	path := strings.TrimSpace(expression)
	if inner, found := strings.CutPrefix(path, "{"); found {
		if path, found = strings.CutSuffix(inner, "}"); !found {
			return Column{}, errors.New("the brace is not closed")
		}
	}
	path = strings.TrimPrefix(strings.TrimPrefix(path, "$"), ".")
	switch {
	case path == "":
		return Column{}, errors.New("it is empty")
	case strings.ContainsAny(path, "{}"):
		return Column{}, errors.New("it has braces inside")
	}
	parsed := jsonpath.New("column").AllowMissingKeys(true)
	full := "{." + path + "}"
	if path[0] == '[' {
		full = "{" + path + "}"
	}
	if err := parsed.Parse(full); err != nil {
		return Column{}, err
	}
	return Column{Heading: path, value: func(row *Row) (string, bool) { return find(parsed, row) }}, nil
}

// find returns the values that an expression finds in an output. An output without the field, or
// one that has something else in its place, has none.
func find(parsed *jsonpath.JSONPath, row *Row) (string, bool) {
	if row.parsed == nil {
		return "", false
	}
	results, err := parsed.FindResults(row.parsed)
	if err != nil {
		return "", false
	}
	var texts []string
	for _, result := range results {
		for _, value := range result {
			if !value.IsValid() || !value.CanInterface() {
				continue
			}
			texts = append(texts, textOf(value.Interface()))
		}
	}
	return strings.Join(texts, ","), len(texts) > 0
}

// splitExpressions splits at commas outside of brackets, parentheses and quotes.
func splitExpressions(text string) []string {
	var parts []string
	depth, start := 0, 0
	var quote byte
	for i := range len(text) {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '[' || c == '(' || c == '{':
			depth++
		case c == ']' || c == ')' || c == '}':
			depth--
		case c == ',' && depth <= 0:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}
