package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// audit is the API server's own log of who asked it for what.
type audit struct{ file string }

// entry is what is read of a line of it.
type entry struct {
	Verb      string `json:"verb"`
	UserAgent string `json:"userAgent"`
	ObjectRef struct {
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
	} `json:"objectRef"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
}

// requests are numbers of requests, by what was asked for: "patch pods/status".
type requests map[string]int

// end is where the log ends now.
func (a audit) end() (int64, error) {
	info, err := os.Stat(a.file)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil // Nobody has asked for anything yet.
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// since counts what was asked for from a place in the log on, by binary: the first
// part of the user agent. Watches, leases and the discovery of what there is are left
// out: they are the price of being there.
func (a audit) since(from int64) (map[string]requests, error) {
	file, err := os.Open(a.file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // It was only read.
	if _, err := file.Seek(from, io.SeekStart); err != nil {
		return nil, err
	}
	return countRequests(file)
}

func countRequests(log io.Reader) (map[string]requests, error) {
	counts := map[string]requests{}
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("audit log: %w", err)
		}
		if e.Verb == "watch" || e.ObjectRef.Resource == "leases" || e.ObjectRef.Resource == "" {
			continue
		}
		what := e.Verb + " " + e.ObjectRef.Resource
		if e.ObjectRef.Subresource != "" {
			what += "/" + e.ObjectRef.Subresource
		}
		if e.ResponseStatus.Code == 409 {
			what += " (conflict)"
		}
		binary, _, _ := strings.Cut(e.UserAgent, "/")
		if counts[binary] == nil {
			counts[binary] = requests{}
		}
		counts[binary][what]++
	}
	return counts, lines.Err()
}

// writes are those that change something.
func writes(by map[string]requests) int {
	sum := 0
	for _, of := range by {
		for what, n := range of {
			verb, _, _ := strings.Cut(what, " ")
			if slices.Contains([]string{"create", "update", "patch", "delete", "deletecollection"}, verb) {
				sum += n
			}
		}
	}
	return sum
}

// total is the number of all requests.
func total(by map[string]requests) int {
	sum := 0
	for _, of := range by {
		for _, n := range of {
			sum += n
		}
	}
	return sum
}
