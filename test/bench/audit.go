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
	"time"
)

// audit reads the API server's audit log, which has a line for each request.
type audit struct{ file string }

// entry holds the fields of an audit line that the benchmark reads.
type entry struct {
	Verb       string `json:"verb"`
	UserAgent  string `json:"userAgent"`
	RequestURI string `json:"requestURI"`
	ObjectRef  struct {
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
	} `json:"objectRef"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
	RequestReceivedTimestamp time.Time `json:"requestReceivedTimestamp"`
	StageTimestamp           time.Time `json:"stageTimestamp"`
}

// what returns the verb and the resource of a request.
func (e *entry) what() string {
	what := e.Verb + " " + e.ObjectRef.Resource
	if e.ObjectRef.Subresource != "" {
		what += "/" + e.ObjectRef.Subresource
	}
	return what
}

// requests counts requests by verb and resource: "patch pods/status".
type requests map[string]int

// end returns the offset at which the log ends now.
func (a audit) end() (int64, error) {
	info, err := os.Stat(a.file)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil // The API server has logged no request yet.
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// since counts the requests that were logged after an offset, by binary: the first part
// of the user agent. It leaves out watches, leases and discovery, which each controller
// needs even when it is idle.
func (a audit) since(from int64) (map[string]requests, error) {
	file, err := a.open(from)
	if file == nil || err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // The file was only read.
	return countRequests(file)
}

// open opens the log at an offset. It returns nil if the API server has logged no request.
func (a audit) open(from int64) (*os.File, error) {
	file, err := os.Open(a.file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	_, err = file.Seek(from, io.SeekStart)
	return file, err
}

func countRequests(log io.Reader) (map[string]requests, error) {
	counts := map[string]requests{}
	err := eachEntry(log, func(e *entry) {
		if e.Verb == "watch" || e.ObjectRef.Resource == "leases" || e.ObjectRef.Resource == "" {
			return
		}
		what := e.what()
		if e.ResponseStatus.Code == 409 {
			what += " (conflict)"
		}
		binary, _, _ := strings.Cut(e.UserAgent, "/")
		if counts[binary] == nil {
			counts[binary] = requests{}
		}
		counts[binary][what]++
	})
	return counts, err
}

// eachEntry calls use for each line of an audit log.
func eachEntry(log io.Reader, use func(*entry)) error {
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		e := &entry{}
		if err := json.Unmarshal(lines.Bytes(), e); err != nil {
			return fmt.Errorf("audit log: %w", err)
		}
		use(e)
	}
	return lines.Err()
}

// writes returns the number of requests that change an object.
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

// total returns the number of all requests.
func total(by map[string]requests) int {
	sum := 0
	for _, of := range by {
		for _, n := range of {
			sum += n
		}
	}
	return sum
}
