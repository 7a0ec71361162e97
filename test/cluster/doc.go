// Package cluster runs a real Kubernetes cluster on one Linux machine, for
// people who try the operator out and for the tests: etcd, API server,
// controller manager and scheduler as processes of the host, and nodes that
// are each a network namespace, a mount namespace, a containerd, a kubelet and
// a kube-proxy. Nothing is simulated and no image is pulled.
//
// Each node has its own /tmp, /run and /var/log, so that a hostPath volume
// shows what one node alone did; the rest of the file system is the host's.
// There is no DNS in the pods (a lookup is refused at once) and no way from
// them to the outside: pods reach each other, the API server and services.
//
// Several clusters live side by side when each has a name and a slot of its
// own: every folder, cgroup, device and address derives from these two.
//
// What a cluster changes on the host, all of it undone by Down except the
// raised limit:
//
//   - one network device, dj<slot>, with an address and the routes to the pods;
//   - cgroups below daemonset-job-<name>, in which every process of the
//     cluster runs, which is also how they are found again;
//   - /var/lib/daemonset-job/<name> (state, logs, images) and
//     /run/daemonset-job/<name> (a private mount with the namespaces' handles);
//   - the empty folders /var/lib/kubelet and /var/lib/cni, where missing, for
//     the nodes to mount their own over;
//   - fs.inotify.max_user_instances and max_user_watches, raised where lower
//     than three kubelets need. They stay raised: other programs may have come
//     to rely on them by the time the cluster goes.
//
// No forwarding is switched on and no packet filter rule is written on the
// host. The kernel settings that a kubelet insists on are shown to it by files
// mounted over them in its node, so the host's own keep their values.
package cluster
