package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// alias returns the alias that marks a device as this cluster's. The device's name has
// only the slot, which may belong to another cluster by now.
func (c *Cluster) alias() string { return "daemonset-job cluster " + c.layout.name }

// deviceOwner returns the alias of a device on the host.
func deviceOwner(device string) (string, error) {
	alias, err := os.ReadFile(filepath.Join("/sys/class/net", device, "ifalias"))
	return strings.TrimSpace(string(alias)), err
}

func (c *Cluster) hasDevice() bool {
	owner, err := deviceOwner(c.plan.device())
	return err == nil && owner == c.alias()
}

// newSwitch makes the bridge that connects the host and all nodes. The bridge has its
// own namespace, where the host's packet filters cannot block traffic between nodes.
func (c *Cluster) newSwitch(ctx context.Context) error {
	device, handle := c.plan.device(), c.layout.switchNet()
	if owner, err := deviceOwner(device); err == nil {
		return fmt.Errorf("slot %d is taken: network device %s exists (%s); set CLUSTER_SLOT to another, 0 to %d",
			c.plan.slot, device, owner, maxSlot)
	}
	if err := newNetNamespace(ctx, handle); err != nil {
		return err
	}
	// The device gets its alias before it moves to the host. If the command is killed
	// before the move, the device is removed with the bridge's namespace.
	if err := ipBatch(ctx, handle,
		"link add switch type bridge",
		"link set switch up",
		fmt.Sprintf("link add %s type veth peer name host", device),
		fmt.Sprintf(`link set %s alias "%s"`, device, c.alias()),
		"link set host master switch up",
		fmt.Sprintf("link set %s netns %d", device, os.Getpid()),
	); err != nil {
		return err
	}
	return ipBatch(ctx, "",
		fmt.Sprintf("addr add %s/%d dev %s", c.plan.hostAddress(), c.plan.nodeRange().Bits(), device),
		fmt.Sprintf("link set %s up", device),
	)
}

// devices returns the devices of the host that belong to this cluster.
func (c *Cluster) devices() ([]string, error) {
	aliases, err := filepath.Glob("/sys/class/net/*/ifalias")
	if err != nil {
		return nil, err
	}
	var own []string
	for _, alias := range aliases {
		device := filepath.Base(filepath.Dir(alias))
		if owner, err := deviceOwner(device); err == nil && owner == c.alias() {
			own = append(own, device)
		}
	}
	return own, nil
}

// cut removes the cluster's device from the host, and so all its routes.
func (c *Cluster) cut(ctx context.Context) error {
	devices, err := c.devices()
	if err != nil {
		return err
	}
	for _, device := range devices {
		// If the other end is already removed, the kernel has removed this end with it.
		if err := ipBatch(ctx, "", "link delete "+device); err != nil && hasInterface(device) {
			return err
		}
	}
	return nil
}

func hasInterface(device string) bool {
	_, err := os.Stat(filepath.Join("/sys/class/net", device))
	return err == nil
}

// port returns the name of the bridge's port for the node.
func (m member) port() string { return fmt.Sprintf("node%d", m.Index) }

// connect makes a node's network. The node gets routes to the pods of all nodes that
// can ever exist, so that no route is added when a node joins.
func (c *Cluster) connect(ctx context.Context, m member) error {
	n, p := c.layout.node(m.Name), c.plan
	if err := newNetNamespace(ctx, n.net()); err != nil {
		return err
	}
	commands := []string{
		"link set lo up",
		fmt.Sprintf("link add eth0 type veth peer name %s netns %s", m.port(), c.layout.switchNet()),
		fmt.Sprintf("addr add %s/%d dev eth0", p.nodeAddress(m.Index), p.nodeRange().Bits()),
		"link set eth0 up",
	}
	for other := 1; other <= maxNodes; other++ {
		if other != m.Index {
			commands = append(commands, fmt.Sprintf("route add %s via %s", p.nodePodRange(other), p.nodeAddress(other)))
		}
	}
	if err := ipBatch(ctx, n.net(), commands...); err != nil {
		return err
	}
	if err := ipBatch(ctx, c.layout.switchNet(), fmt.Sprintf("link set %s master switch up", m.port())); err != nil {
		return err
	}
	if err := run(ctx, "nsenter", "--net="+n.net(), "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"); err != nil {
		return err
	}
	return ipBatch(ctx, "", fmt.Sprintf("route replace %s via %s", p.nodePodRange(m.Index), p.nodeAddress(m.Index)))
}

// disconnect removes what connect made. It deletes the device first and by name: a
// process that ends slowly would keep the namespace and its address.
func (c *Cluster) disconnect(ctx context.Context, m member) error {
	const ifThere = `if [ -e "/proc/sys/net/ipv4/conf/$1" ]; then ip link delete "$1"; fi`
	if err := run(ctx, "nsenter", "--net="+c.layout.switchNet(), "sh", "-c", ifThere, "delete", m.port()); err != nil {
		return err
	}
	if err := ipBatch(ctx, "", fmt.Sprintf("route flush %s", c.plan.nodePodRange(m.Index))); err != nil {
		return err
	}
	return dropHandle(c.layout.node(m.Name).net())
}

// dropHandle removes the handle of a namespace. The namespace ends with its last
// process.
func dropHandle(handle string) error {
	if err := unmount(handle); err != nil {
		return err
	}
	return os.RemoveAll(handle)
}

// ipBatch runs commands of ip in a network namespace, or in the host's.
func ipBatch(ctx context.Context, namespace string, commands ...string) error {
	command := []string{find("ip"), "-batch", "-"}
	if namespace != "" {
		command = append([]string{"nsenter", "--net=" + namespace}, command...)
	}
	_, err := feed(ctx, strings.Join(commands, "\n")+"\n", command[0], command[1:]...)
	return err
}
