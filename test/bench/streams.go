package main

import (
	"cmp"
	"io"
	"slices"
	"time"
)

// logRequest is what the API server's audit log calls a request for a log.
const logRequest = "get pods/log"

// streams tells how the terminator followed logs, as the API server saw it.
type streams struct {
	// Turns is how many streams were opened, and Most how many were open at once.
	Turns int `json:"turns"`
	Most  int `json:"mostAtOnce"`
}

// streamsSince returns the log streams that were opened after an offset and have ended.
// It returns nil if there were none.
func (a audit) streamsSince(from int64) (*streams, error) {
	file, err := a.open(from)
	if file == nil || err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // The file was only read.
	return countStreams(file)
}

func countStreams(log io.Reader) (*streams, error) {
	type change struct {
		at time.Time
		by int
	}
	var changes []change
	err := eachEntry(log, func(e *entry) {
		if e.what() == logRequest {
			changes = append(changes, change{e.RequestReceivedTimestamp, 1}, change{e.StageTimestamp, -1})
		}
	})
	if err != nil || len(changes) == 0 {
		return nil, err
	}
	// A stream that ends when another one starts makes room for it.
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.by, b.by)) })
	all, open := &streams{Turns: len(changes) / 2}, 0
	for _, c := range changes {
		open += c.by
		all.Most = max(all.Most, open)
	}
	return all, nil
}
