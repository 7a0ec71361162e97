#!/usr/bin/env bash
# Runs each query of the dashboard and of the alerts on a Prometheus that scrapes the operator and
# kube-state-metrics, while Jobs run on simulated nodes.
. "$(dirname "$0")/lib.sh"

: "${KUBE_STATE_METRICS:?make test-dashboard sets it, and KWOK and KUBEBUILDER_ASSETS}"
PROMETHEUS="$(find_program prometheus prometheus)"
export PROMETHEUS
make -s binaries
go -C test test -count 1 -timeout 15m -run Dashboard ./monitoring "$@"
