package cluster

import (
	"fmt"
	"net/netip"
	"path/filepath"
)

// HostAddress is where the host is for nodes and pods: what listens there can be
// reached from all of them.
func (c *Cluster) HostAddress() netip.Addr { return c.plan.hostAddress() }

// Mirror makes all nodes, also those that join later, ask the registry at url
// first for every image, whatever registry its name begins with. Plain HTTP will
// do. It holds for the next image that is pulled.
func (c *Cluster) Mirror(url string) error {
	return c.change(func() error {
		hosts := fmt.Sprintf("[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", url)
		return writeFile(filepath.Join(c.layout.registries(), "_default", "hosts.toml"), []byte(hosts), 0o644)
	})
}
