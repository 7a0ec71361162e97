package cluster

import (
	"fmt"
	"net/netip"
)

// plan computes every address, port and device name of the cluster in one slot. The
// service range is the same in all slots, because it exists only inside nodes.
type plan struct {
	slot int
}

const (
	serviceRange    = "10.96.0.0/16"
	serviceAddress  = "10.96.0.1"
	apiServerPort   = 6443
	proxyHealthPort = 10256
)

// device returns the name of the host's device that connects it to the nodes.
func (p plan) device() string { return fmt.Sprintf("dj%d", p.slot) }

func (p plan) nodeRange() netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 30, byte(p.slot), 0}), 24)
}

// hostAddress returns the host's address as the nodes see it. The API server listens
// there.
func (p plan) hostAddress() netip.Addr {
	return netip.AddrFrom4([4]byte{172, 30, byte(p.slot), 1})
}

// nodeAddress returns the address of the node with this index, which counts from 1.
func (p plan) nodeAddress(index int) netip.Addr {
	return netip.AddrFrom4([4]byte{172, 30, byte(p.slot), byte(10 + index)})
}

func (p plan) podRange() netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(130 + p.slot), 0, 0}), 16)
}

func (p plan) nodePodRange(index int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(130 + p.slot), byte(index), 0}), 24)
}

func (p plan) apiServerURL() string {
	return fmt.Sprintf("https://%s:%d", p.hostAddress(), apiServerPort)
}

// These ports are on the host's loopback, which all slots share.
func (p plan) etcdPort() int              { return 16400 + 10*p.slot }
func (p plan) etcdPeerPort() int          { return 16401 + 10*p.slot }
func (p plan) controllerManagerPort() int { return 16402 + 10*p.slot }
func (p plan) schedulerPort() int         { return 16403 + 10*p.slot }

func loopbackURL(port int) string { return fmt.Sprintf("https://127.0.0.1:%d", port) }
