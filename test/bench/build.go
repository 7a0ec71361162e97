package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// build is the operator of one revision: its programs, and the environment that its
// config/default gives them.
type build struct {
	manager, terminator string
	// env holds the environment of each container by its name.
	env map[string][]string
}

// operatorSetup is a build of the operator, with further flags of its programs.
type operatorSetup struct {
	build
	managerFlags, terminatorFlags []string
}

// environment returns the environment of a container. The benchmark reads metrics without TLS: it says so by
// a variable, because an earlier revision that does not know it refuses an unknown flag.
func (s operatorSetup) environment(container string) []string {
	return append(slices.Clip(s.env[container]), "METRICS_SECURE=false")
}

func (s operatorSetup) withManagerFlags(flags ...string) operatorSetup {
	s.managerFlags = slices.Concat(s.managerFlags, flags)
	return s
}

func (s operatorSetup) withTerminatorFlags(flags ...string) operatorSetup {
	s.terminatorFlags = slices.Concat(s.terminatorFlags, flags)
	return s
}

// operatorAsShipped returns the present build with no further flags.
func (e *env) operatorAsShipped() operatorSetup { return operatorSetup{build: e.present} }

// readBuilds reads the environment of the present build, and of that of the baseline if
// there is one: another checkout, in which make binaries has run.
func (e *env) readBuilds() (err error) {
	e.present = build{manager: e.programs.manager, terminator: e.programs.terminator}
	if e.present.env, err = e.readContainerEnv("."); err != nil || e.programs.baseline == "" {
		return err
	}
	bin := filepath.Join(e.programs.baseline, "bin")
	e.before = build{manager: filepath.Join(bin, "manager"), terminator: filepath.Join(bin, "terminator")}
	e.before.env, err = e.readContainerEnv(e.programs.baseline)
	return err
}

// readContainerEnv reads what a checkout's config/default sets for the operator.
func (e *env) readContainerEnv(checkout string) (map[string][]string, error) {
	manifests, err := e.kubectl("kustomize", filepath.Join(checkout, "config", "default"))
	if err != nil {
		return nil, err
	}
	return containerEnv(strings.NewReader(manifests))
}

// containerEnv returns the environment of each container of the first Deployment among
// the manifests. It resolves limits as the kubelet does, and skips what depends on the pod.
func containerEnv(manifests io.Reader) (map[string][]string, error) {
	documents := yaml.NewYAMLOrJSONDecoder(manifests, 4096)
	for {
		var (
			document json.RawMessage
			d        appsv1.Deployment
		)
		if err := documents.Decode(&document); errors.Is(err, io.EOF) {
			return nil, errors.New("no Deployment among the manifests")
		} else if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(document, &d.TypeMeta); err != nil || d.Kind != "Deployment" {
			continue
		}
		if err := json.Unmarshal(document, &d); err != nil {
			return nil, fmt.Errorf("the operator's Deployment: %w", err)
		}
		return environments(d.Spec.Template.Spec.Containers), nil
	}
}

// environments returns the environment of each container.
func environments(containers []corev1.Container) map[string][]string {
	all := map[string][]string{}
	for i := range containers {
		container := &containers[i]
		for _, variable := range container.Env {
			if value, ok := valueOf(variable, container); ok {
				all[container.Name] = append(all[container.Name], variable.Name+"="+value)
			}
		}
	}
	return all
}

// valueOf returns the value of a variable, if it does not depend on the pod.
func valueOf(variable corev1.EnvVar, of *corev1.Container) (string, bool) {
	if variable.ValueFrom == nil {
		return variable.Value, true
	}
	field := variable.ValueFrom.ResourceFieldRef
	if field == nil || field.Resource != "limits.memory" || field.ContainerName != "" && field.ContainerName != of.Name {
		return "", false
	}
	limit, ok := of.Resources.Limits[corev1.ResourceMemory]
	unit := max(1, field.Divisor.Value())
	return strconv.FormatInt((limit.Value()+unit-1)/unit, 10), ok
}
