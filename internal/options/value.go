package options

import (
	"flag"
	"fmt"
	"strings"
)

// value is a flag whose parser says what to write instead of an invalid value.
type value[T any] struct {
	target *T
	parse  func(string) (T, error)
	isBool bool
}

// set declares a flag that is stored in target. The current value of target is the default.
func set[T any](fs *flag.FlagSet, target *T, parse func(string) (T, error), name, usage string) {
	fs.Var(&value[T]{target: target, parse: parse}, name, usage)
}

// setBool declares a flag that needs no value.
func setBool(fs *flag.FlagSet, target *bool, name, usage string) {
	fs.Var(&value[bool]{target: target, parse: parseBool, isBool: true}, name, usage)
}

// Set implements flag.Value.
func (v *value[T]) Set(text string) error {
	parsed, err := v.parse(text)
	if err != nil {
		return err
	}
	*v.target = parsed
	return nil
}

// String implements flag.Value.
func (v *value[T]) String() string {
	if v.target == nil {
		return ""
	}
	if list, ok := any(*v.target).([]string); ok {
		return strings.Join(list, ",")
	}
	return fmt.Sprint(*v.target)
}

// IsBoolFlag tells package flag whether the flag needs no value.
func (v *value[T]) IsBoolFlag() bool { return v.isBool }
