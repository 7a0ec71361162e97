#!/usr/bin/env bash
# Runs the tests that install the operator from a catalogue with OLM, on a local
# cluster of their own whose nodes pull every image from a registry.
#
# What the tests install is made as a release is: images, bundle and catalogue
# are built and pushed by the targets of the Makefile, for two versions.
export CLUSTER_NAME="${CLUSTER_NAME:-olm}" CLUSTER_SLOT="${CLUSTER_SLOT:-2}" NODES="${NODES:-2}"
. "$(dirname "$0")/lib.sh"

PREVIOUS=0.0.9
CURRENT="$(make -s print-version)"

work="$(mktemp -d)"
leave() {
	[ -z "${registry:-}" ] || kill "$registry" 2>/dev/null || true
	cluster down && cluster verify-clean
	rm -rf "$work"
}
trap leave EXIT

OLM_PROGRAMS="$(make -s olm-tools | tail -1)"
OLMV1="$(make -s olmv1 | tail -1)"
export OLM_PROGRAMS OLMV1
# What an interrupted run left installed, or its images, must not be tested.
cluster down
use_local_cluster
address="$(cluster address):5000"
"$OLM_PROGRAMS/crane" registry serve --address "$address" >"$work/registry.log" 2>&1 &
registry=$!
cluster mirror "http://$address"
export OLM_REGISTRY="$address"

# release builds and pushes all that is released of a version, and what follows
# are further settings for make: release 0.1.0 REPLACES=0.0.9
release() {
	local version="$1"
	shift
	local make=(make -s VERSION="$version" BASE_IMAGE=scratch PUSH_ARGS=--tls-verify=false
		PUSH_TO="docker://$address/\$(IMG:docker.io/%=%)" CONTAINER_TOOL=buildah
		BUNDLE_DIR=bin/olm/bundle BUNDLE_DOCKERFILE=bin/olm/bundle.Dockerfile CATALOG_DIR="bin/olm/catalog" "$@")
	"${make[@]}" docker-build docker-push
	"${make[@]}" scorecard-build scorecard-push
	"${make[@]}" bundle bundle-build bundle-push
	"${make[@]}" catalog
	"${make[@]}" catalog-build catalog-push BASE_IMAGE=localhost/opm:local
}

# push an image by the name that it has in the world, for which the nodes ask the
# registry without its host.
push() { buildah push --quiet --tls-verify=false "$1" "docker://$address/${2#*/}"; }

say "What OLM runs"
make -s sample-image-local
push "$(make -s print-sample-img)" "$(make -s print-sample-img)"
cp "$OLM_PROGRAMS"/{opm,cpb} "$work/"
for program in opm cpb; do
	printf 'FROM localhost/busybox:local\nCOPY %s /bin/\n' "$program" |
		buildah bud --quiet --isolation chroot -t "localhost/$program:local" -f - "$work" >/dev/null
done
push localhost/opm:local quay.io/operator-framework/opm:v1.73.0
push localhost/cpb:local quay.io/operator-framework/olm:v0.45.0

say "The previous version, and this one, in a catalogue"
rm -rf bin/olm
release "$PREVIOUS"
release "$CURRENT" REPLACES="$PREVIOUS" SKIP_RANGE="<$CURRENT"

export OLM_VERSION="$CURRENT" OLM_PREVIOUS_VERSION="$PREVIOUS"
OLM_CATALOG_IMG="$(make -s print-catalog-img)"
OLM_PREVIOUS_CATALOG_IMG="$(make -s print-catalog-img VERSION="$PREVIOUS")"
export OLM_CATALOG_IMG OLM_PREVIOUS_CATALOG_IMG
go -C test test -tags e2e -count 1 -timeout 30m ./olm -v -ginkgo.v=false "$@"
