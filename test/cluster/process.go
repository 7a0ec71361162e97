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

// searchPath is where components find the programs that they call. They get no
// other variable of the caller's environment, least of all a proxy's address:
// theirs exist only on this machine.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// killPatience is for the kernel to end a killed process, which takes it
// milliseconds unless the process waits for a disk.
const killPatience = 20 * time.Second

// process is one component: how it is started, and where it runs. Whether it
// does is asked of its cgroup, so that it makes no difference who started it.
type process struct {
	name    string
	log     string
	program string
	args    []string
	// enter is the command, if any, that puts the program into a node.
	enter   []string
	group   string
	cgroups cgroups
}

// enterGroup moves the shell into a folder of each cgroup tree and leaves the
// program behind in the background, a child of init that nobody here has to
// wait for. The shell enters before it forks: there is no moment at which the
// program is outside.
const enterGroup = `count=$1
shift
while [ "$count" -gt 0 ]; do
	echo 0 >"$1/cgroup.procs" || exit 1
	shift
	count=$((count - 1))
done
"$@" </dev/null &
`

// start starts the program, unless it runs, and does not wait for it to serve.
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
	// An interrupt typed at the terminal is for the command that makes the
	// cluster, and not for the cluster.
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := shell.Run(); err != nil {
		return fmt.Errorf("start %s: %w: %s", p.name, err, lastWords(p.log))
	}
	return nil
}

func (p process) running() bool { return len(p.pids()) > 0 }

// pids are the processes of the component itself: a containerd that ended has
// left the shims of its containers in its cgroup, and they go on.
func (p process) pids() []int {
	var own []int
	for _, pid := range p.cgroups.pids(p.group) {
		command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil {
			continue
		}
		// It is empty while the program takes the place of the shell.
		program, _, _ := strings.Cut(string(command), "\x00")
		if !strings.HasPrefix(filepath.Base(program), "containerd-shim") {
			own = append(own, pid)
		}
	}
	return own
}

// stop ends the program, by SIGKILL if it has not ended after the given time,
// and returns when it is gone.
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

// find returns the path of a program of the system, also where the caller's
// own path lacks the folders of the administrator's programs.
func find(program string) string {
	for _, folder := range filepath.SplitList(searchPath) {
		file := filepath.Join(folder, program)
		if info, err := os.Stat(file); err == nil && info.Mode()&0o111 != 0 {
			return file
		}
	}
	return program
}
