package cluster

import (
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const (
	authorityName      = "ca"
	frontProxyName     = "front-proxy-ca"
	serviceAccountName = "service-account"
	controllerManager  = "kube-controller-manager"
	administrator      = "admin"
)

// writeCredentials writes every certificate, key and kubeconfig of the control plane. A
// node gets its own when it is added.
func (c *Cluster) writeCredentials() error {
	ca, err := newAuthority(c.layout, authorityName)
	if err != nil {
		return err
	}
	frontProxy, err := newAuthority(c.layout, frontProxyName)
	if err != nil {
		return err
	}
	if err := frontProxy.issue(c.layout, "front-proxy-client", subject{user: "front-proxy-client"}); err != nil {
		return err
	}
	if _, err := newKey(c.layout.key(serviceAccountName)); err != nil {
		return err
	}
	for name, s := range c.controlPlaneSubjects() {
		if err := ca.issue(c.layout, name, s); err != nil {
			return err
		}
	}
	for _, name := range []string{administrator, controllerManager, "kube-scheduler", "kube-proxy"} {
		if err := c.writeAccess(name, c.layout.access(name)); err != nil {
			return err
		}
	}
	return c.writeAccess(administrator, c.layout.kubeconfig())
}

func (c *Cluster) controlPlaneSubjects() map[string]subject {
	return map[string]subject{
		"etcd":            {user: "etcd", hosts: []string{"127.0.0.1", "localhost"}},
		"etcd-client":     {user: "kube-apiserver"},
		"kubelet-client":  {user: "kube-apiserver-kubelet-client", groups: []string{"system:masters"}},
		administrator:     {user: "kubernetes-admin", groups: []string{"system:masters"}},
		controllerManager: {user: "system:kube-controller-manager", hosts: []string{"127.0.0.1", "localhost"}},
		"kube-scheduler":  {user: "system:kube-scheduler", hosts: []string{"127.0.0.1", "localhost"}},
		"kube-proxy":      {user: "system:kube-proxy"},
		"kube-apiserver": {user: "kube-apiserver", hosts: []string{
			c.plan.hostAddress().String(), serviceAddress, "127.0.0.1", "localhost",
			"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		}},
	}
}

// writeAccess writes a kubeconfig for the owner of a certificate. It embeds the
// credentials, so that the file can be copied anywhere.
func (c *Cluster) writeAccess(name, file string) error {
	const context = "cluster"
	config := clientcmdapi.NewConfig()
	config.Clusters[c.layout.name] = &clientcmdapi.Cluster{
		Server: c.plan.apiServerURL(), CertificateAuthority: c.layout.cert(authorityName),
	}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificate: c.layout.cert(name), ClientKey: c.layout.key(name),
	}
	config.Contexts[context] = &clientcmdapi.Context{Cluster: c.layout.name, AuthInfo: name}
	config.CurrentContext = context
	if err := clientcmdapi.FlattenConfig(config); err != nil {
		return err
	}
	content, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	return writeFile(file, content, 0o600)
}
