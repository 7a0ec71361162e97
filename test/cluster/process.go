package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// searchPath is the PATH of the components. They get no other variable of the caller's
// environment. A proxy setting would break them, because their addresses exist only on
// this machine.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// killPatience is how long the kernel may take to end a killed process. It takes
// milliseconds, unless the process waits for a disk.
const killPatience = 20 * time.Second

// process describes how one component is started and where it runs. The cgroup shows
// whether it runs, whichever command started it.
type process struct {
	name    string
	log     string
	program string
	args    []string
	// enter is the command that runs the program inside a node. Empty means on the
	// host.
	enter   []string
	group   string
	cgroups cgroups
}

// enterGroup is a script that moves the shell into a cgroup of each tree, and starts
// the program in the background. init adopts the program, so no command has to wait for
// it. The shell enters the cgroups before it forks, so the program is never outside of
// them.
const enterGroup = `count=$1
shift
while [ "$count" -gt 0 ]; do
	echo 0 >"$1/cgroup.procs" || exit 1
	shift
	count=$((count - 1))
done
"$@" </dev/null &
`

// start starts the program unless it runs. It does not wait until the program serves.
func (p process) start(ctx context.Context) error {
	if p.running() {
		return nil
	}
	if err := p.cgroups.make(p.group); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(p.log), 0o755); err != nil {
		return err
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	folders := p.cgroups.members(p.group)
	args := append([]string{"-c", enterGroup, "start", fmt.Sprint(len(folders))}, folders...)
	args = append(args, p.enter...)
	args = append(args, p.program)
	args = append(args, p.args...)
	shell := exec.CommandContext(ctx, "/bin/sh", args...)
	shell.Dir = "/"
	shell.Env = []string{"PATH=" + searchPath, "HOME=/root"}
	shell.Stdout, shell.Stderr = log, log
	// An interrupt in the terminal must reach only the command, and not the cluster.
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := shell.Run(); err != nil {
		return fmt.Errorf("start %s: %w: %s", p.name, err, lastWords(p.log))
	}
	return nil
}

func (p process) running() bool { return len(p.pids()) > 0 }

// pids returns the processes of the component itself. The cgroup may also hold the
// shims of a containerd that has ended, which keep running.
func (p process) pids() []int {
	var own []int
	for _, pid := range p.cgroups.pids(p.group) {
		command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil {
			continue
		}
		// The command line is empty while the program replaces the shell.
		program, _, _ := strings.Cut(string(command), "\x00")
		if !strings.HasPrefix(filepath.Base(program), "containerd-shim") {
			own = append(own, pid)
		}
	}
	return own
}

// stop sends SIGTERM and, after the grace period, SIGKILL. It returns when the program
// has ended.
func (p process) stop(grace time.Duration) error {
	kill := time.Now().Add(grace)
	for asked := false; ; time.Sleep(10 * time.Millisecond) {
		pids := p.pids()
		now := time.Now()
		signal := syscall.SIGTERM
		switch {
		case len(pids) == 0:
			return nil
		case now.After(kill.Add(killPatience)):
			return fmt.Errorf("%s does not end: processes %v", p.name, pids)
		case !now.Before(kill):
			signal = syscall.SIGKILL
		case asked:
			continue
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, signal)
		}
		asked = true
	}
}

// find returns the path of a system program. It also searches the administrator's
// folders, which the caller's PATH may lack.
func find(program string) string {
	for _, folder := range filepath.SplitList(searchPath) {
		file := filepath.Join(folder, program)
		if info, err := os.Stat(file); err == nil && info.Mode()&0o111 != 0 {
			return file
		}
	}
	return program
}
