package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// writeServiceAccountKubeconfig writes a kubeconfig with a service account's rights.
func (e *env) writeServiceAccountKubeconfig(file, namespace, account string) error {
	token, err := e.kubectl("-n", namespace, "create", "token", account, "--duration=24h")
	if err != nil {
		return err
	}
	config, err := e.cluster.RESTConfig()
	if err != nil {
		return err
	}
	return writeKubeconfig(file, config.Host, config.CAData, config.CAFile, token)
}

// writeKubeconfig writes a kubeconfig that authenticates by the token.
func writeKubeconfig(file, server string, authority []byte, authorityFile, token string) error {
	config := api.NewConfig()
	config.Clusters["bench"] = &api.Cluster{Server: server, CertificateAuthorityData: authority, CertificateAuthority: authorityFile}
	config.AuthInfos["operator"] = &api.AuthInfo{Token: token}
	config.Contexts["bench"] = &api.Context{Cluster: "bench", AuthInfo: "operator"}
	config.CurrentContext = "bench"
	return clientcmd.WriteToFile(*config, file)
}

// writeCertificate writes a self-signed certificate and its key for the server of the
// simulated nodes. An elliptic-curve key keeps the cost of TLS low: on real nodes, the
// kubelets' machines pay for it.
func writeCertificate(folder string) (cert, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return "", "", err
	}
	encoded, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return "", "", err
	}
	cert, key = filepath.Join(folder, "nodes.crt"), filepath.Join(folder, "nodes.key")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: certificate}, key: {Type: "EC PRIVATE KEY", Bytes: encoded}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			return "", "", err
		}
	}
	return cert, key, nil
}
