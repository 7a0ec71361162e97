package outputs

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// colours are the sequences that colour text. A terminal does nothing else by them.
var colours = regexp.MustCompile("\x1b\\[[0-9;:]*m")

// Clean returns what a container printed as text that a terminal cannot take for commands.
// Line ends become those of Unix, and the last ones go. What is not UTF-8, and other control
// characters, are written as escapes: \x1b. Colours stay if keepColours, else they go.
func Clean(raw []byte, keepColours bool) string {
	s := strings.TrimRight(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n")
	if isPlain(s) {
		return s
	}
	var text strings.Builder
	text.Grow(len(s))
	coloured := false
	for len(s) > 0 {
		if at := colours.FindStringIndex(s); s[0] == '\x1b' && at != nil && at[0] == 0 {
			if keepColours {
				text.WriteString(s[:at[1]])
				coloured = true
			}
			s = s[at[1]:]
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&text, `\x%02x`, s[0])
		case r == '\n', r == '\t', unicode.IsPrint(r), unicode.Is(unicode.Zs, r):
			text.WriteRune(r)
		case r < utf8.RuneSelf:
			fmt.Fprintf(&text, `\x%02x`, r)
		default:
			fmt.Fprintf(&text, `\u%04x`, r)
		}
		s = s[size:]
	}
	if coloured {
		// The colour of one node's output must not run into the next one's.
		text.WriteString("\x1b[0m")
	}
	return text.String()
}

// isPlain returns whether s has printable ASCII, line breaks and tabs alone, as most text.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' || c > '~') && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}
