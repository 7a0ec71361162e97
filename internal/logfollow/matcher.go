// Package logfollow follows the log of one container until it finds a word. It
// resumes where a stream was cut, and writes nothing to Kubernetes.
package logfollow

import (
	"bytes"
	"time"
	"unicode"
	"unicode/utf8"
)

// longestTimestamp bounds what is kept of a line in search of its timestamp.
const longestTimestamp = 64

// Matcher looks for a whole word in a stream of lines, each behind the timestamp
// that the kubelet put there, which is no part of it. It keeps what it needs
// between two reads and nothing more, however long a line is, and allocates
// nothing.
//
// A word is whole if no letter, digit or underscore stands right before or after
// it. Where the word itself begins or ends with another character, nothing is
// asked of that side. Bytes that are not UTF-8 are no letters.
type Matcher struct {
	word                 []byte
	wordStarts, wordEnds bool
	keep                 int
	buffer               []byte
	held                 int
	// lineStart: the buffer begins with a line, its timestamp first.
	lineStart bool
	// contentStart: the buffer begins with the first byte behind a timestamp.
	contentStart bool
	timestamp    [longestTimestamp]byte
	timestampLen int
}

// NewMatcher makes a Matcher for the word, which must not be empty or hold a
// line break. It reads through a buffer of at least size bytes.
func NewMatcher(word string, size int) *Matcher {
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	keep := len(word) + 2*utf8.UTFMax
	return &Matcher{
		word: []byte(word), wordStarts: isWordRune(first), wordEnds: isWordRune(last), keep: keep,
		buffer: make([]byte, max(size, 2*(keep+longestTimestamp))), lineStart: true,
	}
}

// Reset makes it ready for another stream of the same log.
func (m *Matcher) Reset() {
	m.held, m.lineStart, m.contentStart = 0, true, false
}

// Space is where the next bytes of the stream are to be read into. It is never empty.
func (m *Matcher) Space() []byte { return m.buffer[m.held:] }

// Advance looks at the n bytes that were read into Space, and says whether the
// word is among them.
func (m *Matcher) Advance(n int) bool { return m.scan(m.buffer[:m.held+n], false) }

// End looks at what is left when the stream has come to its end, and says
// whether that ends with the word. A stream that was cut has not come to its end:
// what would follow could make another word of it.
func (m *Matcher) End() bool { return m.scan(m.buffer[:m.held], true) }

// Since is the timestamp of the last line that was seen, zero if there was none.
func (m *Matcher) Since() time.Time {
	at, err := time.Parse(time.RFC3339Nano, string(m.timestamp[:m.timestampLen]))
	if err != nil {
		return time.Time{}
	}
	return at
}

func (m *Matcher) scan(data []byte, ended bool) bool {
	if bytes.Contains(data, m.word) {
		for {
			end := bytes.IndexByte(data, '\n')
			if end < 0 {
				break
			}
			if m.inLine(data[:end], true) {
				return true
			}
			m.nextLine(&data, end)
		}
	} else if end := bytes.LastIndexByte(data, '\n'); end >= 0 {
		start := bytes.LastIndexByte(data[:end], '\n') + 1
		if start > 0 || m.lineStart {
			m.note(data[start:end])
		}
		m.nextLine(&data, end)
	}
	if m.inLine(data, ended) {
		return true
	}
	m.carry(data)
	return false
}

func (m *Matcher) nextLine(data *[]byte, end int) {
	*data = (*data)[end+1:]
	m.lineStart, m.contentStart = true, false
}

// note the timestamp of a line, if it has one.
func (m *Matcher) note(line []byte) {
	if length, ok := timestamp(line); ok {
		m.timestampLen = copy(m.timestamp[:], line[:length-1])
	}
}

// inLine looks for the word in what there is of a line, which is all if it is whole.
func (m *Matcher) inLine(line []byte, whole bool) bool {
	start := 0
	atStart := m.contentStart
	if m.lineStart {
		length, ok := timestamp(line)
		if !ok && !whole && len(line) < longestTimestamp {
			return false // More of it is to come.
		}
		if ok {
			m.note(line)
			start = length
		}
		atStart = true
	}
	for {
		i := bytes.Index(line[start:], m.word)
		if i < 0 {
			return false
		}
		from := start + i
		first := from == start && atStart
		if m.isWhole(line, from, first, whole) {
			return true
		}
		start, atStart = from+1, false
	}
}

// isWhole says whether the word at from stands alone. Without more of the line,
// one at its very end is not decided yet, and kept for later.
func (m *Matcher) isWhole(line []byte, from int, first, whole bool) bool {
	if m.wordStarts && !first {
		if from == 0 {
			return false // It was looked at with what stood before it.
		}
		if before, _ := utf8.DecodeLastRune(line[:from]); isWordRune(before) {
			return false
		}
	}
	if !m.wordEnds {
		return true
	}
	rest := line[from+len(m.word):]
	if len(rest) == 0 || !utf8.FullRune(rest) {
		return whole
	}
	after, _ := utf8.DecodeRune(rest)
	return !isWordRune(after)
}

// carry keeps the end of a line that goes on with the next read.
func (m *Matcher) carry(line []byte) {
	if m.lineStart {
		length, ok := timestamp(line)
		switch {
		case ok:
			line = line[length:]
			m.lineStart, m.contentStart = false, true
		case len(line) < longestTimestamp:
			m.held = copy(m.buffer, line)
			return
		default:
			m.lineStart, m.contentStart = false, true
		}
	}
	if cut := len(line) - m.keep; cut > 0 {
		// A rune is not cut in two: half of one would look like no letter.
		for cut > 0 && !utf8.RuneStart(line[cut]) && len(line)-cut < m.keep+utf8.UTFMax {
			cut--
		}
		line = line[cut:]
		m.contentStart = false
	}
	m.held = copy(m.buffer, line)
}

// timestamp is the length of the timestamp at the start of a line, with the
// space behind it. Lines have none where a stream begins in the middle of one.
func timestamp(line []byte) (int, bool) {
	head := line[:min(len(line), longestTimestamp)]
	space := bytes.IndexByte(head, ' ')
	// The shortest is 2006-01-02T15:04:05Z.
	if space < 20 || head[4] != '-' || head[7] != '-' || head[10] != 'T' || head[13] != ':' || head[16] != ':' {
		return 0, false
	}
	return space + 1, true
}

func isWordRune(r rune) bool {
	return r != utf8.RuneError && (r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r))
}
