package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopTimeout is how long a process may take to end after SIGTERM.
const stopTimeout = 15 * time.Second

// process is a child process, which ends when the benchmark ends.
type process struct {
	name  string
	cmd   *exec.Cmd
	ended chan struct{}
}

// start starts a program. Its output goes to a file of its name in folder, and
// environment is added to that of the benchmark. Only main's goroutine may call start:
// the kernel kills a child when the thread that started it ends, and main's goroutine
// keeps its thread.
func start(folder, name string, environment []string, program string, args ...string) (*process, error) {
	log, err := os.OpenFile(filepath.Join(folder, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // The program has its own handle.
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	p := &process{name: name, cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// stop stops the program if it runs: SIGTERM first, SIGKILL after a timeout.
func (p *process) stop() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(stopTimeout):
		p.kill()
	}
}

// kill kills the program with SIGKILL.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// hasEnded returns whether the process has ended.
func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// usage is what a process has used of processors and memory.
type usage struct {
	// CPU is the processor time, in seconds.
	CPU float64 `json:"cpuSeconds"`
	// PeakMemory is the largest resident set, in MiB.
	PeakMemory float64 `json:"peakMemoryMiB"`
	// memory is the resident set now, in MiB.
	memory float64
}

// since returns the processor time since before, with the memory unchanged.
func (u usage) since(before usage) usage {
	u.CPU -= before.CPU
	return u
}

// usage returns the usage since the process started.
func (p *process) usage() (usage, error) {
	u, err := usageOf(p.cmd.Process.Pid)
	if err != nil {
		return u, fmt.Errorf("%s has ended: %w", p.name, err)
	}
	return u, nil
}

// usageOf returns the usage of the process with this id.
func usageOf(pid int) (usage, error) {
	folder := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(folder, "stat"))
	if err != nil {
		return usage{}, err
	}
	status, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		return usage{}, err
	}
	return parseUsage(string(stat), string(status))
}

// parseUsage parses /proc/PID/stat and /proc/PID/status, see proc(5).
func parseUsage(stat, status string) (usage, error) {
	// The command name is in parentheses and may contain parentheses. User and system
	// time are the 14th and 15th fields, in hundredths of a second.
	end := strings.LastIndex(stat, ")")
	fields := strings.Fields(stat[end+1:])
	if end < 0 || len(fields) < 13 {
		return usage{}, fmt.Errorf("not the line of a process: %q", stat)
	}
	user, err1 := strconv.ParseFloat(fields[11], 64)
	system, err2 := strconv.ParseFloat(fields[12], 64)
	peak, err3 := kibibytes(status, "VmHWM:")
	now, err4 := kibibytes(status, "VmRSS:")
	return usage{CPU: (user + system) / 100, PeakMemory: peak / 1024, memory: now / 1024}, errors.Join(err1, err2, err3, err4)
}

func kibibytes(status, field string) (float64, error) {
	_, after, ok := strings.Cut(status, field)
	fields := strings.Fields(after)
	if !ok || len(fields) == 0 {
		return 0, fmt.Errorf("no %s in the status of a process", field)
	}
	return strconv.ParseFloat(fields[0], 64)
}
