#!/usr/bin/env bash
# Prints what CHANGELOG.md says of a version, which is the first argument: v0.1.0. With -check
# before it, it fails unless the version is that of the Makefile and has its notes.
. "$(dirname "$0")/../lib.sh"

check=
if [ "${1:-}" = -check ]; then
	check=true
	shift
fi
version="${1:?name the version, as v0.1.0}"
notes="$(awk -v heading="## ${version#v}" '
	/^## / { inside = $0 == heading || index($0, heading " ") == 1; next }
	inside' CHANGELOG.md)"
if [ -z "${notes//[[:space:]]/}" ]; then
	echo "CHANGELOG.md has no notes of ${version#v}: rename \"## Unreleased\" to \"## ${version#v} - $(date -u +%F)\"" >&2
	exit 1
fi
if [ -n "$check" ]; then
	built="v$(make -s print-version)"
	if [ "$version" != "$built" ]; then
		echo "$version is released, but the Makefile builds $built: set VERSION in it, and run make update" >&2
		exit 1
	fi
	exit
fi
printf '%s\n' "$notes"
