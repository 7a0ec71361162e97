#!/usr/bin/env bash
# Draws the pictures of docs/plugin.md: what the kubectl plugin really shows on a terminal, on the
# local cluster with the operator.
. "$(dirname "$0")/lib.sh"

# The page of results -o html is drawn by its own test in a browser.
page="$(mktemp -d)"
PICTURES="$page" make -s test-page
mkdir -p docs/images
mv "$page/results.png" docs/images/
rm -r "$page"

use_local_cluster
load_images
make -s plugin deploy
kubectl -n daemonset-job-system rollout status deployment/daemonset-job-controller-manager --timeout=120s
go -C hack/terminal build -o ../../bin/terminal .

# The pictures need not name a namespace: that of a kubeconfig of their own is it.
work="$(mktemp -d)"
cp "$KUBECONFIG" "$work/kubeconfig"
export KUBECONFIG="$work/kubeconfig" PATH="$PWD/bin:$PATH"
kubectl create namespace pictures --dry-run=client -o yaml | kubectl apply -f -
kubectl config set-context --current --namespace=pictures
read -r -a nodes <<<"$(cluster node list | tr '\n' ' ')"
leave() {
	kubectl delete namespace pictures --wait=false
	for node in "${nodes[@]}"; do rm -f "$(cluster node tmp "$node")/agent-version"; done
	rm -rf "$work"
}
trap leave EXIT

# draw draws what a command line shows into a picture. Further arguments are flags of terminal.
draw() {
	local out="docs/images/plugin-$1.svg" line="$2"
	shift 2
	bin/terminal -out "$out" -prompt "$line" -width 88 "$@" -- bash -c "$line"
	echo "$out"
}

mkdir -p docs/images
for node in "${nodes[@]:1}"; do echo "agent 2.4.1" >"$(cluster node tmp "$node")/agent-version"; done
draw run "kubectl node-job run --image=docker.io/darkowlzz/cleanup:v0.0.2 --mount=/tmp -- cat /basetarget/agent-version"

kubectl apply -f - <<EOF
apiVersion: daemonset.darkowlzz.space/v1beta1
kind: Job
metadata:
  name: agent-update
spec:
  completionMode: Exit
  backoffLimit: 0
  maxFailedNodes: 100%
  ttlSecondsAfterFinished: 600
  image: docker.io/darkowlzz/cleanup:v0.0.2
  command:
  - sh
  - -c
  - |
    case \$NODE_NAME in
    ${nodes[1]}) sleep 12 ;;
    ${nodes[2]}) echo "no space left on device"; exit 7 ;;
    esac
    echo "updated to 2.4.1"
EOF
draw status "kubectl node-job status agent-update --watch" -until "(?s)${nodes[0]} +Done.*${nodes[1]} +Working.*${nodes[2]} +Failed"
kubectl node-job wait agent-update || [ $? = 1 ]
draw logs "kubectl node-job logs agent-update"
