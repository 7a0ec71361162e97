package completion_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// fakeKubelet serves logs over TLS to the real API server. Tests write the logs.
type fakeKubelet struct {
	server *httptest.Server
	mu     sync.Mutex
	logs   map[string]*podLog
}

// podLog is the log of a pod's container, and of its previous run.
type podLog struct {
	mu      sync.Mutex
	changed chan struct{}
	// entries are the lines. ended means that the container has exited.
	entries  []entry
	ended    bool
	previous []entry
	// cut aborts all streams when it changes.
	cut int
	// flood means that the container logs some MiB a second.
	flood bool
	// opened counts the streams, open those that are not closed, and since is the sinceTime
	// of the last one.
	opened, open int
	since        string
}

type entry struct {
	at   time.Time
	text string
}

func startKubelet() *fakeKubelet {
	k := &fakeKubelet{logs: map[string]*podLog{}}
	k.server = httptest.NewTLSServer(http.HandlerFunc(k.serve))
	DeferCleanup(k.server.Close)
	return k
}

// log returns the log of a pod, and creates it on the first call.
func (k *fakeKubelet) log(namespace, pod string) *podLog {
	k.mu.Lock()
	defer k.mu.Unlock()
	key := namespace + "/" + pod
	if k.logs[key] == nil {
		k.logs[key] = &podLog{changed: make(chan struct{})}
	}
	return k.logs[key]
}

func (l *podLog) update(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *podLog) say(text string) {
	l.update(func() { l.entries = append(l.entries, entry{time.Now(), text}) })
}

func (l *podLog) cutStreams() { l.update(func() { l.cut++ }) }

func (l *podLog) streams() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.opened
}

func (l *podLog) openStreams() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}

func (k *fakeKubelet) serve(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/containerLogs/"), "/")
	if len(parts) != 3 || r.URL.Query().Get("timestamps") != "true" {
		http.Error(w, "unexpected request "+r.URL.String(), http.StatusBadRequest)
		return
	}
	l := k.log(parts[0], parts[1])
	since, _ := time.Parse(time.RFC3339, r.URL.Query().Get("sinceTime")) // Zero without sinceTime.
	follow, previous := r.URL.Query().Get("follow") == "true", r.URL.Query().Get("previous") == "true"
	l.mu.Lock()
	l.opened++
	l.open++
	l.since = r.URL.Query().Get("sinceTime")
	cut := l.cut
	l.mu.Unlock()
	defer func() { l.update(func() { l.open-- }) }()
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	for sent := 0; ; {
		l.mu.Lock()
		entries, ended, changed, isCut, flood := l.entries, l.ended, l.changed, l.cut != cut, l.flood
		if previous {
			entries, ended = l.previous, true
		}
		l.mu.Unlock()
		if isCut {
			panic(http.ErrAbortHandler)
		}
		for ; sent < len(entries); sent++ {
			if entries[sent].at.Before(since) {
				continue
			}
			if _, err := fmt.Fprintf(w, "%s %s\n", entries[sent].at.Format(time.RFC3339Nano), entries[sent].text); err != nil {
				return
			}
		}
		if flood {
			_, _ = fmt.Fprintf(w, "%s %s\n", time.Now().Format(time.RFC3339Nano), strings.Repeat("x", 8<<10))
		}
		w.(http.Flusher).Flush()
		if ended || !follow {
			return
		}
		var more <-chan time.Time
		if flood {
			more = time.After(2 * time.Millisecond)
		}
		select {
		case <-changed:
		case <-more:
		case <-r.Context().Done():
			return
		}
	}
}

// registerNode creates the Node of the fake kubelet.
func registerNode(k *fakeKubelet) {
	host, port, err := net.SplitHostPort(k.server.Listener.Addr().String())
	Expect(err).NotTo(HaveOccurred())
	number, err := strconv.ParseInt(port, 10, 32)
	Expect(err).NotTo(HaveOccurred())
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}}
	Expect(k8s.Create(ctx, node)).To(Succeed())
	node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: host}}
	node.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(number)
	Expect(k8s.Status().Update(ctx, node)).To(Succeed())
}
