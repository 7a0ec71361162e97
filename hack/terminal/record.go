package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

// options say how a program is run, and when its screen is drawn.
type options struct {
	prompt        string
	width, height int
	until         *regexp.Regexp
	timeout       time.Duration
}

// poll is how often the screen is compared with what is waited for.
const poll = 20 * time.Millisecond

// record runs the command and returns the lines of its screen. A program that fails is drawn as
// well: the picture may be about that.
func record(o options, command []string) ([][]span, error) {
	screen := vt10x.New(vt10x.WithSize(o.width, o.height))
	if o.prompt != "" {
		_, _ = screen.Write([]byte("\x1b[1m$ " + o.prompt + "\x1b[0m\r\n")) // A terminal in memory takes everything.
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=")
	controller, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: uint16(o.height), Cols: uint16(o.width)})
	if err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(screen, controller) // It ends with an error when the program does.
		_ = cmd.Wait()
	}()
	defer func() {
		_ = cmd.Process.Kill()
		<-ended
		_ = controller.Close()
	}()
	timeout := time.After(o.timeout)
	for {
		select {
		case <-ended:
			if o.until != nil && !o.until.MatchString(screen.String()) {
				return nil, fmt.Errorf("%s ended, and never showed %s:\n%s", command[0], o.until, screen)
			}
			return screenLines(screen), nil
		case <-timeout:
			return nil, fmt.Errorf("%s was still at work after %s:\n%s", command[0], o.timeout, screen)
		case <-time.After(poll):
			if o.until != nil && o.until.MatchString(screen.String()) {
				return screenLines(screen), nil
			}
		}
	}
}

// span is text of one style.
type span struct {
	column int
	text   string
	fg     vt10x.Color
	bold   bool
}

// attrBold is vt10x's mode of bold cells, for which it has no name that is exported.
const attrBold = 1 << 2

// screenLines returns the lines of the screen, without empty ones at the end.
func screenLines(screen vt10x.Terminal) [][]span {
	screen.Lock()
	defer screen.Unlock()
	width, height := screen.Size()
	var lines [][]span
	for y := range height {
		var line []span
		for x := range width {
			cell := screen.Cell(x, y)
			bold := cell.Mode&attrBold != 0
			if n := len(line); n > 0 && line[n-1].fg == cell.FG && line[n-1].bold == bold {
				line[n-1].text += string(cell.Char)
				continue
			}
			line = append(line, span{column: x, text: string(cell.Char), fg: cell.FG, bold: bold})
		}
		lines = append(lines, line)
	}
	for len(lines) > 0 && strings.TrimSpace(textOf(lines[len(lines)-1])) == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

func textOf(line []span) string {
	var text strings.Builder
	for _, s := range line {
		text.WriteString(s.text)
	}
	return text.String()
}
