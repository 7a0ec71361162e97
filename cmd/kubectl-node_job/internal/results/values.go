package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// parse reads an output that is JSON as a whole. Of two values of one key the last one holds.
// Numbers stay as they are written.
func (r *Row) parse() {
	text := strings.TrimSpace(r.Output)
	if text == "" {
		return
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if text[0] != '{' {
		var parsed any
		if decoder.Decode(&parsed) == nil && isAtEnd(decoder) {
			r.parsed = toCompare(parsed)
		}
		return
	}
	values, keys, err := object(decoder)
	if err != nil || !isAtEnd(decoder) {
		return
	}
	r.Values, r.keys, r.parsed = values, keys, toCompare(values)
}

// object reads an object, with its keys in the order in which they come first.
func object(decoder *json.Decoder) (values map[string]any, keys []string, err error) {
	if _, err := decoder.Token(); err != nil {
		return nil, nil, err
	}
	values = map[string]any{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, nil, err
		}
		key, ok := token.(string)
		if !ok {
			return nil, nil, errors.New("a key is no string")
		}
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, nil, err
		}
		if _, known := values[key]; !known {
			keys = append(keys, key)
		}
		values[key] = value
	}
	_, err = decoder.Token()
	return values, slices.Clip(keys), err
}

func isAtEnd(decoder *json.Decoder) bool {
	_, err := decoder.Token()
	return errors.Is(err, io.EOF)
}

// toCompare returns a value in which numbers are such that an expression may compare them, if
// nothing of how the node wrote them is lost.
func toCompare(value any) any {
	switch value := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(value))
		for key, inner := range value {
			copied[key] = toCompare(inner)
		}
		return copied
	case []any:
		copied := make([]any, 0, len(value))
		for _, inner := range value {
			copied = append(copied, toCompare(inner))
		}
		return copied
	case json.Number:
		if n, err := value.Int64(); err == nil && strconv.FormatInt(n, 10) == value.String() {
			return n
		}
		if f, err := value.Float64(); err == nil && strconv.FormatFloat(f, 'f', -1, 64) == value.String() {
			return f
		}
	}
	return value
}

// isScalar returns whether a value fits into a cell as it is.
func isScalar(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// textOf returns a value as the text of a cell: a string as it is, all else as JSON.
func textOf(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "" // It was read from JSON.
	}
	return strings.TrimSuffix(text.String(), "\n")
}
