package cluster

import (
	"fmt"
	"strconv"
)

// pauseImage holds a pod's namespaces. It is built from hack/pause and loaded
// under the name that containerd and other tools know it by.
const pauseImage = "registry.k8s.io/pause:3.10.1"

// kubeletConfig is the KubeletConfiguration of one node.
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
		// Below zero needs a capability that containers and small virtual
		// machines often lack.
		"oomScoreAdj": 0,

		// A pod's lookups are refused by its own loopback at once, instead of
		// waiting for a name server that no node can reach.
		"makeIPTablesUtilChains": false,
		"clusterDNS":             []string{"127.0.0.1"},
		"clusterDomain":          "cluster.local",
		"resolvConf":             n.file("resolv.conf"),

		"nodeLeaseDurationSeconds":  12,
		"nodeStatusUpdateFrequency": "4s",
		"volumePluginDir":           n.file("volume-plugins"),
		"serializeImagePulls":       false,

		// The nodes share the host's disk: how full it is says nothing about
		// them, and images that were loaded cannot be pulled again.
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

// proxyConfig is the KubeProxyConfiguration of one node. The connection
// tracking limits are the machine's, not the node's, and are left alone.
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

// cniConfig gives each pod a wire to its node and no bridge, so that all that
// pods send passes the packet filter of kube-proxy, also between two pods of a
// node. Nothing is masqueraded: pods' addresses are routed everywhere.
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

// containerdConfig is containerd's, in the version 2 that releases from 1.5 on
// understand. The score limit is for machines where nobody may lower a
// process's score, on which sandboxes would not start otherwise; an AppArmor
// profile would stay in the host's kernel.
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
