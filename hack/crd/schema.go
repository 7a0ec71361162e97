package main

import (
	"math"
	"slices"
)

// at returns the object at a path. It is empty if there is none.
func at(object map[string]any, path ...string) map[string]any {
	for _, name := range path {
		object, _ = object[name].(map[string]any)
	}
	return object
}

// below returns the schemas one step below a schema: those of its properties by name,
// and that of its items or values.
func below(schema map[string]any) (properties map[string]map[string]any, members []map[string]any) {
	properties = map[string]map[string]any{}
	for name, member := range at(schema, "properties") {
		if member, ok := member.(map[string]any); ok {
			properties[name] = member
		}
	}
	for _, name := range []string{"items", "additionalProperties"} {
		if member, ok := schema[name].(map[string]any); ok {
			members = append(members, member)
		}
	}
	return properties, members
}

// walk calls see with a schema and with each schema below it.
func walk(schema map[string]any, see func(map[string]any)) {
	see(schema)
	properties, members := below(schema)
	for _, member := range properties {
		walk(member, see)
	}
	for _, member := range members {
		walk(member, see)
	}
}

// dropDescriptions deletes the descriptions below a schema, and keeps its own.
func dropDescriptions(schema map[string]any) {
	own, described := schema["description"]
	walk(schema, func(s map[string]any) { delete(s, "description") })
	if described {
		schema["description"] = own
	}
}

// dropDefaults deletes the defaults below a schema. keys are the properties whose
// defaults stay: the API server requires them for the keys of a list.
func dropDefaults(schema map[string]any, keys []any) {
	properties, members := below(schema)
	for name, member := range properties {
		if !slices.Contains(keys, any(name)) {
			delete(member, "default")
		}
		dropDefaults(member, nil)
	}
	keys, _ = schema["x-kubernetes-list-map-keys"].([]any)
	for _, member := range members {
		dropDefaults(member, keys)
	}
}

const (
	// quantity is what resource.Quantity parses. Its exponent is a whole number, and
	// has at most two digits: a number with millions of digits takes minutes.
	quantity = `^[+-]?([0-9]{1,19}([.][0-9]{0,18})?|[.][0-9]{1,18})([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?$`
	// timestamp is RFC 3339 as Go parses it. The API server alone takes small letters too.
	timestamp = `^[^a-z]*$`
)

// bound limits a schema, and all below it, to values that Go's types can hold. An API
// server of Kubernetes 1.30 does not check the range of integers with a format by itself.
func bound(schema map[string]any) {
	walk(schema, func(s map[string]any) {
		switch {
		case s["x-kubernetes-int-or-string"] == true && s["pattern"] != nil:
			s["pattern"] = quantity
		case s["x-kubernetes-int-or-string"] == true:
			s["minimum"], s["maximum"] = math.MinInt32, math.MaxInt32
		case s["format"] == "int32":
			setDefault(s, "minimum", math.MinInt32)
			setDefault(s, "maximum", math.MaxInt32)
		case s["format"] == "date-time":
			s["pattern"] = timestamp
		}
	})
}

// setDefault sets a value that the schema does not have.
func setDefault(schema map[string]any, name string, value int) {
	if _, ok := schema[name]; !ok {
		schema[name] = value
	}
}
