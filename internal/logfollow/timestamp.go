package logfollow

import (
	"bytes"
	"time"
)

// maxTimestampLen bounds the bytes of a line that may hold its timestamp.
const maxTimestampLen = 64

// timestamp returns the length of the timestamp at the start of a line, including
// the space after it.
func timestamp(line []byte) (length int, ok bool) {
	head := line[:min(len(line), maxTimestampLen)]
	space := bytes.IndexByte(head, ' ')
	// The shortest timestamp is 2006-01-02T15:04:05Z.
	if space < 20 || head[4] != '-' || head[7] != '-' || head[10] != 'T' || head[13] != ':' || head[16] != ':' {
		return 0, false
	}
	zone := head[space-1] == 'Z' || head[space-3] == ':'
	return space + 1, zone
}

// firstTimestamp returns the timestamp of the first line that has one, or zero.
// atStart means that data begins with a line.
func firstTimestamp(data []byte, atStart bool) time.Time {
	for {
		if atStart {
			if length, ok := timestamp(data); ok {
				return parseTimestamp(data[:length-1])
			}
		}
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			return time.Time{}
		}
		data, atStart = data[end+1:], true
	}
}

// parseTimestamp returns the time that a timestamp says, or zero if it says none.
func parseTimestamp(text []byte) time.Time {
	at, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return time.Time{}
	}
	return at
}
