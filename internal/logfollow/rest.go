package logfollow

import (
	"bytes"
	"context"
	"time"
	"unicode/utf8"
)

// Rest is what a container logged after the word, in the line of the word. A Follower that has
// none stops at the word.
type Rest struct {
	// Limit is how much of the line is kept, in bytes.
	Limit int

	// line is what the present stream had after the word, and open says that more may come.
	line []byte
	open bool
	// longest is the longest line of the streams before: one that was cut is read again.
	longest []byte
}

// Text returns what was logged after the word, at most Limit bytes, cut between characters.
func (r *Rest) Text() string {
	if len(r.line) >= len(r.longest) {
		return string(r.line)
	}
	return string(r.longest)
}

// reset prepares for another stream.
func (r *Rest) reset() {
	if r == nil {
		return
	}
	if len(r.line) > len(r.longest) {
		r.longest = r.line
	}
	r.line, r.open = nil, false
}

// isOpen returns whether the word was found, and its line has not ended.
func (r *Rest) isOpen() bool { return r != nil && r.open }

// begin keeps the rest of a line after the word, and returns whether there is no more to wait
// for. whole says that the line ends with it.
func (r *Rest) begin(rest []byte, whole bool) bool {
	if r == nil {
		return true
	}
	r.open = !r.keep(rest) && !whole
	return !r.open
}

// add keeps more of the line, and returns whether there is no more to wait for.
func (r *Rest) add(data []byte) bool {
	line, _, ended := bytes.Cut(data, []byte{'\n'})
	r.open = !r.keep(line) && !ended
	return !r.open
}

// keep appends to the line, and returns whether that exceeds the limit. Spaces right after the
// word do not count.
func (r *Rest) keep(data []byte) (full bool) {
	if len(r.line) == 0 {
		data = bytes.TrimLeft(data, " \t")
	}
	if room := r.Limit - len(r.line); len(data) > room {
		r.line = withoutPart(append(r.line, data[:room]...))
		return true
	}
	r.line = append(r.line, data...)
	return false
}

// withoutPart removes the first bytes of a character that was cut.
func withoutPart(text []byte) []byte {
	for i := len(text) - 1; i >= max(0, len(text)-utf8.UTFMax+1); i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRune(text[i:]) {
				return text[:i]
			}
			break
		}
	}
	return text
}

const (
	// rereadTimeout is how long a found word waits for its line to be read again, and rereads
	// is how often that is tried.
	rereadTimeout = 5 * time.Second
	rereads       = 3
)

// readRest reads the log once more after a stream that was cut within the line of the word. It
// does not follow: what the line has is there. The word is found, whatever becomes of this.
func (f *Follower) readRest(ctx context.Context, matcher *Matcher, rotation *rotation) {
	ctx, cancel := context.WithTimeout(ctx, rereadTimeout)
	defer cancel()
	for range rereads {
		if end, _ := f.read(ctx, matcher, rotation, defaultSlice, false); end == wordFound || end == streamEnded {
			break
		}
		if !sleep(ctx, backoff(1)) {
			break
		}
	}
}
