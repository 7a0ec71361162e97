package cluster

import (
	"net/netip"
	"testing"
)

// TestPlanSharesNothing checks that clusters and nodes never share an address, range,
// port or device.
func TestPlanSharesNothing(t *testing.T) {
	owner := map[any]string{}
	claim := func(what any, by string) {
		if other, taken := owner[what]; taken {
			t.Errorf("%v belongs to %s and to %s", what, other, by)
		}
		owner[what] = by
	}
	var ranges []netip.Prefix
	for slot := 0; slot <= maxSlot; slot++ {
		p := plan{slot: slot}
		claim(p.device(), "host")
		claim(p.hostAddress(), "host")
		ranges = append(ranges, p.nodeRange(), p.podRange())
		for _, port := range []int{p.etcdPort(), p.etcdPeerPort(), p.controllerManagerPort(), p.schedulerPort()} {
			claim(port, p.device())
		}
		for index := 1; index <= maxNodes; index++ {
			m := member{Name: nodeName(index), Index: index}
			claim(p.nodeAddress(index), m.Name)
			claim(p.nodePodRange(index), m.Name)
			if !p.nodeRange().Contains(p.nodeAddress(index)) {
				t.Errorf("slot %d: %s is outside of %s", slot, p.nodeAddress(index), p.nodeRange())
			}
			if !p.podRange().Contains(p.nodePodRange(index).Addr()) {
				t.Errorf("slot %d: %s is outside of %s", slot, p.nodePodRange(index), p.podRange())
			}
		}
	}
	ranges = append(ranges, netip.MustParsePrefix(serviceRange))
	for i, one := range ranges {
		for _, other := range ranges[:i] {
			if one.Overlaps(other) {
				t.Errorf("%s overlaps %s", one, other)
			}
		}
	}
	if !netip.MustParsePrefix(serviceRange).Contains(netip.MustParseAddr(serviceAddress)) {
		t.Errorf("%s is outside of %s", serviceAddress, serviceRange)
	}
}

// TestKernelLimits checks the lengths of device names and socket paths, which the
// kernel limits.
func TestKernelLimits(t *testing.T) {
	const device, socket = 15, 107
	longest := layout{name: "a2345678901234567890"}
	if _, err := (Options{Name: longest.name, Project: "/"}).complete(); err != nil {
		t.Fatal(err)
	}
	if _, err := (Options{Name: longest.name + "1", Project: "/"}).complete(); err == nil {
		t.Error("a longer name is accepted")
	}
	node := "a2345678901234567890123456789012"
	if !nodeForm.MatchString(node) || nodeForm.MatchString(node+"3") {
		t.Fatal("the test does not know the longest name of a node")
	}
	if path := longest.node(node).socket(); len(path) > socket {
		t.Errorf("%s has %d characters", path, len(path))
	}
	if name := (member{Name: node, Index: maxNodes}).port(); len(name) > device {
		t.Errorf("%s has %d characters", name, len(name))
	}
}

func TestOptions(t *testing.T) {
	for name, c := range map[string]struct {
		options Options
		ok      bool
	}{
		"defaults":            {Options{}, true},
		"no nodes":            {Options{Nodes: 0}, true},
		"the last slot":       {Options{Slot: maxSlot}, true},
		"a slot too far":      {Options{Slot: maxSlot + 1}, false},
		"a negative slot":     {Options{Slot: -1}, false},
		"too many nodes":      {Options{Nodes: maxNodes + 1}, false},
		"negative nodes":      {Options{Nodes: -1}, false},
		"a path for a name":   {Options{Name: "../a"}, false},
		"a dash first":        {Options{Name: "-a"}, false},
		"a lock's name":       {Options{Name: "a.lock"}, false},
		"an upper-case name":  {Options{Name: "Cluster"}, false},
		"one letter's a name": {Options{Name: "c"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.Project = "/"
			completed, err := c.options.complete()
			if (err == nil) != c.ok {
				t.Fatalf("%+v: %v", c.options, err)
			}
			if c.ok && (completed.Name == "" || completed.Log == nil) {
				t.Errorf("%+v is not complete", completed)
			}
		})
	}
}

func TestFromEnv(t *testing.T) {
	t.Setenv("CLUSTER_NAME", "other")
	t.Setenv("CLUSTER_SLOT", "4")
	t.Setenv("NODES", "0")
	options, err := FromEnv()
	if err != nil || options.Name != "other" || options.Slot != 4 || options.Nodes != 0 {
		t.Errorf("%+v, %v", options, err)
	}
	if options.Kubeconfig != "" {
		t.Error("a second cluster writes over the first one's kubeconfig")
	}
	t.Setenv("NODES", "three")
	if _, err := FromEnv(); err == nil {
		t.Error("three is no number")
	}
}
