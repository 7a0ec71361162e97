package nodeset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// MaxNames is how many names Parse returns at most. A slip such as [1-99999999] must not fill
// the memory.
const MaxNames = 100_000

// Parse returns the names that a node set names, each once, in its order: a,b[1-9],c[01-12]-[1,3].
func Parse(set string) ([]string, error) {
	var names []string
	terms, err := split(set)
	if err != nil {
		return nil, err
	}
	for _, term := range terms {
		expanded, err := expand(term)
		if err != nil {
			return nil, err
		}
		if names = append(names, expanded...); len(names) > MaxNames {
			return nil, tooMany(set)
		}
	}
	seen := map[string]bool{}
	names = slices.DeleteFunc(names, func(name string) bool {
		again := seen[name]
		seen[name] = true
		return again
	})
	for _, name := range names {
		if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
			return nil, fmt.Errorf("%q cannot be the name of a node: %s", name, problems[0])
		}
	}
	return names, nil
}

// split returns the terms of a set, which commas outside of brackets separate.
func split(set string) ([]string, error) {
	var terms []string
	start, open := 0, false
	for i := range len(set) {
		switch c := set[i]; {
		case c == '[' && open, c == ']' && !open:
			return nil, fmt.Errorf("%q has brackets that do not match: write node-[1-9]", set)
		case c == '[', c == ']':
			open = c == '['
		case c == ',' && !open:
			terms, start = append(terms, set[start:i]), i+1
		}
	}
	if open {
		return nil, fmt.Errorf("%q has brackets that do not match: write node-[1-9]", set)
	}
	terms = append(terms, set[start:])
	for i := range terms {
		if terms[i] = strings.TrimSpace(terms[i]); terms[i] == "" {
			return nil, fmt.Errorf("%q has an empty name", set)
		}
	}
	return terms, nil
}

// expand returns the names of one term.
func expand(term string) ([]string, error) {
	before, rest, found := strings.Cut(term, "[")
	if !found {
		return []string{term}, nil
	}
	inner, after, _ := strings.Cut(rest, "]") // split has counted the brackets.
	tails, err := expand(after)
	if err != nil {
		return nil, err
	}
	var names []string
	for part := range strings.SplitSeq(inner, ",") {
		r, err := parseRange(strings.TrimSpace(part), term)
		if err != nil {
			return nil, err
		}
		if (r.to-r.from+1)*uint64(len(tails))+uint64(len(names)) > MaxNames {
			return nil, tooMany(term)
		}
		for n := r.from; n <= r.to; n++ {
			for _, tail := range tails {
				names = append(names, before+r.text(n)+tail)
			}
		}
	}
	return names, nil
}

func parseRange(part, term string) (numberRange, error) {
	first, last, isRange := strings.Cut(part, "-")
	if !isRange {
		last = first
	}
	from, err1 := parseNumber(first)
	to, err2 := parseNumber(last)
	switch {
	case !err1, !err2:
		return numberRange{}, fmt.Errorf("%q has %q in brackets: write numbers and ranges, as in node-[1-9,12]", term, part)
	case to < from:
		return numberRange{}, fmt.Errorf("%q has the range %q, which ends before it begins", term, part)
	case to-from >= MaxNames:
		return numberRange{}, tooMany(term)
	}
	r := numberRange{from: from, to: to}
	if isPadded(first) {
		r.width = len(first)
	}
	return r, nil
}

func parseNumber(digits string) (uint64, bool) {
	if digits == "" || len(digits) > maxDigits || digitsAt(digits, 0) != len(digits) {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}

func tooMany(set string) error { return fmt.Errorf("%q names more than %d nodes", set, MaxNames) }
