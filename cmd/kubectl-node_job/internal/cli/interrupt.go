package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// errDetached is why a context ended: the user detached, and the Job goes on.
var errDetached = errors.New("detached")

// interrupts are the signals by which a user ends a run.
type interrupts struct{ signals chan os.Signal }

// listen begins to take signals instead of ending the program.
func listen() *interrupts {
	i := &interrupts{signals: make(chan os.Signal, 2)}
	signal.Notify(i.signals, os.Interrupt, syscall.SIGTERM)
	return i
}

func (i *interrupts) stop() { signal.Stop(i.signals) }

// apply returns a context that is done when the user detaches (errDetached) or cancels
// (errInterrupted). On a terminal Ctrl-C asks which, and a second one cancels.
func (i *interrupts) apply(ctx context.Context, a *app, note func(string)) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	_, _, asks := terminalSize(a.In)
	if _, _, shows := terminalSize(a.ErrOut); !shows {
		asks = false
	}
	go func() {
		var answers chan string
		for {
			select {
			case s := <-i.signals:
				if !asks || s == syscall.SIGTERM || answers != nil {
					cancel(errInterrupted)
					return
				}
				note("Detach or cancel? Type d or c, and Enter. Ctrl-C again cancels, Enter alone goes on.")
				answers = make(chan string, 1)
				go func() { answers <- answer(a.In) }()
			case text := <-answers:
				answers = nil
				switch text {
				case "d", "detach":
					cancel(errDetached)
					return
				case "c", "cancel":
					cancel(errInterrupted)
					return
				}
				note("The run goes on")
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// answer returns the next line that the user types.
func answer(in io.Reader) string {
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && line == "" {
		return ""
	}
	return strings.ToLower(strings.TrimSpace(line))
}
