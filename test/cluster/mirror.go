package cluster

import (
	"fmt"
	"net/netip"
	"path/filepath"
)

// HostAddress returns the host's address as nodes and pods see it. They reach every
// server that listens there.
func (c *Cluster) HostAddress() netip.Addr { return c.plan.hostAddress() }

// Mirror makes all nodes pull every image from the registry at url first, whatever
// registry the image name begins with. It also applies to nodes that join later. The
// registry may use plain HTTP. Images that are already pulled do not change.
func (c *Cluster) Mirror(url string) error {
	return c.change(func() error {
		hosts := fmt.Sprintf("[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", url)
		return writeFile(filepath.Join(c.layout.registries(), "_default", "hosts.toml"), []byte(hosts), 0o644)
	})
}
