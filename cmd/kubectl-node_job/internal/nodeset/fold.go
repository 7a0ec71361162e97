package nodeset

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Fold returns the names in few characters. In each name at most one number varies: the one that
// most names share the rest with, the last one if several do. Parse returns the same names.
func Fold(names []string) string {
	names = slices.Clone(names)
	slices.SortFunc(names, Compare)
	names = slices.Compact(names)
	size := map[key]int{}
	for _, name := range names {
		for _, number := range numbers(name) {
			size[number.key(name)]++
		}
	}
	members := map[key][]string{}
	var order []key
	for _, name := range names {
		best := key{prefix: name}
		most := 1
		for _, number := range numbers(name) {
			if k := number.key(name); size[k] > 1 && size[k] >= most {
				best, most = k, size[k]
			}
		}
		if members[best] == nil {
			order = append(order, best)
		}
		members[best] = append(members[best], name)
	}
	terms := make([]string, 0, len(order))
	for _, k := range order {
		terms = append(terms, k.term(members[k]))
	}
	return strings.Join(terms, ",")
}

// key is a name without one of its numbers.
type key struct{ prefix, suffix string }

// term writes names that differ in one number.
func (k key) term(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	digits := make([]string, 0, len(names))
	padded := map[int]bool{}
	for _, name := range names {
		d := name[len(k.prefix) : len(name)-len(k.suffix)]
		digits = append(digits, d)
		padded[len(d)] = padded[len(d)] || isPadded(d)
	}
	width := func(d string) int {
		if padded[len(d)] {
			return len(d)
		}
		return 0
	}
	// Numbers of another width are not part of a padded range.
	slices.SortStableFunc(digits, func(a, b string) int { return cmp.Compare(width(a), width(b)) })
	var ranges []numberRange
	for _, d := range digits {
		n, _ := strconv.ParseUint(d, 10, 64) // It has at most maxDigits digits.
		next := numberRange{from: n, to: n, width: width(d)}
		if last := len(ranges) - 1; last >= 0 && ranges[last].width == next.width && ranges[last].to+1 == n {
			ranges[last].to = n
			continue
		}
		ranges = append(ranges, next)
	}
	texts := make([]string, 0, len(ranges))
	for _, r := range ranges {
		texts = append(texts, r.String())
	}
	return k.prefix + "[" + strings.Join(texts, ",") + "]" + k.suffix
}

// numberRange is numbers that follow each other, written with at least width digits.
type numberRange struct {
	from, to uint64
	width    int
}

func (r numberRange) String() string {
	if r.from == r.to {
		return r.text(r.from)
	}
	return r.text(r.from) + "-" + r.text(r.to)
}

func (r numberRange) text(n uint64) string { return fmt.Sprintf("%0*d", r.width, n) }

func isPadded(digits string) bool { return len(digits) > 1 && digits[0] == '0' }
