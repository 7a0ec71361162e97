package plan

import (
	"net/netip"
	"slices"
	"strings"
)

// placeholder returns what s begins with, if it is replaced already.
func placeholder(s string) (length int, text string) {
	for _, known := range placeholders {
		if strings.HasPrefix(s, known) {
			return len(known), known
		}
	}
	return 0, ""
}

// withoutColours returns the line without commands for a terminal, as Tail quotes them.
func withoutColours(line string) string {
	const escape = `\x1b[`
	if !strings.Contains(line, escape) {
		return line
	}
	parts := strings.Split(line, escape)
	for i, part := range parts[1:] {
		command := strings.TrimLeft(part, digits+";")
		if command == "" || !isLetter(command[0]) {
			parts[i+1] = escape + part
			continue
		}
		parts[i+1] = command[1:]
	}
	return strings.Join(parts, "")
}

// The functions below return how long what s begins with is, 0 if it is not of that kind.

func uuid(s string) int { return word(s, shape(s, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")) }

func mac(s string) int {
	return word(s, max(shape(s, "xx:xx:xx:xx:xx:xx"), shape(s, "xx-xx-xx-xx-xx-xx")))
}

// maxAddress is longer than any IP address with a port.
const maxAddress = 64

// address is an IP address. A port, a zone or a length of a prefix is not part of it.
func address(s string) int {
	n, dots, colons, numbers := 0, 0, 0, 0
	for ; n < len(s) && n <= maxAddress && (isHex(s[n]) || s[n] == '.' || s[n] == ':'); n++ {
		switch {
		case s[n] == '.':
			dots++
		case s[n] == ':':
			colons++
		case isDigit(s[n]):
			numbers++
		}
	}
	if n > maxAddress || numbers == 0 || dots < 3 && colons < 2 {
		return 0
	}
	host, _, _ := strings.Cut(s[:n], ":")
	for _, text := range []string{s[:n], strings.TrimRight(s[:n], ":."), strings.TrimRight(host, ".")} {
		if _, err := netip.ParseAddr(text); err == nil {
			return word(s, len(text))
		}
	}
	return 0
}

var (
	weekdays = []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
	months   = []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}
)

// timestamp is a date, a time of a day, or both, as logs, date(1) and syslog write them.
func timestamp(s string) int {
	switch {
	case isDigit(s[0]):
		n := max(shape(s, "dddd-dd-dd"), shape(s, "dddd/dd/dd"))
		switch {
		case n == 0:
			return word(s, clock(s))
		case n < len(s) && (s[n] == 'T' || s[n] == ' ') && clock(s[n+1:]) > 0:
			n += 1 + clock(s[n+1:])
		}
		return word(s, n)
	case 'A' <= s[0] && s[0] <= 'Z':
		return word(s, namedDay(s))
	}
	return 0
}

// namedDay is a time of a day with the name of its month, and that of its weekday or none.
func namedDay(s string) int {
	n := 0
	if len(s) > 4 && s[3] == ' ' && slices.Contains(weekdays, s[:3]) {
		n = 4
	}
	if len(s) < n+3 || !slices.Contains(months, s[n:n+3]) {
		return 0
	}
	n += 3
	day := max(shape(s[n:], " dd "), shape(s[n:], "  d "), shape(s[n:], " d "))
	if day == 0 || clock(s[n+day:]) == 0 {
		return 0
	}
	return n + day + clock(s[n+day:])
}

// clock is a time of a day, with its fraction and zone.
func clock(s string) int {
	n := max(shape(s, "dd:dd:dd"), shape(s, "d:dd:dd"))
	if n == 0 {
		return 0
	}
	if n < len(s) && (s[n] == '.' || s[n] == ',') {
		if fraction := digitsOf(s[n+1:]); fraction > 0 {
			n += 1 + fraction
		}
	}
	if n < len(s) && s[n] == 'Z' {
		return n + 1
	}
	return n + max(shape(s[n:], "+dd:dd"), shape(s[n:], "-dd:dd"), shape(s[n:], "+dddd"), shape(s[n:], "-dddd"))
}

// hexadecimal is a word of at least six digits with letters and numbers among them, or one that
// begins with 0x. A word of letters alone is one of a language, as facade.
func hexadecimal(s string) int {
	n := wordLength(s)
	if n > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		if hexOf(s[2:]) == n-2 {
			return n
		}
		return 0
	}
	if n < 6 || hexOf(s) != n || !strings.ContainsAny(s[:n], digits) || digitsOf(s) == n {
		return 0
	}
	return n
}

// number is a sequence of digits, with points and commas between them.
func number(s string) int {
	n := digitsOf(s)
	for n > 0 && n < len(s) && (s[n] == '.' || s[n] == ',') {
		more := digitsOf(s[n+1:])
		if more == 0 {
			break
		}
		n += 1 + more
	}
	return n
}

// word returns n if a word ends there.
func word(s string, n int) int {
	if n > 0 && ends(s, n) {
		return n
	}
	return 0
}

// shape returns the length of the pattern if s begins with it: x is a digit in hexadecimal, d
// one in decimal, anything else stands for itself.
func shape(s, pattern string) int {
	if len(s) < len(pattern) {
		return 0
	}
	for i := range len(pattern) {
		switch c := pattern[i]; {
		case c == 'x' && isHex(s[i]), c == 'd' && isDigit(s[i]), c != 'x' && c != 'd' && c == s[i]:
		default:
			return 0
		}
	}
	return len(pattern)
}

const digits = "0123456789"

func letters(s string) int    { return count(s, isLetter) }
func digitsOf(s string) int   { return count(s, isDigit) }
func hexOf(s string) int      { return count(s, isHex) }
func wordLength(s string) int { return count(s, isWord) }

// count returns how many bytes at the beginning of s are of a kind.
func count(s string, is func(byte) bool) int {
	n := 0
	for n < len(s) && is(s[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) }
func isHex(c byte) bool    { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

// isName returns whether the names of nodes have the character.
func isName(c byte) bool { return isWord(c) || c == '.' || c == '-' }
