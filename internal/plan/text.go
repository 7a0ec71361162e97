package plan

import (
	"fmt"
	"strings"
)

// MaxSentence is how much of another component's message goes into a condition, in bytes.
const MaxSentence = 512

func nodeCount(n int) string {
	if n == 1 {
		return "1 node"
	}
	return fmt.Sprintf("%d nodes", n)
}

// Shorten returns the first limit bytes of s, cut between characters.
func Shorten(s string, limit int) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "?")
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit-len("…")], "") + "…"
}

// tail returns the last limit bytes of s, from the start of a line where there is one.
func tail(s string, limit int) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "?")
	if len(s) <= limit {
		return s
	}
	s = strings.ToValidUTF8(s[len(s)-limit:], "")
	if _, rest, found := strings.Cut(s, "\n"); found {
		return rest
	}
	return s
}
