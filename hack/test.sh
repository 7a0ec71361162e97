#!/usr/bin/env bash
# Runs every check and the tests that are quick, after setting up all that they need, and ends
# with what passed, failed and was skipped. hack/test-extra.sh runs the others. With CI=true a
# skipped part is a failure.
. "$(dirname "$0")/lib.sh"

passed=() failed=() skipped=()
# why has what the failed parts said about it, which the end repeats: it is far above by then.
why="$(mktemp)"
trap 'rm -f "$why"' EXIT

# count counts a part that ended with this code, after so many seconds, with this output.
count() {
	local line
	line="$(printf '%5ds  %s' "$2" "$3")"
	if [ "$1" = 0 ]; then
		passed+=("$line")
	else
		failed+=("$line")
		say "$3 failed:" >>"$why"
		failures "$4" >>"$why"
	fi
}

# failures prints what Go, Ginkgo or a script said at each failure, else the last lines.
failures() {
	grep -aE -A 12 -e '--- FAIL|\[FAILED\]|\[PANICKED\]|^panic: ' "$1" | cut -c 1-300 | head -n 80 || tail -n 20 "$1"
}

# part runs a command as one part of the tests and goes on whatever comes of it.
part() {
	local name="$1" start=$SECONDS code=0 output
	shift
	output="$(mktemp)"
	say "=== $name"
	"$@" 2>&1 | tee "$output" || code=$?
	count "$code" $((SECONDS - start)) "$name" "$output"
	rm "$output"
}

skip() {
	say "=== SKIPPED: $1: $2"
	skipped+=("        $1: $2")
}

# leave takes the operator, then the cluster away, and looks for what is left.
leave() {
	use_local_cluster >/dev/null && make -s undeploy && make -s cluster-down && cluster verify-clean
}

SECONDS=0
part "Kubernetes is built" make -s kubernetes
part "tools are built" make -s tools
part "generated files and formatting" hack/verify.sh
part "go vet" make -s vet
part "lint" make -s lint
part "alerts" make -s test-alerts
part "the Helm chart" make -s test-chart
part "operator-sdk adds a kind" make -s test-scaffold
part "OLM v1 takes bundle and catalogue" make -s test-olmv1
part "unit and API server tests" make -s test-integration
if [ -n "${KUBECONFIG:-}" ] || reason="$(local_cluster)"; then
	part "end-to-end tests" make -s test-e2e
else
	skip "end-to-end tests" "$reason; set KUBECONFIG to run them on another cluster"
fi
if [ -z "${KUBECONFIG:-}" ] && local_cluster >/dev/null; then
	part "the demo" make -s demo
	part "a short benchmark" make -s bench NODES=100 CASES=1,2,3,5 BENCH_ARGS="-rounds 1 -quiet 15s -check"
	part "a short soak" make -s soak SOAK_TIME=1m
	part "the clusters leave nothing behind" leave
else
	skip "the demo" "${reason:-it runs on the local cluster}"
	skip "a short benchmark" "${reason:-it runs on a local cluster of its own}"
	skip "a short soak" "${reason:-it runs on a local cluster of its own}"
fi

cat "$why"
say "Summary after ${SECONDS}s:"
[ ${#passed[@]} = 0 ] || printf 'passed  %s\n' "${passed[@]}"
[ ${#failed[@]} = 0 ] || printf 'FAILED  %s\n' "${failed[@]}"
[ ${#skipped[@]} = 0 ] || printf 'SKIPPED %s\n' "${skipped[@]}"
echo "${#passed[@]} passed, ${#failed[@]} failed, ${#skipped[@]} skipped"
[ ${#failed[@]} = 0 ] || exit 1
if [ "${CI:-}" = true ] && [ ${#skipped[@]} -gt 0 ]; then
	echo "a part that should run in CI was skipped" >&2
	exit 1
fi
