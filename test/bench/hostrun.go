package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// hostRun is one run of a Job's container, as its file on the host says.
type hostRun struct {
	job, node, pod string
	// number counts the runs of the pod, from 0.
	number int
	hash   string
	// begun and last are the first and last moment at which the run was at work.
	begun, last time.Time
	done        bool
}

// bootTime returns when the machine booted, since the runs record times after that.
func bootTime() (time.Time, error) {
	content, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return time.Time{}, err
	}
	up, err := parseUptime(string(content))
	return time.Now().Add(-up), err
}

// parseUptime parses the first field of /proc/uptime.
func parseUptime(text string) (time.Duration, error) {
	up, _, _ := strings.Cut(text, " ")
	seconds, err := strconv.ParseFloat(up, 64)
	return time.Duration(seconds * float64(time.Second)), err
}

// parseRun parses the file of a run, which is called <job>/<pod>.<number>. It begins with
// the time and the template's hash. A line with a time for each tenth of a second follows,
// and the last one says done if the work was done. The run may be writing a line.
func parseRun(node, file, content string, booted time.Time) (hostRun, error) {
	pod, number, _ := strings.Cut(filepath.Base(file), ".")
	run := hostRun{job: filepath.Base(filepath.Dir(file)), node: node, pod: pod}
	var err error
	if run.number, err = strconv.Atoi(number); err != nil {
		return run, fmt.Errorf("%s: %w", file, err)
	}
	end := strings.LastIndex(content, "\n")
	if end < 0 {
		return run, nil
	}
	for i, line := range strings.Split(content[:end], "\n") {
		up, err := parseUptime(line)
		if err != nil {
			return run, fmt.Errorf("%s: %w", file, err)
		}
		_, word, _ := strings.Cut(line, " ")
		run.last = booted.Add(up)
		switch {
		case i == 0:
			run.begun, run.hash = run.last, word
		case word == "done":
			run.done = true
		}
	}
	return run, nil
}
