// Package progress shows how far a Job is while it runs: as a bar on a terminal, as lines
// elsewhere.
package progress

import (
	"fmt"
	"io"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/nodeview"
)

// Progress shows how far a Job is.
type Progress interface {
	// Update shows a status.
	Update(status *v1beta1.JobStatus)
	// Note shows a line that stays.
	Note(line string)
	// Close leaves what matters on the screen and ends.
	Close()
}

// Lines returns a Progress for a pipe or a file: a line when a count changes, at most one in
// each interval.
func Lines(w io.Writer, now func() time.Time, interval time.Duration) Progress {
	return &lines{w: w, now: now, interval: interval}
}

type lines struct {
	w        io.Writer
	now      func() time.Time
	interval time.Duration
	last     time.Time
	shown    string
	latest   string
}

func (l *lines) Update(status *v1beta1.JobStatus) {
	l.latest = nodeview.Counts(status)
	if l.latest == l.shown || l.now().Sub(l.last) < l.interval {
		return
	}
	l.show()
}

func (l *lines) show() {
	l.last, l.shown = l.now(), l.latest
	_, _ = fmt.Fprintln(l.w, l.latest)
}

func (l *lines) Note(line string) { _, _ = fmt.Fprintln(l.w, line) }

func (l *lines) Close() {
	if l.latest != l.shown {
		l.show()
	}
}

// Bar returns a Progress for a terminal, of which w is the file. It has counts, rate and an
// estimate of the time that is left.
func Bar(w io.Writer, now func() time.Time) Progress {
	b := &bar{now: now, began: now(), text: make(chan string, 1), container: mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh())}
	b.bar = b.container.New(0, mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
		mpb.BarRemoveOnComplete(),
		mpb.AppendDecorators(decor.Any(b.decorate)),
	)
	b.text <- ""
	return b
}

type bar struct {
	now       func() time.Time
	began     time.Time
	container *mpb.Progress
	bar       *mpb.Bar
	// text holds what is shown behind the bar. mpb reads it in a goroutine of its own.
	text chan string
	last string
}

func (b *bar) Update(status *v1beta1.JobStatus) {
	ended := int64(status.Succeeded + status.Failed + status.Skipped)
	<-b.text
	b.last = nodeview.Counts(status) + Pace(ended, int64(status.Desired), b.now().Sub(b.began))
	b.text <- " " + b.last
	b.bar.SetTotal(int64(status.Desired), false)
	b.bar.SetCurrent(ended)
}

func (b *bar) decorate(decor.Statistics) string {
	text := <-b.text
	b.text <- text
	return text
}

func (b *bar) Note(line string) { _, _ = b.container.Write([]byte(line + "\n")) }

func (b *bar) Close() {
	b.bar.Abort(true)
	b.container.Wait()
}

// Pace returns rate and estimate in words, empty while they mean nothing.
func Pace(ended, desired int64, elapsed time.Duration) string {
	if ended <= 0 || elapsed < time.Second || ended >= desired {
		return ""
	}
	rate := float64(ended) / elapsed.Seconds()
	left := time.Duration(float64(desired-ended) / rate * float64(time.Second)).Round(time.Second)
	if rate < 1 {
		return fmt.Sprintf(", %.1f/min, about %s left", rate*60, left)
	}
	return fmt.Sprintf(", %.1f/s, about %s left", rate, left)
}
