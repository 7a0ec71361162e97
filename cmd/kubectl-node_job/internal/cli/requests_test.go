package cli

import (
	"net/http"
	"sync"
)

// requestLog counts the requests that a plugin sends.
type requestLog struct {
	mu      sync.Mutex
	watches int
	others  []string
}

func (l *requestLog) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		l.mu.Lock()
		if r.URL.Query().Get("watch") != "" {
			l.watches++
		} else {
			l.others = append(l.others, r.Method+" "+r.URL.Path)
		}
		l.mu.Unlock()
		return next.RoundTrip(r)
	})
}

func (l *requestLog) count() (watches, others int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.watches, len(l.others)
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
