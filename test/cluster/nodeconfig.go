package cluster

import (
	"fmt"
	"strconv"
)

// pauseImage is the image of the container that holds a pod's namespaces. The cluster
// builds it from hack/pause, under the name that containerd and other tools expect.
const pauseImage = "registry.k8s.io/pause:3.10.1"

// kubeletConfig returns the KubeletConfiguration of one node.
func kubeletConfig(n nodeLayout) map[string]any {
	l := n.cluster
	return map[string]any{
		"apiVersion":     "kubelet.config.k8s.io/v1beta1",
		"kind":           "KubeletConfiguration",
		"authentication": map[string]any{"anonymous": map[string]any{"enabled": false}, "webhook": map[string]any{"enabled": true}, "x509": map[string]any{"clientCAFile": l.cert(authorityName)}},
		"authorization":  map[string]any{"mode": "Webhook"},

		"tlsCertFile":       l.cert(n.component("kubelet")),
		"tlsPrivateKeyFile": l.key(n.component("kubelet")),

		"containerRuntimeEndpoint": "unix://" + nodeSocket,
		"cgroupDriver":             "cgroupfs",
		"cgroupRoot":               "/" + n.group(),
		"failCgroupV1":             false,
		"failSwapOn":               false,
		// A negative score needs a capability that containers and small virtual
		// machines often lack.
		"oomScoreAdj": 0,

		// The pod's own loopback refuses lookups at once. No node can reach a name
		// server, so a pod would otherwise wait for a timeout.
		"makeIPTablesUtilChains": false,
		"clusterDNS":             []string{"127.0.0.1"},
		"clusterDomain":          "cluster.local",
		"resolvConf":             n.file("resolv.conf"),

		"nodeLeaseDurationSeconds":  12,
		"nodeStatusUpdateFrequency": "4s",
		"volumePluginDir":           n.file("volume-plugins"),
		"serializeImagePulls":       false,

		// Do not collect images: the nodes share the host's disk, so its usage says
		// nothing about a node, and loaded images cannot be pulled again.
		"imageGCHighThresholdPercent": 100,
		"evictionHard": map[string]string{
			"memory.available": "50Mi", "nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%",
		},
	}
}

func kubeletArgs(n nodeLayout, p plan, index int) []string {
	return []string{
		"--config=" + n.file("kubelet.json"),
		"--kubeconfig=" + n.cluster.access(n.component("kubelet")),
		"--hostname-override=" + n.name,
		"--node-ip=" + p.nodeAddress(index).String(),
	}
}

// proxyConfig returns the KubeProxyConfiguration of one node. It does not change the
// connection tracking limits, which belong to the whole machine.
func proxyConfig(n nodeLayout, p plan) map[string]any {
	return map[string]any{
		"apiVersion":         "kubeproxy.config.k8s.io/v1alpha1",
		"kind":               "KubeProxyConfiguration",
		"mode":               "nftables",
		"hostnameOverride":   n.name,
		"clientConnection":   map[string]any{"kubeconfig": n.cluster.access("kube-proxy")},
		"clusterCIDR":        p.podRange().String(),
		"detectLocalMode":    "ClusterCIDR",
		"oomScoreAdj":        0,
		"healthzBindAddress": fmt.Sprintf("0.0.0.0:%d", proxyHealthPort),
		"conntrack": map[string]any{
			"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s",
		},
	}
}

// cniConfig returns the CNI configuration of one node. Each pod has a point-to-point
// link to its node instead of a bridge, so that all its traffic passes kube-proxy's
// packet filter, even to another pod of the node. Pod addresses are routed everywhere,
// so nothing is masqueraded.
func cniConfig(p plan, index int) map[string]any {
	return map[string]any{
		"cniVersion": "1.0.0",
		"name":       "pods",
		"plugins": []any{
			map[string]any{
				"type": "ptp",
				"ipam": map[string]any{
					"type":    "host-local",
					"dataDir": "/run/cni-addresses",
					"ranges":  []any{[]any{map[string]any{"subnet": p.nodePodRange(index).String()}}},
					"routes":  []any{map[string]any{"dst": "0.0.0.0/0"}},
				},
			},
		},
	}
}

// containerdConfig returns containerd's configuration in version 2, which releases from
// 1.5 on read. Some machines do not allow a lower OOM score, and sandboxes would fail
// to start there, so the score is restricted. AppArmor is disabled because its profiles
// would stay in the host's kernel.
func containerdConfig(n nodeLayout) string {
	q := strconv.Quote
	const cri = `plugins."io.containerd.grpc.v1.cri"`
	return fmt.Sprintf(`version = 2
root = %s
state = "/run/containerd"
oom_score = 0
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.internal.v1.tracing", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]

[grpc]
  address = %s

[%s]
  sandbox_image = %s
  restrict_oom_score_adj = true
  disable_apparmor = true
  stream_server_address = "127.0.0.1"

[%s.cni]
  bin_dir = %s
  conf_dir = %s

[%s.registry]
  config_path = %s

[%s.containerd]
  default_runtime_name = "runc"

[%s.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[%s.containerd.runtimes.runc.options]
  SystemdCgroup = false
`, q(n.containerd()), q(nodeSocket), cri, q(pauseImage), cri, q(cniPlugins), q(n.cniConfig()), cri, q(n.cluster.registries()), cri, cri, cri)
}
