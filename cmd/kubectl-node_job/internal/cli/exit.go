package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/verdict"
)

// exit is an error that says only with which code the program ends. What there is to say was
// said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// exitWith returns the error that ends the program with a code.
func exitWith(code int) error {
	if code == verdict.OK {
		return nil
	}
	return exit(code)
}

// Why a context is done.
var (
	errInterrupted = errors.New("interrupted")
	errTimeout     = errors.New("the time was over")
)

// exitCode returns the exit code for what a command returned, and says what went wrong.
func (a *app) exitCode(err error) int {
	var code exit
	switch {
	case err == nil:
		return verdict.OK
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, errInterrupted):
		return verdict.Interrupted
	}
	_, _ = fmt.Fprintf(a.ErrOut, "error: %v\n", err)
	if errors.Is(err, errTimeout) || errors.Is(err, context.DeadlineExceeded) {
		return verdict.Timeout
	}
	return verdict.Usage
}

// untilInterrupted returns a context that is done when the user presses Ctrl-C.
func untilInterrupted(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			cancel(errInterrupted)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(context.Canceled)
	}
}
