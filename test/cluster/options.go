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

// Options say which cluster is meant and how it is made.
type Options struct {
	// Name tells clusters on one machine apart. Empty means daemonset-job.
	Name string
	// Slot, 0 to 9, picks the addresses. No two running clusters share one.
	Slot int
	// Nodes is how many nodes Up makes; 0 is a control plane alone.
	Nodes int
	// ExtraArgs are flags appended to those of a component, by its name
	// (kube-apiserver, kubelet, …). A flag given again overrides the first.
	ExtraArgs map[string][]string
	// Kubeconfig is a file, beside Cluster.Kubeconfig, that Up writes the
	// administrator's access to and Down removes. Empty means none.
	Kubeconfig string
	// Project is the folder of this project's sources. Empty means the
	// module that the working directory is in.
	Project string
	// Log is told what is being done. Nil means nobody is.
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

// The name becomes a folder, a cgroup and part of a socket's path, which the
// kernel limits to 108 bytes.
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
