package cli

import (
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	corev1 "k8s.io/api/core/v1"
)

func (w *world) uidOf(i int) types.UID {
	w.t.Helper()
	node := &corev1.Node{}
	w.Expect(w.k8s.Get(w.ctx, client.ObjectKey{Name: w.node(i)}, node)).To(Succeed())
	return node.UID
}

// terminal is a pseudo-terminal, and what its screen shows.
type terminal struct {
	Gomega
	controller, file *os.File
	screen           vt10x.Terminal
}

func openTerminal(t *testing.T, width, height int) *terminal {
	t.Helper()
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	term := &terminal{Gomega: NewWithT(t), screen: vt10x.New(vt10x.WithSize(width, height))}
	var err error
	term.controller, term.file, err = pty.Open()
	term.Expect(err).NotTo(HaveOccurred())
	term.Expect(pty.Setsize(term.controller, &pty.Winsize{Rows: uint16(height), Cols: uint16(width)})).To(Succeed())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(term.screen, term.controller) // It ends with an error when nobody holds the terminal.
	}()
	t.Cleanup(func() {
		_ = term.file.Close()
		<-done
		_ = term.controller.Close()
	})
	return term
}

// start runs the plugin on the terminal, in this process.
func (term *terminal) start(w *world, args ...string) <-chan int {
	a := newApp(genericiooptions.IOStreams{In: term.file, Out: term.file, ErrOut: term.file})
	a.now = w.now
	code := make(chan int, 1)
	go func() {
		code <- a.execute(context.Background(), append([]string{"--kubeconfig", w.kubeconfig, "-n", w.ns}, args...))
	}()
	return code
}

func (term *terminal) run(w *world, args ...string) int {
	code := <-term.start(w, args...)
	// The screen gets what was written a moment later.
	term.Eventually(term.text).ShouldNot(Equal("\n"))
	last := ""
	term.Eventually(func() bool {
		text := term.text()
		settled := text == last
		last = text
		return settled
	}).WithPolling(100 * time.Millisecond).Should(BeTrue())
	return code
}

// process runs the plugin on the terminal, in a process of its own that Ctrl-C reaches.
func (term *terminal) process(t *testing.T, w *world, args ...string) *exec.Cmd {
	t.Helper()
	cmd := asProcess(w, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = term.file, term.file, term.file
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	term.Expect(cmd.Start()).To(Succeed())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

// asProcess is the plugin as a process that is not started.
func asProcess(w *world, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], append([]string{"--kubeconfig", w.kubeconfig, "-n", w.ns}, args...)...)
	cmd.Env = append(os.Environ(), asChild+"=1")
	return cmd
}

// types sends what a user types.
func (term *terminal) types(keys string) {
	_, err := term.controller.WriteString(keys)
	term.Expect(err).NotTo(HaveOccurred())
}

// text returns the lines of the screen.
func (term *terminal) text() string {
	var lines []string
	for line := range strings.SplitSeq(term.screen.String(), "\n") {
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}
