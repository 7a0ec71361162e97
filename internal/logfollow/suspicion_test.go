package logfollow

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// stream plays a stream that is opened so many seconds after the start, gets these lines
// at once and then ends. A line is how many seconds after the start it was logged.
func stream(r *rotation, opened float64, size int, end streamEnd, lines ...float64) {
	now := second(opened)
	r.opening(now)
	for _, line := range lines {
		r.received(now, size/len(lines), second(lines[0]), second(line))
	}
	r.closed(now.Add(time.Second), end)
}

// second returns the time so many seconds after the container's start.
func second(n float64) time.Time {
	return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(n * float64(time.Second)))
}

func TestLinesOutOfOrderAreNoGap(t *testing.T) {
	for first, suspected := range map[float64]bool{9: false, 10: false, 10.9: false, 11.1: true, 20: true} {
		g := NewWithT(t)
		r := newRotation(second(0))
		stream(r, 10, 100, streamCut, 8, 10)
		stream(r, 30, 100, streamCut, first, 21)
		g.Expect(r.suspected).To(Equal(suspected), "the first line is of second %v", first)
	}
}

func TestOnlyTwoEmptyChecksProveThatALineIsGone(t *testing.T) {
	type check struct {
		end streamEnd
		// text is what the stream got without a timestamp.
		text int
	}
	empty := check{streamEnded, 0}
	tests := map[string]struct {
		checks    []check
		suspected bool
	}{
		"one":                      {[]check{empty}, false},
		"two":                      {[]check{empty, empty}, true},
		"cut":                      {[]check{{streamCut, 0}, {streamCut, 0}}, false},
		"yielded":                  {[]check{{streamYielded, 0}, {streamYielded, 0}}, false},
		"a kubelet's error":        {[]check{{streamEnded, 40}, {streamEnded, 40}}, false},
		"one, cut, and another":    {[]check{empty, {streamCut, 0}, empty}, false},
		"one, cut, and two others": {[]check{empty, {streamCut, 0}, empty, empty}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := newRotation(second(0))
			stream(r, 10, 100, streamCut, 9)
			for i, check := range test.checks {
				now := second(20 + float64(i))
				if !r.checking {
					r.opening(now)
					g.Expect(r.silent()).To(BeFalse())
				}
				r.opening(now)
				if check.text > 0 {
					r.received(now, check.text, time.Time{}, second(9))
				}
				r.closed(now, check.end)
			}
			g.Expect(r.suspected).To(Equal(test.suspected))
			r.opening(second(30))
			g.Expect(r.awaitsLine()).To(Equal(!test.suspected), "the check is repeated")
		})
	}
}

func TestPatience(t *testing.T) {
	g := NewWithT(t)
	r := newRotation(second(0))
	r.opening(second(1))
	g.Expect(r.patience(second(1))).To(BeZero(), "the first line may take any time")
	stream(r, 1, 100, streamCut, 1)
	r.opening(second(10))
	g.Expect(r.patience(second(10))).To(Equal(firstLineTimeout))
	r.received(second(10), 100, second(9), second(9))
	g.Expect(r.suspected).To(BeTrue())
	g.Expect(r.patience(second(10))).To(Equal(lossTimeout), "from the last line")
	g.Expect(r.patience(second(70))).To(Equal(lossTimeout - time.Minute))
	g.Expect(r.patience(second(1000))).To(Equal(firstLineTimeout), "the stream shows what was logged meanwhile")
	g.Expect(r.silent()).To(BeTrue())
	g.Expect(r.patience(second(1000))).To(BeZero())
}

// A log that is read for the first time is suspect only if it begins in the midst of so
// many lines that the kubelet had rotated it before.
func TestBeginning(t *testing.T) {
	tests := map[string]struct {
		started     time.Time
		first, last float64
		size        int
		suspected   bool
	}{
		"many lines, from long after the start": {second(0), 20, 25, 3 << 20, true},
		"the start is unknown":                  {time.Time{}, 20, 25, 3 << 20, false},
		"many lines, from the start":            {second(0), 1, 6, 50 << 20, false},
		"fewer lines":                           {second(0), 20, 30, 3 << 20, false},
		"too few lines to tell":                 {second(0), 200, 205, 1 << 19, false},
		"one burst":                             {second(0), 20, 21, 3 << 20, false},
		"one long line":                         {second(0), 20, 20, 50 << 20, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := newRotation(test.started)
			stream(r, 100, test.size, streamCut, test.first, test.last)
			g.Expect(r.suspected).To(Equal(test.suspected))
		})
	}
}

// A stream that got nothing shows that the log had no beginning until then.
func TestBeginningAfterASilentStream(t *testing.T) {
	tests := map[string]struct {
		took      time.Duration
		end       streamEnd
		suspected bool
	}{
		"it could not be opened":   {time.Second, streamCut, true},
		"it was cut after a while": {lateness, streamCut, false},
		"it yielded, also at once": {time.Second, streamYielded, false},
		"it ended after a while":   {time.Minute, streamEnded, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := newRotation(second(0))
			r.opening(second(10))
			r.closed(second(10).Add(test.took), test.end)
			stream(r, 100, 3<<20, streamCut, 80, 85)
			g.Expect(r.suspected).To(Equal(test.suspected))
		})
	}
}
