package cli

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// fakeKubelet serves logs over TLS to the real API server. It has one address for all nodes.
type fakeKubelet struct {
	server *httptest.Server

	mu   sync.Mutex
	logs map[string]http.HandlerFunc
	// open and most count the requests that are answered now, and that ever were at once.
	open, most int
}

func startKubelet() *fakeKubelet {
	k := &fakeKubelet{logs: map[string]http.HandlerFunc{}}
	k.server = httptest.NewTLSServer(k)
	return k
}

// ServeHTTP answers /containerLogs/NAMESPACE/POD/CONTAINER.
func (k *fakeKubelet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/containerLogs/"), "/")
	k.mu.Lock()
	handler := k.logs[strings.Join(parts[:2], "/")]
	k.open++
	k.most = max(k.most, k.open)
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		k.open--
		k.mu.Unlock()
	}()
	if handler == nil {
		http.Error(w, "no log", http.StatusNotFound)
		return
	}
	handler(w, r)
}

// logs sets what a pod printed.
func (k *fakeKubelet) prints(namespace, pod, text string) {
	k.answers(namespace, pod, func(w http.ResponseWriter, r *http.Request) {
		limit := r.URL.Query().Get("limitBytes")
		if n := atoi(limit); limit != "" && n < len(text) {
			_, _ = w.Write([]byte(text[:n]))
			return
		}
		_, _ = w.Write([]byte(text))
	})
}

func (k *fakeKubelet) answers(namespace, pod string, handler http.HandlerFunc) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.logs[namespace+"/"+pod] = handler
}

func atoi(digits string) int {
	n := 0
	for _, d := range digits {
		n = n*10 + int(d-'0')
	}
	return n
}
