# What the scripts of this folder share. To be sourced from the project folder.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export CLUSTER_NAME="${CLUSTER_NAME:-daemonset-job}"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# show a command before it is run, as a person would type it.
show() {
	printf '$ %s\n' "$*"
	"$@"
}

# local_cluster succeeds where the local cluster can be used, and says why not
# otherwise.
local_cluster() {
	if [ "$(uname -s)" != Linux ]; then
		echo "the local cluster needs Linux"
		return 1
	fi
	if [ "$(id -u)" != 0 ]; then
		echo "the local cluster needs root: it makes network and mount namespaces, and runs containers"
		return 1
	fi
}

# cluster runs the command of the local cluster, compiled once.
cluster() {
	if [ -z "${CLUSTER_BIN:-}" ]; then
		go build -o bin/cluster ./test/cluster/cmd/cluster
		CLUSTER_BIN=bin/cluster
	fi
	"$CLUSTER_BIN" "$@"
}

# use_local_cluster brings the local cluster up, and points kubectl at it.
use_local_cluster() {
	cluster up
	local kubernetes
	kubernetes="$(cluster build)"
	export KUBECONFIG="/var/lib/daemonset-job/$CLUSTER_NAME/kubeconfig" KUBECTL="$kubernetes/kubectl" KUBEBUILDER_ASSETS="$kubernetes"
	export PATH="$kubernetes:$PATH"
}

# load_images builds the operator's image and the sample's, from what this
# machine has, and gives them to the nodes. Others that are built as well are
# named by their make targets: load_images scorecard.
load_images() {
	make -s docker-build BASE_IMAGE=scratch
	make -s sample-image-local
	cluster load "$(make -s print-img)"
	cluster load "$(make -s print-sample-img)"
	local other
	for other in "$@"; do
		make -s "$other-build" BASE_IMAGE=scratch
		cluster load "$(make -s "print-$other-img")"
	done
}
