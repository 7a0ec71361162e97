#!/usr/bin/env bash
# Runs every check and test, after setting up all that they need, and ends with
# what passed, failed and was skipped. With CI=true a skipped part is a failure.
. "$(dirname "$0")/lib.sh"

passed=() failed=() skipped=()

# count counts a part that ended with this code, after so many seconds.
count() {
	local line
	line="$(printf '%5ds  %s' "$2" "$3")"
	if [ "$1" = 0 ]; then
		passed+=("$line")
	else
		failed+=("$line")
	fi
}

# part runs a command as one part of the tests and goes on whatever comes of it.
part() {
	local name="$1" start=$SECONDS code=0
	shift
	say "=== $name"
	"$@" || code=$?
	count "$code" $((SECONDS - start)) "$name"
}

# begin runs a command as a part beside the next ones, until finish waits for it and
# prints what it has printed. It has a process group of its own, which an interrupt ends.
begin() {
	beside="$1" beside_output="$(mktemp)"
	shift
	set -m
	(
		start=$SECONDS code=0
		"$@" || code=$?
		echo "$code $((SECONDS - start))" >"$beside_output.end"
	) >"$beside_output" 2>&1 &
	beside_group=$!
	set +m
	trap 'kill -- "-$beside_group" 2>/dev/null || true' EXIT
}

finish() {
	local end
	wait "$beside_group" || true
	trap - EXIT
	say "=== $beside, beside the part before"
	cat "$beside_output"
	read -r -a end <"$beside_output.end"
	count "${end[@]}" "$beside"
	rm "$beside_output" "$beside_output.end"
}

# in_a_copy runs a command in a copy of the project, where it may generate files that other
# parts read.
in_a_copy() {
	local copy code=0
	copy="$(mktemp -d)"
	tar --exclude=./.git --exclude=./bin -cf - . | tar -xf - -C "$copy" && (cd "$copy" && "$@") || code=$?
	rm -rf "$copy"
	return "$code"
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
# The first keeps the processors busy, and the second waits most of the time.
if [ -z "${KUBECONFIG:-}" ] && local_cluster >/dev/null; then
	begin "installed by OLM" in_a_copy make -s test-olm
	part "unit and API server tests" make -s test-integration
	finish
else
	part "unit and API server tests" make -s test-integration
fi
if [ -n "${KUBECONFIG:-}" ] || reason="$(local_cluster)"; then
	part "end-to-end tests" make -s test-e2e
else
	skip "end-to-end tests" "$reason; set KUBECONFIG to run them on another cluster"
fi
if [ -z "${KUBECONFIG:-}" ] && local_cluster >/dev/null; then
	part "the demo" make -s demo
	part "upgraded from the first version" make -s test-upgrade
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
