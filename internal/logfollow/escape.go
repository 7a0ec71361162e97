package logfollow

import "bytes"

// escapes removes the escape sequences with which programs write colours, titles and
// links, so that the Matcher searches what a terminal shows. A sequence may continue
// in the next read, but never in the next line.
type escapes struct{ in escape }

// escape is the part of an escape sequence that the next byte belongs to.
type escape int

const (
	// noEscape means that the next byte is text.
	noEscape escape = iota
	// afterESC is right after the escape character.
	afterESC
	// afterIntermediate is in a sequence of more than two characters, such as ESC ( B.
	afterIntermediate
	// inCSI is after ESC [, which begins a colour.
	inCSI
	// inString is after ESC ], which begins a title or a link, and the like.
	inString
)

const (
	esc = 0x1b
	bel = 0x07
)

// strip removes the escape sequences from data in place, and returns the length of
// the rest.
func (e *escapes) strip(data []byte) int {
	kept := 0
	if e.in == noEscape {
		if kept = bytes.IndexByte(data, esc); kept < 0 {
			return len(data)
		}
	}
	for _, b := range data[kept:] {
		if e.next(b) {
			data[kept] = b
			kept++
		}
	}
	return kept
}

// next returns whether the next byte is text. A byte that cannot continue a sequence
// ends it and is text, so that binary output does not hide what follows.
func (e *escapes) next(b byte) bool {
	switch {
	case b == esc:
		e.in = afterESC // In a string, ESC \ ends it.
		return false
	case e.in == noEscape:
		return true
	case b == '\n':
		e.in = noEscape
		return true
	case e.in == inString:
		if b == bel {
			e.in = noEscape
		}
		return false
	}
	text := b < ' ' || b > '~'
	switch {
	case text:
		e.in = noEscape
	case e.in == afterESC:
		e.in = begun(b)
	case e.in == afterIntermediate && b >= '0', e.in == inCSI && b >= '@':
		e.in = noEscape // b is the last character of the sequence.
	}
	return text
}

// begun returns what follows ESC and b.
func begun(b byte) escape {
	switch {
	case b == '[':
		return inCSI
	case b == ']', b == 'P', b == 'X', b == '^', b == '_':
		return inString
	case b < '0':
		return afterIntermediate
	default:
		return noEscape
	}
}
