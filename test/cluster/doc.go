// Package cluster runs a real Kubernetes cluster on one Linux machine, for the tests and
// for users who try the operator. etcd, API server, controller manager and scheduler are
// processes of the host. Each node is a network namespace, a mount namespace, a
// containerd, a kubelet and a kube-proxy. Nothing is simulated and no image is pulled.
//
// Each node has its own /tmp, /run and /var/log, so that a hostPath volume shows what one
// node alone did. The rest of the file system is the host's. Pods have no DNS: a lookup
// is refused at once. Pods reach each other, the API server and services, and have no
// route to the outside.
//
// Several clusters can run at once if each has its own name and slot: every folder,
// cgroup, device and address derives from these two.
//
// A cluster changes the following on the host. Down undoes all of it, except for the
// raised limits:
//
//   - one network device, dj<slot>, with an address and the routes to the pods;
//   - cgroups below daemonset-job-<name>. Every process of the cluster runs in one, and
//     Down finds the processes there;
//   - /var/lib/daemonset-job/<name> (state, logs, images) and
//     /run/daemonset-job/<name> (a private mount with the namespaces' handles);
//   - the empty folders /var/lib/kubelet and /var/lib/cni, where missing. The nodes
//     mount their own folders over them;
//   - fs.inotify.max_user_instances and max_user_watches, raised where they are lower
//     than three kubelets need. They stay raised, because other programs may rely on
//     them by the time the cluster is removed.
//
// The cluster switches no forwarding on and writes no packet filter rule on the host. A
// kubelet insists on some kernel settings: its node mounts files with these values over
// the real ones, so the host's settings stay unchanged.
package cluster
