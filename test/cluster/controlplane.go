package cluster

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"k8s.io/client-go/rest"
)

const scheduler = "kube-scheduler"

// controlPlane returns the control plane in the order of its start. The last two
// components would end if they found no API server.
func (c *Cluster) controlPlane() []process {
	return []process{c.etcd(), c.apiServer(), c.controllerManager(), c.scheduler()}
}

// processes returns all components of the cluster.
func (c *Cluster) processes() []process {
	all := c.controlPlane()
	for _, m := range c.state.Nodes {
		of := c.nodeProcesses(m)
		all = append(all, of.containerd, of.kubelet, of.proxy)
	}
	return all
}

// component returns a component by its name.
func (c *Cluster) component(name string) (process, error) {
	for _, p := range c.processes() {
		if p.name == name {
			return p, nil
		}
	}
	return process{}, fmt.Errorf("cluster %s has no component %s; it has %s", c.Name(), name, strings.Join(c.Components(), ", "))
}

// apiServerReady waits until the API server serves all its APIs.
func (c *Cluster) apiServerReady(ctx context.Context) error {
	config, err := c.RESTConfig()
	if err != nil {
		return err
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		return err
	}
	return c.wait(ctx, []string{"etcd", "kube-apiserver"}, func(ctx context.Context) error {
		return answers(ctx, transport, config.Host+"/readyz")
	})
}

func (c *Cluster) etcd() process {
	l, client, peer := c.layout, loopbackURL(c.plan.etcdPort()), loopbackURL(c.plan.etcdPeerPort())
	return c.kubernetes("etcd", "etcd", []string{
		"--name=default",
		"--data-dir=" + l.etcd(),
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=default=" + peer,
		"--cert-file=" + l.cert("etcd"),
		"--key-file=" + l.key("etcd"),
		"--client-cert-auth=true",
		"--trusted-ca-file=" + l.cert(authorityName),
		"--peer-cert-file=" + l.cert("etcd"),
		"--peer-key-file=" + l.key("etcd"),
		"--peer-client-cert-auth=true",
		"--peer-trusted-ca-file=" + l.cert(authorityName),
		// The data must survive a killed process, and need not survive a crash of the
		// machine.
		"--unsafe-no-fsync=true",
		"--logger=zap",
	})
}

func (c *Cluster) apiServer() process {
	l := c.layout
	host := c.plan.hostAddress().String()
	return c.kubernetes("kube-apiserver", "kube-apiserver", []string{
		"--advertise-address=" + host,
		"--bind-address=" + host,
		"--secure-port=" + strconv.Itoa(apiServerPort),
		"--etcd-servers=" + loopbackURL(c.plan.etcdPort()),
		"--etcd-cafile=" + l.cert(authorityName),
		"--etcd-certfile=" + l.cert("etcd-client"),
		"--etcd-keyfile=" + l.key("etcd-client"),
		"--tls-cert-file=" + l.cert("kube-apiserver"),
		"--tls-private-key-file=" + l.key("kube-apiserver"),
		"--client-ca-file=" + l.cert(authorityName),
		"--kubelet-certificate-authority=" + l.cert(authorityName),
		"--kubelet-client-certificate=" + l.cert("kubelet-client"),
		"--kubelet-client-key=" + l.key("kubelet-client"),
		"--kubelet-preferred-address-types=InternalIP",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		"--service-cluster-ip-range=" + serviceRange,
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + l.key(serviceAccountName),
		"--service-account-signing-key-file=" + l.key(serviceAccountName),
		"--requestheader-client-ca-file=" + l.cert(frontProxyName),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + l.cert("front-proxy-client"),
		"--proxy-client-key-file=" + l.key("front-proxy-client"),
		// The host has routes to the pods but none to the services.
		"--enable-aggregator-routing=true",
		"--profiling=false",
	})
}

func (c *Cluster) controllerManager() process {
	l := c.layout
	return c.kubernetes(controllerManager, controllerManager, append(clientArgs(l, controllerManager, c.plan.controllerManagerPort()),
		"--service-account-private-key-file="+l.key(serviceAccountName),
		"--root-ca-file="+l.cert(authorityName),
		"--cluster-signing-cert-file="+l.cert(authorityName),
		"--cluster-signing-key-file="+l.key(authorityName),
		"--use-service-account-credentials=true",
		// At its start, the controller manager creates a service account for each of
		// its forty controllers. That takes seconds at the default rate.
		"--kube-api-qps=200",
		"--kube-api-burst=400",
		// Tests wait until a stopped kubelet shows as NotReady, so the period is short.
		// A kubelet renews its lease every three seconds.
		"--node-monitor-period=2s",
		"--node-monitor-grace-period=16s",
	))
}

func (c *Cluster) scheduler() process {
	return c.kubernetes(scheduler, scheduler, clientArgs(c.layout, scheduler, c.plan.schedulerPort()))
}

func clientArgs(l layout, name string, port int) []string {
	return []string{
		"--kubeconfig=" + l.access(name),
		"--authentication-kubeconfig=" + l.access(name),
		"--authorization-kubeconfig=" + l.access(name),
		"--bind-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		// Each component runs once, and a leader election would delay its start.
		"--leader-elect=false",
		"--profiling=false",
	}
}

// kubernetes returns the process of a Kubernetes component, with the extra flags of the
// options.
func (c *Cluster) kubernetes(name, component string, args []string) process {
	return c.process(name, c.binary(component), withExtra(args, c.state.ExtraArgs[component]))
}

func (c *Cluster) process(name, program string, args []string) process {
	return process{
		name: name, log: c.layout.log(name), program: program, args: args,
		group: c.layout.componentGroup(name), cgroups: c.cgroups,
	}
}

// withExtra appends extra to args, and drops a flag of args that extra sets too: a flag
// that takes a list would otherwise collect both values.
func withExtra(args, extra []string) []string {
	again := map[string]bool{}
	for _, arg := range extra {
		name, _, _ := strings.Cut(arg, "=")
		again[name] = true
	}
	var kept []string
	for _, arg := range args {
		if name, _, _ := strings.Cut(arg, "="); !again[name] {
			kept = append(kept, arg)
		}
	}
	return append(kept, extra...)
}
