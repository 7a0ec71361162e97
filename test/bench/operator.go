package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// operator is the two binaries at work.
type operator struct {
	manager, terminator *process
}

// The ports of the operator's servers are those that it has in a pod, moved out of
// the way of others.
const (
	managerMetrics, managerProbes, managerProfiles          = "127.0.0.1:28080", "127.0.0.1:28081", "127.0.0.1:28090"
	terminatorMetrics, terminatorProbes, terminatorProfiles = "127.0.0.1:28082", "127.0.0.1:28083", "127.0.0.1:28092"
)

// startOperator starts both binaries, and returns when they are ready. more are
// further flags of the terminator.
func (e *env) startOperator(ctx context.Context, more ...string) (*operator, error) {
	o := &operator{}
	if err := e.startManager(o); err != nil {
		return nil, err
	}
	if err := e.startTerminator(o, more...); err != nil {
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
	o.manager, err = start(e.folder, "manager", e.containerEnv["manager"], e.programs.manager, e.flags(managerMetrics, managerProbes, managerProfiles)...)
	return err
}

func (e *env) startTerminator(o *operator, more ...string) (err error) {
	o.terminator, err = start(e.folder, "terminator", e.containerEnv["terminator"], e.programs.terminator,
		append(e.flags(terminatorMetrics, terminatorProbes, terminatorProfiles), more...)...)
	return err
}

func (e *env) flags(metrics, probes, profiles string) []string {
	return []string{
		"--kubeconfig=" + e.kubeconfig, "--leader-election-namespace=" + operatorNamespace,
		// One that is started again is in the same pod, and need not wait for its lease.
		"--pod-uid=bench", "--metrics-bind-address=" + metrics, "--health-probe-bind-address=" + probes, "--pprof-bind-address=" + profiles,
	}
}

func (o *operator) stop() {
	o.manager.stop()
	o.terminator.stop()
}

// usage of the manager and the terminator.
func (o *operator) usage() (manager, terminator usage, err error) {
	if manager, err = o.manager.usage(); err != nil {
		return manager, terminator, err
	}
	terminator, err = o.terminator.usage()
	return manager, terminator, err
}

// alive says which of the two has ended by itself.
func (o *operator) alive() error {
	for _, p := range []*process{o.manager, o.terminator} {
		select {
		case <-p.ended:
			return fmt.Errorf("the %s has ended by itself", p.name)
		default:
		}
	}
	return nil
}
