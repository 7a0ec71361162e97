package nodeset

import (
	"cmp"
	"strings"
)

// maxDigits is how long a number may be. A longer one is a name that happens to have digits.
const maxDigits = 18

// number is where a name has a number.
type number struct{ start, end int }

// numbers returns where a name has numbers.
func numbers(name string) []number {
	var found []number
	for i := 0; i < len(name); {
		n := digitsAt(name, i)
		if n > 0 && n <= maxDigits {
			found = append(found, number{i, i + n})
		}
		i += max(n, 1)
	}
	return found
}

func (n number) key(name string) key { return key{prefix: name[:n.start], suffix: name[n.end:]} }

// Compare orders names as people do: node-9 comes before node-10.
func Compare(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		m, n := digitsAt(x, 0), digitsAt(y, 0)
		if m == 0 || n == 0 {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		p, q := strings.TrimLeft(x[:m], "0"), strings.TrimLeft(y[:n], "0")
		if c := cmp.Or(cmp.Compare(len(p), len(q)), strings.Compare(p, q)); c != 0 {
			return c
		}
		x, y = x[m:], y[n:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}

// digitsAt returns how many digits s has from i on.
func digitsAt(s string, i int) int {
	n := 0
	for i+n < len(s) && '0' <= s[i+n] && s[i+n] <= '9' {
		n++
	}
	return n
}
