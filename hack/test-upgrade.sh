#!/usr/bin/env bash
# Upgrades the operator on the local cluster, with Jobs at work and finished: from the
# first version, built from its commit, to that of this folder.
. "$(dirname "$0")/lib.sh"

# A source archive and a shallow clone lack it.
FIRST_VERSION=ecd57928f53b87b83c00b246ea2367e534bf2b4f
if ! git cat-file -e "$FIRST_VERSION^{commit}" 2>/dev/null; then
	echo "SKIPPED: the upgrade from the first version: commit ${FIRST_VERSION:0:7} is not here: git fetch --unshallow"
	exit 0
fi
use_local_cluster
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

say "The version of this folder"
load_images
make -s build-installer
UPGRADE_IMG="$(make -s print-img)"

say "The first version"
first="$UPGRADE_IMG-first"
git archive "$FIRST_VERSION" | tar -x -C "$work"
make -s -C "$work" docker-build build-installer BASE_IMAGE=scratch IMG="$first"
cluster load "$first"
# What an earlier run deployed goes, with its Jobs: its CRD must not be the first one.
make -s undeploy
kubectl apply -f "$work/dist/install.yaml"
kubectl -n daemonset-job-system rollout status deployment/daemonset-job-controller-manager --timeout=120s

export E2E_LOCAL_CLUSTER="$CLUSTER_NAME" E2E_UPGRADE_TO="$PWD/dist/install.yaml" E2E_UPGRADE_IMG="$UPGRADE_IMG"
go -C test test -tags e2e -count 1 -timeout 20m ./e2e -v -ginkgo.v=false -ginkgo.label-filter=upgrade "$@"
