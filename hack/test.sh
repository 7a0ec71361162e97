#!/usr/bin/env bash
# Runs every check and test, after setting up all that they need, and ends with
# what passed, failed and was skipped. With CI=true a skipped part is a failure.
. "$(dirname "$0")/lib.sh"

passed=() failed=() skipped=()

# part runs a command as one part of the tests and goes on whatever comes of it.
part() {
	local name="$1" start=$SECONDS
	shift
	say "=== $name"
	if "$@"; then
		passed+=("$(printf '%5ds  %s' $((SECONDS - start)) "$name")")
	else
		failed+=("$(printf '%5ds  %s' $((SECONDS - start)) "$name")")
	fi
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
part "unit tests, with Go alone" env -u CI -u KUBEBUILDER_ASSETS make -s test-unit
part "Kubernetes is built" make -s kubernetes
part "tools are built" make -s tools
part "generated files and formatting" hack/verify.sh
part "go vet" make -s vet
part "lint" make -s lint
part "operator-sdk adds a kind" make -s test-scaffold
part "unit and API server tests" make -s test-integration
if [ -n "${KUBECONFIG:-}" ] || reason="$(local_cluster)"; then
	part "end-to-end tests" make -s test-e2e
else
	skip "end-to-end tests" "$reason; set KUBECONFIG to run them on another cluster"
fi
if [ -z "${KUBECONFIG:-}" ] && local_cluster >/dev/null; then
	part "the demo" make -s demo
	part "upgraded from the first version" make -s test-upgrade
	part "installed by OLM" make -s test-olm
	part "a short benchmark" make -s bench NODES=100 CASES=1,2,3,5 BENCH_ARGS="-rounds 1 -quiet 15s -check"
	part "a short soak" make -s soak SOAK_TIME=1m
	part "the clusters leave nothing behind" leave
else
	skip "the demo" "${reason:-it runs on the local cluster}"
	skip "upgraded from the first version" "${reason:-it runs on the local cluster}"
	skip "installed by OLM" "${reason:-it runs on a local cluster of its own}"
	skip "a short benchmark" "${reason:-it runs on a local cluster of its own}"
	skip "a short soak" "${reason:-it runs on a local cluster of its own}"
fi

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
