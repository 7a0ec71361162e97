package progress

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/golden"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that the test moves.
type clock struct {
	sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.Lock()
	defer c.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.Lock()
	defer c.Unlock()
	c.at = c.at.Add(d)
}

func status(succeeded, failed, active int32) *v1beta1.JobStatus {
	return &v1beta1.JobStatus{Completed: fmt.Sprintf("%d/260", succeeded), Desired: 260, Succeeded: succeeded, Failed: failed, Active: active}
}

func TestLinesAreFew(t *testing.T) {
	g := NewWithT(t)
	var out bytes.Buffer
	c := &clock{at: time.Unix(1000, 0)}
	p := Lines(&out, c.now, 5*time.Second)
	p.Update(status(0, 0, 20))
	p.Update(status(1, 0, 20))
	c.pass(5 * time.Second)
	p.Update(status(90, 0, 20))
	p.Update(status(90, 0, 20))
	p.Note("node-7 failed")
	c.pass(time.Second)
	p.Update(status(257, 3, 0))
	p.Close()
	p.Close()
	g.Expect(out.String()).To(Equal("0/260 done, 20 at work\n90/260 done, 20 at work\nnode-7 failed\n257/260 done, 3 failed\n"))
}

func TestPace(t *testing.T) {
	g := NewWithT(t)
	g.Expect(Pace(0, 10, time.Minute)).To(BeEmpty())
	g.Expect(Pace(10, 10, time.Minute)).To(BeEmpty())
	g.Expect(Pace(5, 10, time.Millisecond)).To(BeEmpty())
	g.Expect(Pace(130, 260, 10*time.Second)).To(Equal(", 13.0/s, about 10s left"))
	g.Expect(Pace(2, 10, 4*time.Minute)).To(Equal(", 0.5/min, about 16m0s left"))
}

// The bar is drawn on a real pseudo-terminal, and read off its screen.
func TestTheBarOnATerminal(t *testing.T) {
	for _, width := range []uint16{60, 80, 200} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			g := NewWithT(t)
			controller, terminal, err := pty.Open()
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(pty.Setsize(controller, &pty.Winsize{Rows: 10, Cols: width})).To(Succeed())
			screen := vt10x.New(vt10x.WithSize(int(width), 10))
			read := make(chan struct{})
			go func() {
				defer close(read)
				_, _ = io.Copy(screen, controller) // It ends with an error when nobody holds the terminal.
			}()
			c := &clock{at: time.Unix(1000, 0)}
			p := Bar(terminal, c.now)
			p.Update(status(0, 0, 20))
			c.pass(10 * time.Second)
			p.Note("node-007: Failed, exit code 3")
			p.Update(status(128, 2, 20))
			shown := func() string { return text(screen) }
			g.Eventually(shown).Within(5 * time.Second).Should(And(ContainSubstring("node-007"), ContainSubstring("128/260")))
			got := shown()
			p.Close()
			g.Eventually(shown).Within(5 * time.Second).Should(And(ContainSubstring("node-007"), Not(ContainSubstring("128/260"))))
			got += "--- closed\n" + shown()
			g.Expect(terminal.Close()).To(Succeed())
			<-read
			g.Expect(controller.Close()).To(Succeed())

			golden.Check(t, fmt.Sprintf("bar-%d", width), got)
		})
	}
}

// text returns the lines of a screen.
func text(screen vt10x.Terminal) string {
	var lines []string
	for line := range strings.SplitSeq(screen.String(), "\n") {
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}
