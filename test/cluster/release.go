package cluster

import (
	"context"
	"io"
)

// release is a Kubernetes that is built from the Go modules of a folder of hack.
type release struct {
	folder string
	// components are the names of the links to the one binary.
	components []string
	// tags are those of the Go build.
	tags string
}

var newest = release{
	folder: "kubernetes",
	components: []string{
		"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl",
	},
}

var oldest = release{
	folder:     "kubernetes-min",
	components: []string{"etcd", "kube-apiserver", "kube-controller-manager", "kubectl"},
	// It leaves out the drivers of clouds, which no test uses.
	tags: "providerless",
}

// Kubernetes returns the folder with the components of Kubernetes and etcd. It builds
// them if the cache has no build of them. It needs no root and no Debian packages. The
// folder serves as KUBEBUILDER_ASSETS.
func Kubernetes(ctx context.Context, project string, log io.Writer) (string, error) {
	return newest.kubernetes(ctx, project, log)
}

// OldestKubernetes returns such a folder for the oldest release that the operator
// supports, with what the tests that start an API server run of it. No node can run it.
func OldestKubernetes(ctx context.Context, project string, log io.Writer) (string, error) {
	return oldest.kubernetes(ctx, project, log)
}
