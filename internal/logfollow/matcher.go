package logfollow

import (
	"bytes"
	"time"
	"unicode"
	"unicode/utf8"
)

// Matcher finds a whole word in a stream of lines. It does not search the timestamp
// that the kubelet puts before each line, nor escape sequences such as colours. Its
// buffer has a fixed size for lines of any length, and reading allocates nothing.
//
// A word is whole if no letter, digit or underscore stands right before or after
// it. A side where the word itself has another character is not checked. A byte
// that is not UTF-8 is not a letter.
//
// A line without a timestamp does not come from the container and never matches. It
// may be a kubelet's error, whose text can hold the word in the pod's name, or the
// rest of a long line whose beginning is missing from the stream.
type Matcher struct {
	word []byte
	// checkBefore and checkAfter tell which sides of the word must be checked.
	checkBefore, checkAfter bool
	// overlap is how much of an unfinished line is kept for the next read.
	overlap int
	// size is that of the buffer, which exists while a stream is read.
	size         int
	buffer       []byte
	buffered     int
	escapes      escapes
	position     position
	pending      bool
	timestamp    [maxTimestampLen]byte
	timestampLen int
	first        time.Time
	// rest keeps what follows the word, nil if nothing is kept.
	rest *Rest
}

// position is where in a line the buffer begins.
type position int

const (
	// lineStart is before the timestamp.
	lineStart position = iota
	// contentStart is right after the timestamp.
	contentStart
	// midLine is later in the line.
	midLine
	// skippedLine is anywhere in a line without a timestamp.
	skippedLine
)

// NewMatcher returns a Matcher whose buffer has at least size bytes. The word must
// not be empty or contain a line break. rest, if it is not nil, gets what follows the word in
// its line.
func NewMatcher(word string, size int, rest *Rest) *Matcher {
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	overlap := len(word) + 2*utf8.UTFMax
	return &Matcher{
		word: []byte(word), checkBefore: isWordRune(first), checkAfter: isWordRune(last), overlap: overlap,
		size: max(size, 2*(overlap+maxTimestampLen)), rest: rest,
	}
}

// Reset prepares the Matcher for another stream of the same log.
func (m *Matcher) Reset() {
	m.buffered, m.position, m.pending, m.escapes, m.first = 0, lineStart, false, escapes{}, time.Time{}
	m.rest.reset()
}

// Space returns the part of the buffer for the next read. It is never empty.
func (m *Matcher) Space() []byte {
	if m.buffer == nil {
		m.buffer = make([]byte, m.size)
	}
	return m.buffer[m.buffered:]
}

// Free frees the buffer after a stream, as the log may wait long for its next turn. Only
// Reset may follow.
func (m *Matcher) Free() { m.buffer = nil }

// Pending returns whether the data ends with the word. The next byte, if there is
// one, decides whether the word is whole.
func (m *Matcher) Pending() bool { return m.pending }

// Open returns whether the word was found, and its line has not ended: Advance returns true once the
// line has ended.
func (m *Matcher) Open() bool { return m.rest.isOpen() }

// First returns the timestamp of the stream's first line that has one, or zero.
func (m *Matcher) First() time.Time { return m.first }

// Since returns the timestamp of the last line, or zero if there was none.
func (m *Matcher) Since() time.Time { return parseTimestamp(m.timestamp[:m.timestampLen]) }

// Advance processes n bytes that were read into Space, and returns whether it found
// the word, and all that is to be kept of its line.
func (m *Matcher) Advance(n int) bool {
	n = m.escapes.strip(m.buffer[m.buffered : m.buffered+n])
	data := m.buffer[:m.buffered+n]
	if m.Open() {
		return m.rest.add(data)
	}
	m.pending = false
	if m.first.IsZero() {
		m.first = firstTimestamp(data, m.position == lineStart)
	}
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
	if m.buffered = 0; !m.Open() {
		m.carryOver(data)
	}
	return false
}

// recordTimestamp records the timestamp of a line, if it has one, and returns its length.
func (m *Matcher) recordTimestamp(line []byte) (length int, ok bool) {
	if length, ok = timestamp(line); ok {
		m.timestampLen = copy(m.timestamp[:], line[:length-1])
	}
	return length, ok
}

// matchLine returns whether the word is in a line, or in a part of one unless whole. If more
// of that line is to be kept, Rest is open instead.
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
		if after := line[from+len(m.word):]; m.boundaryBefore(line, from, atStart) && m.boundaryAfter(after, whole) {
			return m.rest.begin(after, whole)
		}
		start = from + 1
	}
}

// boundaryBefore returns whether a whole word can start at from. atStart means that
// the line starts with these bytes.
func (m *Matcher) boundaryBefore(line []byte, from int, atStart bool) bool {
	if !m.checkBefore {
		return true
	}
	if from == 0 {
		// In the middle of a line, the previous call has checked this occurrence.
		return atStart
	}
	before, _ := utf8.DecodeLastRune(line[:from])
	return !isWordRune(before)
}

// boundaryAfter returns whether a whole word ends right before rest. It sets pending
// when only the next read can tell which rune follows.
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

// carryOver keeps the end of a line that continues with the next read.
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
		// Cut between runes: half of one would not count as a letter.
		for cut > 0 && !utf8.RuneStart(line[cut]) && len(line)-cut < m.overlap+utf8.UTFMax {
			cut--
		}
		line, m.position = line[cut:], midLine
	}
	m.buffered = copy(m.buffer, line)
}

// isWordRune returns whether r is a letter, a digit or an underscore. RuneError
// stands for a byte that is not UTF-8, and for no byte at all.
func isWordRune(r rune) bool {
	return r != utf8.RuneError && (r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r))
}
