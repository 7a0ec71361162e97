package cli

import (
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/outputs"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/progress"
)

// terminalSize returns the size of a terminal, and whether the stream is one.
func terminalSize(stream any) (width, height int, ok bool) {
	file, isFile := stream.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return 0, 0, false
	}
	width, height, err := term.GetSize(int(file.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		width, height = 80, 24
	}
	return width, height, true
}

// moves returns whether the stream is a terminal on which text may be overwritten and coloured.
func (a *app) moves(stream io.Writer) bool {
	_, _, isTerminal := terminalSize(stream)
	return isTerminal && !a.noColor && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// style returns how outputs are printed.
func (a *app) style() outputs.Style {
	width, _, _ := terminalSize(a.Out)
	return outputs.Style{Width: width, Colour: a.moves(a.Out)}
}

// progress returns what shows how far a Job is. It uses the error stream: the output may be
// read by another program.
func (a *app) progress() progress.Progress {
	if a.moves(a.ErrOut) {
		return progress.Bar(a.ErrOut, a.now)
	}
	return progress.Lines(a.ErrOut, a.now, lineInterval)
}

// lineInterval is how often a line says how far a Job is.
const lineInterval = 5 * time.Second
