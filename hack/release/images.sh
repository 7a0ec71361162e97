#!/usr/bin/env bash
# Builds and pushes the images of a release for all platforms, pushes its chart, and writes all
# digests to dist/images.txt. IMAGES_TO is a folder that buildah or podman writes the images to
# instead, as OCI layouts.
. "$(dirname "$0")/../lib.sh"

tool="$(basename "$(make -s print-container-tool)")"
mkdir -p dist bin/release
: >dist/images.txt

# push builds an image of a Dockerfile: the name of its make variable's printer, and the file.
push() {
	local image digest file="bin/release/$1" to=
	image="$(make -s "print-$1")"
	case "$tool" in
	docker)
		# BuildKit adds what is in the image and how it was built.
		make -s docker-buildx IMG="$image" DOCKERFILE="$2" PUSH_ARGS="--sbom=true --provenance=mode=max --metadata-file=$file.json"
		digest="$(sed -n 's/.*"containerimage.digest": *"\([^"]*\)".*/\1/p' "$file.json")"
		;;
	*)
		[ -z "${IMAGES_TO:-}" ] || to="oci:$IMAGES_TO/$1"
		make -s docker-buildx IMG="$image" DOCKERFILE="$2" PUSH_ARGS="--digestfile=$file.digest" PUSH_TO="$to"
		digest="$(cat "$file.digest")"
		;;
	esac
	printf '%s@%s\n' "$image" "$digest" | tee -a dist/images.txt
}

push img Dockerfile
push scorecard-img test/scorecard/Dockerfile
push bundle-img bundle.Dockerfile
# The others stand on images that are pulled: a test of what is built here leaves them out.
if [ -z "${IMAGES_TO:-}" ]; then
	push sample-img config/samples/cleanup/Dockerfile
	push catalog-img catalog.Dockerfile
	version="$(make -s print-version)"
	pushed="$("$HELM" push ${HELM_PUSH_ARGS:-} "dist/daemonset-job-$version.tgz" "$CHART_REPOSITORY" 2>&1)" || { echo "$pushed" >&2; exit 1; }
	# Helm prints the digest of what it pushed on a line of its own.
	printf '%s/daemonset-job:%s@%s\n' "${CHART_REPOSITORY#oci://}" "$version" "$(sed -n 's/^Digest: *//p' <<<"$pushed")" | tee -a dist/images.txt
fi
