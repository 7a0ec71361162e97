#!/usr/bin/env bash
# Shows the operator's main use from the start: it makes a cluster of three nodes,
# deploys the operator and applies the sample manifest. The Job deletes a directory on
# every node and is then deleted itself. Then it runs a command on every node with the
# kubectl plugin. The script fails if any of this fails.
. "$(dirname "$0")/lib.sh"

if ! reason="$(local_cluster)"; then
	echo "$reason." >&2
	echo "To see the same on a cluster that you have: make deploy IMG=…, kubectl apply -f config/samples/daemonset_v1beta1_job.yaml" >&2
	exit 3
fi

SECONDS=0
steps=()
# step prints a headline, runs a function and records how long it took.
step() {
	local start=$SECONDS
	say "$1"
	"$2"
	steps+=("$(printf '%4ds  %s' $((SECONDS - start)) "$1")")
}

bring_up() { use_local_cluster; }

deploy() {
	load_images
	make -s deploy
	show kubectl -n daemonset-job-system rollout status deployment/daemonset-job-controller-manager --timeout=120s
}

prepare() {
	for node in $(cluster node list); do
		tmp="$(cluster node tmp "$node")"
		mkdir -p "$tmp/foo/bar"
		echo "something to delete" >"$tmp/foo/bar/file"
		printf '%s has %s\n' "$node" "/tmp/foo: $(find "$tmp/foo" -type f | wc -l) file"
	done
}

run_job() {
	show cat config/samples/daemonset_v1beta1_job.yaml
	show kubectl apply -f config/samples/daemonset_v1beta1_job.yaml
	# The watch shows the progress to the user. Only the wait decides success.
	timeout 60 kubectl get dsj job-sample --watch 2>/dev/null &
	watch=$!
	show kubectl wait --for=delete jobs.daemonset.darkowlzz.space/job-sample --timeout=60s
	kill "$watch" 2>/dev/null || true
	wait "$watch" 2>/dev/null || true
}

check() {
	local failed=0 left
	for node in $(cluster node list); do
		if [ -e "$(cluster node tmp "$node")/foo" ]; then
			echo "FAILED: $node still has /tmp/foo"
			failed=1
		else
			echo "$node has no /tmp/foo any more"
		fi
	done
	for _ in $(seq 60); do
		left="$(kubectl get jobs.daemonset.darkowlzz.space,daemonsets,pods -l daemonset-job=true --all-namespaces -o name
			kubectl get jobs.daemonset.darkowlzz.space --all-namespaces -o name)"
		[ -z "$left" ] && break
		sleep 0.5
	done
	if [ -n "$left" ]; then
		echo "FAILED: these objects still exist: $left"
		failed=1
	else
		echo "no Job, DaemonSet or pod is left"
	fi
	return "$failed"
}

run_command() {
	make -s plugin
	ln -sf "$KUBECTL" bin/kubectl
	PATH="$PWD/bin:$PATH"
	show kubectl node-job run --image=docker.io/darkowlzz/cleanup:v0.0.2 -- uname -r
}

step "A cluster of three nodes" bring_up
step "The operator" deploy
step "Something to delete on each node" prepare
step "The Job" run_job
step "What is left" check
step "A command on each node" run_command

say "Done in ${SECONDS}s:"
printf '%s\n' "${steps[@]}"
echo
echo "The cluster is still there:"
echo "export KUBECONFIG=$KUBECONFIG PATH=$PWD/bin:\$PATH"
echo "kubectl get nodes"
echo "To remove it: make cluster-down"
