#!/usr/bin/env bash
# Runs the tests that take too long for make test, or need more than it sets up. Each line
# below is a make target. It goes on whatever comes of one, and ends with what passed and failed.
. "$(dirname "$0")/lib.sh"

parts=(
	test-unit
	test-upgrade
	test-olm
	test-page
	test-plugin-release
	test-reproducible
	test-plugin-scale
	test-e2e-outage
	test-chart-releases
	test-kube-state-metrics
	test-helm
	test-dashboard
)

SECONDS=0
passed=() failed=()
for name in "${parts[@]}"; do
	say "=== make $name"
	start=$SECONDS code=0
	make -s "$name" || code=$?
	line="$(printf '%5ds  %s' $((SECONDS - start)) "$name")"
	if [ "$code" = 0 ]; then
		passed+=("$line")
	else
		failed+=("$line")
	fi
done

say "Summary after ${SECONDS}s:"
[ ${#passed[@]} = 0 ] || printf 'passed  %s\n' "${passed[@]}"
[ ${#failed[@]} = 0 ] || printf 'FAILED  %s\n' "${failed[@]}"
[ ${#failed[@]} = 0 ]
