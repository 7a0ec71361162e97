package cli

import (
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/client-go/tools/clientcmd"
)

// waitABit is for how long a test looks whether something happens that must not.
const waitABit = 700 * time.Millisecond

// proxy is the way to the API server, which can be cut.
type proxy struct {
	Gomega
	address, target string

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
}

func startProxy(t *testing.T) *proxy {
	t.Helper()
	p := &proxy{Gomega: NewWithT(t), address: "127.0.0.1:0", conns: map[net.Conn]bool{}}
	config := cluster.env.Config
	target, err := url.Parse("https://" + config.Host)
	if err != nil || target.Port() == "" {
		target, err = url.Parse(config.Host)
	}
	p.Expect(err).NotTo(HaveOccurred())
	p.target = target.Host
	p.start()
	t.Cleanup(p.stop)
	return p
}

// start takes connections, on the same port as before.
func (p *proxy) start() {
	listener, err := net.Listen("tcp", p.address)
	p.Expect(err).NotTo(HaveOccurred())
	p.mu.Lock()
	p.listener, p.address = listener, listener.Addr().String()
	p.mu.Unlock()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
}

func (p *proxy) serve(conn net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = conn.Close()
		return
	}
	p.mu.Lock()
	p.conns[conn], p.conns[server] = true, true
	p.mu.Unlock()
	go func() { _, _ = io.Copy(server, conn) }() // It ends when either is closed.
	_, _ = io.Copy(conn, server)
}

// stop refuses connections, and cuts those that are open.
func (p *proxy) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.listener.Close()
	for conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = map[net.Conn]bool{}
}

// kubeconfig returns that of the administrator, through the proxy.
func (p *proxy) kubeconfig(t *testing.T) string {
	config, err := clientcmd.Load(cluster.env.KubeConfig)
	p.Expect(err).NotTo(HaveOccurred())
	for _, c := range config.Clusters {
		c.Server = "https://" + p.address
	}
	text, err := clientcmd.Write(*config)
	p.Expect(err).NotTo(HaveOccurred())
	file := filepath.Join(t.TempDir(), "kubeconfig")
	p.Expect(os.WriteFile(file, text, 0o600)).To(Succeed())
	return file
}
