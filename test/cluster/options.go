package cluster

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

const (
	defaultName  = "daemonset-job"
	defaultNodes = 3

	maxSlot  = 9
	maxNodes = 50
)

// Options select a cluster and say how to make it.
type Options struct {
	// Name tells clusters on one machine apart. Empty means daemonset-job.
	Name string
	// Slot is 0 to 9 and selects the addresses. Running clusters need different slots.
	Slot int
	// Nodes is how many nodes Up makes. 0 makes a control plane alone.
	Nodes int
	// ExtraArgs are additional flags by component (kube-apiserver, kubelet, …). They
	// override flags of the same name.
	ExtraArgs map[string][]string
	// Kubeconfig is an additional file, besides Cluster.Kubeconfig, with the
	// administrator's credentials. Up writes it and Down removes it. Empty means none.
	Kubeconfig string
	// Project is the folder of this project's sources. Empty means the module of the
	// working directory.
	Project string
	// Log receives progress messages. Nil discards them.
	Log io.Writer
}

// FromEnv returns the options that CLUSTER_NAME, CLUSTER_SLOT and NODES ask
// for, with the defaults of the make targets where they are unset.
func FromEnv() (Options, error) {
	options := Options{Name: os.Getenv("CLUSTER_NAME"), Nodes: defaultNodes, Log: os.Stderr}
	for name, to := range map[string]*int{"CLUSTER_SLOT": &options.Slot, "NODES": &options.Nodes} {
		text := os.Getenv(name)
		if text == "" {
			continue
		}
		value, err := strconv.Atoi(text)
		if err != nil {
			return Options{}, fmt.Errorf("%s=%s is not a number", name, text)
		}
		*to = value
	}
	project, err := findProject()
	if err != nil {
		return Options{}, err
	}
	options.Project = project
	if options.Name == "" || options.Name == defaultName {
		options.Kubeconfig = filepath.Join(project, "kubeconfig")
	}
	return options, nil
}

// nameForm limits a cluster's name. The name is part of a folder, a cgroup and a
// socket's path, which the kernel limits to 108 bytes.
var nameForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,18}[a-z0-9])?$`)

func (o Options) complete() (Options, error) {
	if o.Name == "" {
		o.Name = defaultName
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	switch {
	case !nameForm.MatchString(o.Name):
		return o, fmt.Errorf("cluster name %q: use at most 20 lower-case letters, digits and dashes", o.Name)
	case o.Slot < 0 || o.Slot > maxSlot:
		return o, fmt.Errorf("cluster slot %d: use 0 to %d", o.Slot, maxSlot)
	case o.Nodes < 0 || o.Nodes > maxNodes:
		return o, fmt.Errorf("%d nodes: use 0 to %d", o.Nodes, maxNodes)
	}
	if o.Project == "" {
		project, err := findProject()
		if err != nil {
			return o, err
		}
		o.Project = project
	}
	return o, nil
}

func findProject() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for at := folder; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "hack", "kubernetes", "go.mod")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%s is not inside this project's sources, which the cluster is built from", folder)
		}
	}
}
