#!/usr/bin/env bash
# Builds the archives of the kubectl plugin twice, at different times and with different rights
# for new files, and compares them. Then krew checks its manifest and installs each archive.
. "$(dirname "$0")/lib.sh"

make -s plugin-archives
first="$(mktemp -d)"
trap 'rm -rf "$first"' EXIT
cp dist/kubectl-node_job_* dist/checksums.txt dist/node-job.yaml "$first/"
(umask 077 && make -s plugin-archives)
for file in "$first"/*; do
	cmp "$file" "dist/${file##*/}" || { echo "two builds of the same source differ in ${file##*/}" >&2; exit 1; }
done
(cd dist && sha256sum --quiet --check checksums.txt)
PLUGIN_DIST="$PWD/dist" go -C hack/krew test -count=1 ./...
