package plan

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Reasons and messages of pods and events are the text of whoever may write them. The
// functions here make them safe to show and to store: control characters are quoted,
// since a terminal would act on them, and what is not UTF-8 is replaced, since JSON
// cannot hold it and the status would differ from the stored one in each reconcile. The
// size is bounded, since the API server refuses a status with longer text. Each function
// returns what it returned before unchanged.

const (
	// MaxSentence is how much of another component's message goes into a condition, in bytes.
	MaxSentence = 512
	// MaxLog is how much of a failed container's log a status holds, in bytes.
	MaxLog = 1024
	// maxMessage is the longest message of a condition, in bytes.
	maxMessage = 8 * 1024
	// maxReason is the longest reason, in bytes.
	maxReason = 64
)

func nodeCount(n int) string {
	if n == 1 {
		return "1 node"
	}
	return fmt.Sprintf("%d nodes", n)
}

// Shorten returns the first limit bytes of s in one line, cut between characters.
func Shorten(s string, limit int) string {
	s = strings.TrimSpace(s)
	if len(s) <= limit && isPlain(s) {
		return s
	}
	if s = quote(s, limit, ""); len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit-len("…")], "") + "…"
}

// Tail returns the last limit bytes of s, from the start of a line where there is one.
func Tail(s string, limit int) string {
	s = strings.TrimSpace(s)
	whole := len(s) <= limit
	if !whole {
		s = s[len(s)-limit:]
		for i := 1; i < utf8.UTFMax && s != "" && !utf8.RuneStart(s[0]); i++ {
			s = s[1:]
		}
	}
	s = quote(s, len(s)*len(`\U0010ffff`), "\n\t")
	if len(s) > limit {
		s, whole = strings.ToValidUTF8(s[len(s)-limit:], ""), false
	}
	if _, rest, found := strings.Cut(s, "\n"); found && !whole {
		s = rest
	}
	return strings.TrimSpace(s)
}

// Reason returns s as a word that the API server accepts as the reason of a condition.
func Reason(s string) string {
	word := make([]byte, 0, maxReason)
	for i := 0; i < len(s) && len(word) < maxReason; i++ {
		switch c := s[i]; {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z':
			word = append(word, c)
		case len(word) == 0:
			// It begins with a letter.
		case '0' <= c && c <= '9', c == ',', c == ':':
			word = append(word, c)
		default:
			word = append(word, '_')
		}
	}
	if reason := strings.TrimRight(string(word), ",:_"); reason != "" || s == "" {
		return reason
	}
	return "Unknown"
}

// isPlain returns whether s has printable ASCII alone, as most text. It takes a tenth of the
// time of quote.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// quote replaces what is not printable in s, except for the characters in keep. It stops
// once the result has more than limit bytes.
func quote(s string, limit int, keep string) string {
	var text strings.Builder
	for _, r := range s {
		switch {
		case text.Len() > limit:
			return text.String()
		case r == utf8.RuneError:
			text.WriteByte('?')
		case strconv.IsPrint(r) || strings.ContainsRune(keep, r):
			text.WriteRune(r)
		default:
			text.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return text.String()
}
