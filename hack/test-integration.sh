#!/usr/bin/env bash
# Runs the tests of all modules that need no nodes, some of them against a real API
# server from KUBEBUILDER_ASSETS, with the race detector, and prints how much of the
# API and the controllers they cover.
. "$(dirname "$0")/lib.sh"

: "${KUBEBUILDER_ASSETS:?set it to the folder that make kubernetes prints}"
mkdir -p bin
profile=bin/coverage.out
go test -race -shuffle=on -timeout 25m -coverprofile "$profile" \
	-coverpkg ./api/...,./controllers/...,./internal/... "$@" ./...
# Some tests run only without the race detector, and say why. None of them needs the API server.
mapfile -t without_race < <(grep -rl --include='*_test.go' '^//go:build !race' . | xargs -n1 dirname | sort -u)
env -u CI -u KUBEBUILDER_ASSETS go test -shuffle=on -timeout 10m "$@" "${without_race[@]}"
for module in $(make -s print-modules); do
	[ "$module" = . ] || go -C "$module" test -race -shuffle=on -timeout 15m "$@" ./...
done
say "Coverage:"
go tool cover -func "$profile" | awk '
	/^total:/ { total = $3 }
	/\/(api|controllers|internal)\// && !/zz_generated/ {
		split($1, path, ":"); folder = path[1]
		sub(/^github.com\/darkowlzz\/daemonset-job\//, "", folder); sub(/\/[^\/]*$/, "", folder)
		sum[folder] += $3; count[folder]++
	}
	END { for (f in sum) printf "  %5.1f%%  %s\n", sum[f] / count[f], f | "sort -k2"; close("sort -k2"); print "  " total "  of all statements" }'
