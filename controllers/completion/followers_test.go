package completion

import (
	"context"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/darkowlzz/daemonset-job/internal/logfollow"
)

// logSource is a log that says this text, and then stays open while the container runs.
type logSource struct {
	text  string
	state logfollow.State
	// opened counts the streams, and open those that are open.
	opened, open atomic.Int32
}

func (s *logSource) Open(ctx context.Context, _ time.Time, _ bool) (io.ReadCloser, error) {
	s.opened.Add(1)
	s.open.Add(1)
	reader, writer := io.Pipe()
	go func() {
		defer s.open.Add(-1)
		_, _ = io.WriteString(writer, s.text) // Who reads it may be gone.
		if s.state == logfollow.Running {
			<-ctx.Done()
		}
		_ = writer.Close()
	}()
	return reader, nil
}

func (s *logSource) State() logfollow.State { return s.state }

func (*logSource) Started() time.Time { return time.Time{} }

const logLine = "2026-01-02T03:04:05Z "

var (
	theTarget = target{name: types.NamespacedName{Namespace: "ns", Name: "a"}, uid: "u", word: "done"}
	theRun    = containerRun{id: "test://1"}
)

// follow follows one source as the run of the target.
func followOne(f *followers, t target, source logfollow.Source) progress {
	return f.follow(t, map[containerRun]logfollow.Source{theRun: source})
}

func newTestFollowers(t *testing.T) (f *followers, enqueued *atomic.Int32) {
	t.Helper()
	enqueued = &atomic.Int32{}
	f = newFollowers(logfollow.NewFairLimiter(10, 0), logr.Discard(), func(context.Context, types.NamespacedName) { enqueued.Add(1) })
	t.Cleanup(func() {
		f.cancel()
		f.wg.Wait()
	})
	return f, enqueued
}

func TestARunIsFollowedOnce(t *testing.T) {
	g := NewWithT(t)
	f, enqueued := newTestFollowers(t)
	running := &logSource{text: logLine + "x\n"}
	for range 3 {
		followOne(f, theTarget, running)
	}
	g.Eventually(running.open.Load).Should(Equal(int32(1)))
	g.Consistently(running.opened.Load, "100ms").Should(Equal(int32(1)))
	g.Expect(enqueued.Load()).To(BeZero())
}

// Another word is found in other lines, so that the log is read again.
func TestAnotherTargetStopsTheFollowers(t *testing.T) {
	g := NewWithT(t)
	f, enqueued := newTestFollowers(t)
	before, after := &logSource{text: logLine + "later\n"}, &logSource{text: logLine + "later\n"}
	followOne(f, theTarget, before)
	g.Eventually(before.open.Load).Should(Equal(int32(1)))
	other := theTarget
	other.word = "later"
	g.Eventually(func() bool { return followOne(f, other, after).found }).Should(BeTrue())
	g.Eventually(before.open.Load).Should(BeZero())
	g.Expect(enqueued.Load()).To(Equal(int32(1)))

	f.setMarked(theTarget, "7")
	f.setRotated(theTarget, "7")
	g.Expect(followOne(f, other, after)).To(Equal(progress{found: true}), "what is written of an earlier target is not said of this one")
	g.Expect(f.pods[other.name].rotatedVersion).To(BeEmpty())
	f.setMarked(other, "8")
	g.Expect(followOne(f, other, after)).To(Equal(progress{found: true, markedVersion: "8"}))
}

// The kubelet keeps the log of an ended container. Reading it at each event of the pod
// would cost a request each time.
func TestALogIsReadToItsEndOnce(t *testing.T) {
	g := NewWithT(t)
	f, _ := newTestFollowers(t)
	ended := &logSource{text: logLine + "x\n", state: logfollow.Ended}
	followOne(f, theTarget, ended)
	f.wg.Wait()
	read := ended.opened.Load()
	followOne(f, theTarget, ended)
	f.wg.Wait()
	g.Expect(ended.opened.Load()).To(Equal(read))
}

// A pod whose container is gone is reconciled again, and followed if it comes back.
func TestALostRunIsFollowedAgain(t *testing.T) {
	g := NewWithT(t)
	f, enqueued := newTestFollowers(t)
	followOne(f, theTarget, &logSource{state: logfollow.Gone})
	f.wg.Wait()
	g.Expect(enqueued.Load()).To(Equal(int32(1)))
	back := &logSource{text: logLine + "done\n"}
	g.Eventually(func() bool { return followOne(f, theTarget, back).found }).Should(BeTrue())
}

// A process that loses its lease follows nothing more.
func TestStoppedFollowersStartNone(t *testing.T) {
	g := NewWithT(t)
	f, _ := newTestFollowers(t)
	ctx, cancel := context.WithCancel(t.Context())
	running := &logSource{text: logLine + "x\n"}
	followOne(f, theTarget, running)
	g.Eventually(running.open.Load).Should(Equal(int32(1)))
	cancel()
	g.Expect(f.Start(ctx)).To(Succeed())
	g.Eventually(running.open.Load).Should(BeZero())
	other := theTarget
	other.uid = "another"
	followOne(f, other, running)
	f.wg.Wait()
	g.Expect(running.opened.Load()).To(Equal(int32(1)))
	f.updateUnlessStopped(ctx, func() { t.Error("a stopped follower recorded what it found") })
	g.Expect(f.NeedLeaderElection()).To(BeTrue())
	f.stop(other.name)
	g.Expect(f.pods).To(BeEmpty())
}
