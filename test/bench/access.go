package main

import (
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// writeAccess writes a kubeconfig for whoever has the token.
func writeAccess(file, server string, authority []byte, authorityFile, token string) error {
	config := api.NewConfig()
	config.Clusters["bench"] = &api.Cluster{Server: server, CertificateAuthorityData: authority, CertificateAuthority: authorityFile}
	config.AuthInfos["operator"] = &api.AuthInfo{Token: token}
	config.Contexts["bench"] = &api.Context{Cluster: "bench", AuthInfo: "operator"}
	config.CurrentContext = "bench"
	return clientcmd.WriteToFile(*config, file)
}
