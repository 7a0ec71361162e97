#!/usr/bin/env bash
# Installs, upgrades and uninstalls the operator with Helm on the local cluster, while Jobs
# run. What is deployed there goes before, with its Jobs, and is deployed again at the end.
. "$(dirname "$0")/lib.sh"

: "${HELM:?make test-helm sets it to the path of Helm}"
if ! reason="$(local_cluster)"; then
	echo "SKIPPED: the tests of Helm on nodes: $reason"
	exit 0
fi
use_local_cluster
work="$(mktemp -d)"
export HELM_CACHE_HOME="$work" HELM_CONFIG_HOME="$work" HELM_DATA_HOME="$work"

# remove takes away all that the releases and their test leave.
remove() {
	local release
	for release in $("$HELM" list --namespace helm-operator --all --short 2>/dev/null); do
		"$HELM" uninstall "$release" --namespace helm-operator --wait
	done
	kubectl delete namespace helm-jobs helm-operator --ignore-not-found
	make -s undeploy
}

deployed="$(kubectl get deployment --namespace daemonset-job-system daemonset-job-controller-manager --ignore-not-found --output name)"
leave() {
	remove
	[ -z "$deployed" ] || make -s deploy
	rm -rf "$work"
}

say "The operator's image and its chart"
load_images
make -s chart
remove
trap leave EXIT
HELM_CHART="$PWD/dist/daemonset-job-$(make -s print-version).tgz"
export HELM_CHART
go -C test test -tags e2e -count 1 -timeout 20m ./helm "$@"
