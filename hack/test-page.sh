#!/usr/bin/env bash
# Tests the page of the plugin's results in the browser that BROWSER names. Without it that is
# Debian's chromium, which is installed if it is missing.
. "$(dirname "$0")/lib.sh"

if [ -z "${BROWSER:-}" ]; then
	if ! command -v chromium >/dev/null; then
		if ! command -v apt-get >/dev/null; then
			echo "chromium is missing: install it, or name another browser in BROWSER" >&2
			exit 1
		fi
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null
	fi
	BROWSER="$(command -v chromium)"
	export BROWSER
fi
go -C cmd/kubectl-node_job test -count=1 -timeout 10m -run InABrowser ./internal/page
