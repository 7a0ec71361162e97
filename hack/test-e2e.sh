#!/usr/bin/env bash
# Runs the end-to-end tests: on the cluster of KUBECONFIG, where the operator is
# deployed and the images can be pulled, or else on the local one.
. "$(dirname "$0")/lib.sh"

# The specs of the kubectl plugin run it as a user does.
make -s plugin
export PATH="$PWD/bin:$PATH"

if [ -z "${KUBECONFIG:-}" ]; then
	use_local_cluster
	load_images scorecard scorecard-test
	# All ways to install that the README names.
	make -s install
	make -s build-installer
	kubectl apply -f dist/install.yaml
	kubectl apply -k config/default
	make -s deploy
	# An image of the same name may be new: the pods of the old one go.
	kubectl -n daemonset-job-system delete pods --all --wait=false
	kubectl -n daemonset-job-system rollout status deployment/daemonset-job-controller-manager --timeout=120s
	export E2E_LOCAL_CLUSTER="$CLUSTER_NAME"
	# hack/test-upgrade.sh and make test-e2e-outage run the others.
	set -- --label-filter='!upgrade && !outage' "$@"
else
	echo "SKIPPED on the cluster of KUBECONFIG: tests labelled local, which stop parts of the cluster"
	set -- "$@" --label-filter='!local'
fi
# Most specs wait most of the time. Those that are Serial run after the others, one by one.
# bin/e2e.json then has how long each took.
go -C test run github.com/onsi/ginkgo/v2/ginkgo --tags e2e --timeout 40m --procs 3 --randomize-all --output-dir "$PWD/bin" --json-report e2e.json "$@" ./e2e
