package plan

import (
	"strings"
	"unicode"
)

// varying replaces what differs between nodes by nature, so that what they print about the
// same failure is the same. It reads each line once, from left to right: a regular expression
// takes ten times as long, and a Job can have thousands of failed nodes in each reconcile.
type varying struct {
	// isNode returns whether a node has this name.
	isNode func(name string) bool
	// podPrefix is what the names of the Job's pods begin with.
	podPrefix string
	// own is the name of the node whose line is read, and short is it without its domain, if
	// it has both and is no number.
	own, short string
}

// What is put in the place of what varies. A number is also one in hexadecimal.
const (
	aNode, aPod, aTime, anAddress, aMAC, aUUID, aNumber = "<node>", "<pod>", "<time>", "<ip>", "<mac>", "<uuid>", "#"
)

// podSuffix is how many characters the API server ends a generated name with.
const podSuffix = 5

// placeholders are those that have letters, and so could be taken for the names of nodes.
var placeholders = []string{aNode, aPod, aTime, anAddress, aMAC, aUUID}

// replace returns the line of a node with everything replaced that varies.
func (v *varying) replace(line, node string) string {
	line, v.own, v.short = withoutColours(line), node, ""
	if host, _, qualified := strings.Cut(node, "."); qualified && strings.ContainsFunc(host, unicode.IsLetter) {
		v.short = host
	}
	var out strings.Builder
	out.Grow(len(line))
	for i := 0; i < len(line); {
		length, text := v.at(line, i)
		if length == 0 {
			length = max(1, letters(line[i:]))
			text = line[i : i+length]
		}
		out.WriteString(text)
		i += length
	}
	return out.String()
}

// at returns how many bytes of the line from i on vary together, 0 if none do, and what is put
// in their place.
func (v *varying) at(line string, i int) (length int, text string) {
	// What follows a number is no word of its own, also when the number is replaced already.
	rest, starts := line[i:], i == 0 || !isWord(line[i-1]) && line[i-1] != aNumber[0]
	switch c := line[i]; {
	case c == '<':
		return placeholder(rest)
	case !isWord(c) && c != ':':
		return 0, ""
	case starts:
		if n, name := v.name(line, i); n > 0 {
			return n, name
		}
		for _, kind := range kinds {
			if n := kind.length(rest); n > 0 {
				return n, kind.text
			}
		}
	}
	return number(rest), aNumber
}

// kinds are what varies apart from names, in the order in which they are tried. An address is
// tried before what is part of one.
var kinds = []struct {
	length func(string) int
	text   string
}{{uuid, aUUID}, {address, anAddress}, {mac, aMAC}, {timestamp, aTime}, {hexadecimal, aNumber}}

// name returns the length of the name of a node or a pod that begins at i.
func (v *varying) name(line string, i int) (length int, text string) {
	rest := line[i:]
	if i == 0 || !isName(line[i-1]) {
		n := count(rest, isName)
		for n > 0 && !isWord(rest[n-1]) {
			n--
		}
		if v.isNode(rest[:n]) {
			return n, aNode
		}
	}
	switch {
	case begins(rest, v.own):
		return len(v.own), aNode
	case begins(rest, v.short):
		return len(v.short), aNode
	case strings.HasPrefix(rest, v.podPrefix):
		suffix := rest[len(v.podPrefix):]
		if n := wordLength(suffix); n == podSuffix {
			return len(v.podPrefix) + n, aPod
		}
	}
	return 0, ""
}

// begins returns whether s begins with the word.
func begins(s, word string) bool {
	return word != "" && strings.HasPrefix(s, word) && ends(s, len(word))
}

// ends returns whether a word of s ends after n bytes.
func ends(s string, n int) bool { return n == len(s) || !isWord(s[n]) }
