package logfollow

import (
	"bytes"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxTimestampLen bounds what is kept of a line in search of its timestamp.
const maxTimestampLen = 64

// Matcher looks for a whole word in a stream of lines, each behind the timestamp
// that the kubelet put there, which is no part of it. It keeps what it needs
// between two reads and nothing more, however long a line is, and allocates
// nothing.
//
// A word is whole if no letter, digit or underscore stands right before or after
// it. Where the word itself begins or ends with another character, nothing is
// asked of that side. Bytes that are not UTF-8 are no letters.
//
// A line without a timestamp is not what the container logged, and never
// matches. It may be a kubelet's error, which names the pod and so its Job, or
// the rest of a long line whose beginning the stream left out.
type Matcher struct {
	word                    []byte
	checkBefore, checkAfter bool
	overlap                 int
	buffer                  []byte
	buffered                int
	position                position
	pending                 bool
	timestamp               [maxTimestampLen]byte
	timestampLen            int
}

// position is what the buffer begins with.
type position int

const (
	// lineStart: a line, its timestamp first.
	lineStart position = iota
	// contentStart: the first byte behind a timestamp.
	contentStart
	// midLine: something later in a line.
	midLine
	// skippedLine: something in a line that is not the container's.
	skippedLine
)

// NewMatcher makes a Matcher for the word, which must not be empty or hold a
// line break. It reads through a buffer of at least size bytes.
func NewMatcher(word string, size int) *Matcher {
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	overlap := len(word) + 2*utf8.UTFMax
	return &Matcher{
		word: []byte(word), checkBefore: isWordRune(first), checkAfter: isWordRune(last), overlap: overlap,
		buffer: make([]byte, max(size, 2*(overlap+maxTimestampLen))),
	}
}

// Reset makes it ready for another stream of the same log.
func (m *Matcher) Reset() { m.buffered, m.position, m.pending = 0, lineStart, false }

// Space is where the next bytes of the stream are to be read into. It is never empty.
func (m *Matcher) Space() []byte { return m.buffer[m.buffered:] }

// Pending says whether what was read ends with the word, so that what follows,
// if anything does, decides.
func (m *Matcher) Pending() bool { return m.pending }

// Since is the timestamp of the last line that was seen, zero if there was none.
func (m *Matcher) Since() time.Time {
	at, err := time.Parse(time.RFC3339Nano, string(m.timestamp[:m.timestampLen]))
	if err != nil {
		return time.Time{}
	}
	return at
}

// Advance looks at the n bytes that were read into Space, and says whether the
// word is among them.
func (m *Matcher) Advance(n int) bool {
	data := m.buffer[:m.buffered+n]
	m.pending = false
	if bytes.Contains(data, m.word) {
		for end := bytes.IndexByte(data, '\n'); end >= 0; end = bytes.IndexByte(data, '\n') {
			if m.matchLine(data[:end], true) {
				return true
			}
			data, m.position = data[end+1:], lineStart
		}
	} else if end := bytes.LastIndexByte(data, '\n'); end >= 0 {
		start := bytes.LastIndexByte(data[:end], '\n') + 1
		if start > 0 || m.position == lineStart {
			m.recordTimestamp(data[start:end])
		}
		data, m.position = data[end+1:], lineStart
	}
	if m.matchLine(data, false) {
		return true
	}
	m.carryOver(data)
	return false
}

// recordTimestamp notes the timestamp of a line, if it has one, and return its length.
func (m *Matcher) recordTimestamp(line []byte) (length int, ok bool) {
	if length, ok = timestamp(line); ok {
		m.timestampLen = copy(m.timestamp[:], line[:length-1])
	}
	return length, ok
}

// matchLine looks for the word in what there is of a line, which is all if it is whole.
func (m *Matcher) matchLine(line []byte, whole bool) bool {
	atStart := m.position != midLine
	switch m.position {
	case skippedLine:
		return false
	case lineStart:
		length, ok := m.recordTimestamp(line)
		if !ok {
			return false
		}
		line = line[length:]
	}
	for start := 0; ; {
		i := bytes.Index(line[start:], m.word)
		if i < 0 {
			return false
		}
		from := start + i
		if m.boundaryBefore(line, from, atStart) && m.boundaryAfter(line[from+len(m.word):], whole) {
			return true
		}
		start = from + 1
	}
}

// boundaryBefore says whether a word of its own can start at from. atStart: the
// line starts with these bytes.
func (m *Matcher) boundaryBefore(line []byte, from int, atStart bool) bool {
	if !m.checkBefore {
		return true
	}
	if from == 0 {
		// In the middle of a line, it was looked at with what stood before it.
		return atStart
	}
	before, _ := utf8.DecodeLastRune(line[:from])
	return !isWordRune(before)
}

// boundaryAfter says whether the word that rest follows ends there. With nothing
// behind it, and more of the line to come, that is not known yet.
func (m *Matcher) boundaryAfter(rest []byte, whole bool) bool {
	if !m.checkAfter {
		return true
	}
	if !whole && !utf8.FullRune(rest) {
		m.pending = true
		return false
	}
	after, _ := utf8.DecodeRune(rest)
	return !isWordRune(after)
}

// carryOver keeps the end of a line that goes on with the next read.
func (m *Matcher) carryOver(line []byte) {
	if m.position == lineStart {
		length, ok := timestamp(line)
		switch {
		case ok:
			line, m.position = line[length:], contentStart
		case len(line) < maxTimestampLen:
			m.buffered = copy(m.buffer, line)
			return
		default:
			m.position = skippedLine
		}
	}
	if m.position == skippedLine {
		m.buffered = 0
		return
	}
	if cut := len(line) - m.overlap; cut > 0 {
		// A rune is not cut in two: half of one would look like no letter.
		for cut > 0 && !utf8.RuneStart(line[cut]) && len(line)-cut < m.overlap+utf8.UTFMax {
			cut--
		}
		line, m.position = line[cut:], midLine
	}
	m.buffered = copy(m.buffer, line)
}

// timestamp is the length of the timestamp at the start of a line, with the
// space behind it.
func timestamp(line []byte) (length int, ok bool) {
	head := line[:min(len(line), maxTimestampLen)]
	space := bytes.IndexByte(head, ' ')
	// The shortest is 2006-01-02T15:04:05Z.
	if space < 20 || head[4] != '-' || head[7] != '-' || head[10] != 'T' || head[13] != ':' || head[16] != ':' {
		return 0, false
	}
	zone := head[space-1] == 'Z' || head[space-3] == ':'
	return space + 1, zone
}

// isWordRune says whether a word goes on with r. RuneError stands for bytes that
// are not UTF-8, and for no bytes at all.
func isWordRune(r rune) bool {
	return r != utf8.RuneError && (r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r))
}
