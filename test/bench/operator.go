package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// operator is the running manager and terminator.
type operator struct {
	setup               operatorSetup
	manager, terminator *process
}

// The addresses of the operator's servers. The ports differ from those in a pod, so
// that other programs of the machine do not use them.
const (
	managerMetrics, managerProbes, managerProfiles          = "127.0.0.1:28080", "127.0.0.1:28081", "127.0.0.1:28090"
	terminatorMetrics, terminatorProbes, terminatorProfiles = "127.0.0.1:28082", "127.0.0.1:28083", "127.0.0.1:28092"
)

// restTime is how long a Go program needs to return collected memory to the kernel.
const restTime = 3 * time.Second

// startOperator starts both binaries, and returns when they are ready.
func (e *env) startOperator(ctx context.Context, setup operatorSetup) (*operator, error) {
	o := &operator{setup: setup}
	if err := e.startManager(o); err != nil {
		return nil, err
	}
	if err := e.startTerminator(o); err != nil {
		o.stop()
		return nil, err
	}
	for _, probes := range []string{managerProbes, terminatorProbes} {
		err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
			answer, err := http.Get("http://" + probes + "/readyz")
			if err != nil {
				return false, nil //nolint:nilerr // It does not listen yet.
			}
			return answer.StatusCode == http.StatusOK, answer.Body.Close()
		})
		if err != nil {
			o.stop()
			return nil, fmt.Errorf("the operator is not ready, see %s: %w", e.folder, err)
		}
	}
	return o, nil
}

func (e *env) startManager(o *operator) (err error) {
	o.manager, err = start(e.folder, "manager", o.setup.environment("manager"), o.setup.manager,
		append(e.flags(managerMetrics, managerProbes, managerProfiles), o.setup.managerFlags...)...)
	return err
}

func (e *env) startTerminator(o *operator) (err error) {
	o.terminator, err = start(e.folder, "terminator", o.setup.environment("terminator"), o.setup.terminator,
		append(e.flags(terminatorMetrics, terminatorProbes, terminatorProfiles), o.setup.terminatorFlags...)...)
	return err
}

func (e *env) flags(metrics, probes, profiles string) []string {
	return []string{
		"--kubeconfig=" + e.kubeconfig, "--leader-election-namespace=" + operatorNamespace,
		// A restarted binary claims to be in the same pod, and so takes its lease at
		// once.
		"--pod-uid=bench", "--metrics-bind-address=" + metrics, "--health-probe-bind-address=" + probes, "--pprof-bind-address=" + profiles,
	}
}

func (o *operator) stop() {
	o.manager.stop()
	o.terminator.stop()
}

// rest collects the garbage of both processes, and waits until their runtimes have
// returned it.
func (o *operator) rest(ctx context.Context) error {
	for _, profiles := range []string{managerProfiles, terminatorProfiles} {
		if err := read(ctx, http.DefaultClient, "http://"+profiles+"/debug/pprof/heap?gc=1", io.Discard); err != nil {
			return err
		}
	}
	return sleep(ctx, restTime)
}

// usage returns the usage of the manager and of the terminator.
func (o *operator) usage() (manager, terminator usage, err error) {
	if manager, err = o.manager.usage(); err != nil {
		return manager, terminator, err
	}
	terminator, err = o.terminator.usage()
	return manager, terminator, err
}

// alive returns an error if one of the two processes has ended by itself.
func (o *operator) alive() error {
	for _, p := range []*process{o.manager, o.terminator} {
		if p.hasEnded() {
			return fmt.Errorf("the %s has ended by itself", p.name)
		}
	}
	return nil
}
