package cronjob_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/util/sets"
)

// fate is what becomes of a write.
type fate int

const (
	passes fate = iota
	// lost writes never reach the API server. The client sees an error.
	lost
	// unanswered writes take effect. The client sees an error.
	unanswered
)

var errWire = errors.New("the connection was reset by the test")

// write is a request that changes something, as in "POST jobs" and "PATCH cronjobs/status".
// name is the object's.
type write struct {
	what, name string
	code       int
}

// tookEffect returns whether the API server did it.
func (w write) tookEffect() bool { return w.code < http.StatusMultipleChoices }

// cronJob returns the name of the CronJob that the write was done for.
func (w write) cronJob() string {
	if strings.HasSuffix(w.what, " jobs") {
		return w.name[:strings.LastIndex(w.name, "-")]
	}
	return w.name
}

// wire is what is between one operator and the API server.
type wire struct {
	next http.RoundTripper
	// deciding is held while a fate is decided, so that it is one at a time.
	deciding sync.Mutex

	mu   sync.Mutex
	free *sync.Cond
	// writes are all that reached the API server.
	writes []write
	// rights are those that the requests needed, as in "get jobs".
	rights sets.Set[string]
	// fate decides about a write. before is how many writes took effect for its CronJob since
	// the fate was set.
	fate func(w write, before int) fate
	done map[string]int
	// frozen watches show nothing.
	frozen bool
}

func newWire() *wire {
	w := &wire{rights: sets.New[string]()}
	w.free = sync.NewCond(&w.mu)
	return w
}

// setFate decides about the writes from now on.
func (w *wire) setFate(decide func(w write, before int) fate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done, w.fate = map[string]int{}, decide
}

// freeze lets watches show nothing until it is called with false.
func (w *wire) freeze(frozen bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frozen = frozen
	w.free.Broadcast()
}

// sent returns all writes whose what begins so.
func (w *wire) sent(what string) (sent []write) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.writes {
		if strings.HasPrefix(one.what, what) {
			sent = append(sent, one)
		}
	}
	return sent
}

// used returns the rights that were needed.
func (w *wire) used() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rights.UnsortedList()
}

func (w *wire) wrap(next http.RoundTripper) http.RoundTripper {
	w.next = next
	return w
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(request *http.Request) (*http.Response, error) {
	resource, name := target(request.URL.Path)
	if request.Method == http.MethodPost {
		name = nameIn(request)
	}
	verb, one := verbOf(request, name), write{what: request.Method + " " + resource, name: name}
	reads := verb == "get" || verb == "list" || verb == "watch"
	decided := w.decide(one, reads, verb+" "+resource)
	if decided == lost {
		return nil, errWire
	}
	response, err := w.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if verb == "watch" {
		response.Body = &watchBody{response.Body, w}
	}
	if !reads {
		one.code = response.StatusCode
		w.note(one)
	}
	if decided == unanswered && one.tookEffect() {
		_ = response.Body.Close() // Nobody reads it.
		return nil, errWire
	}
	return response, nil
}

// decide returns the fate of a request, and notes which right it needs.
func (w *wire) decide(one write, reads bool, right string) fate {
	w.mu.Lock()
	if one.what != "GET " { // Discovery is for everybody.
		w.rights.Insert(right)
	}
	decide := w.fate
	w.mu.Unlock()
	if reads || decide == nil {
		return passes
	}
	w.deciding.Lock()
	defer w.deciding.Unlock()
	w.mu.Lock()
	before := w.done[one.cronJob()]
	w.mu.Unlock()
	return decide(one, before)
}

func (w *wire) note(one write) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes = append(w.writes, one)
	if w.done != nil && one.tookEffect() {
		w.done[one.cronJob()]++
	}
}

// watchBody is the stream of a watch, which shows nothing while the wire is frozen.
type watchBody struct {
	io.ReadCloser
	wire *wire
}

// Read implements io.Reader.
func (b *watchBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.wire.mu.Lock()
	defer b.wire.mu.Unlock()
	for b.wire.frozen && err == nil {
		b.wire.free.Wait()
	}
	return n, err
}
