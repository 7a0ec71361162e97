# Functions that the scripts of this folder share. A script sources this file, which
# then changes to the project folder.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export CLUSTER_NAME="${CLUSTER_NAME:-daemonset-job}"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# show prints a command as a user would type it, and runs it.
show() {
	printf '$ %s\n' "$*"
	"$@"
}

# local_cluster succeeds if this machine can run the local cluster. Otherwise it prints
# the reason.
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

# cluster runs the local cluster's command, and compiles it once.
cluster() {
	if [ -z "${CLUSTER_BIN:-}" ]; then
		go -C test build -o ../bin/cluster ./cluster/cmd/cluster
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

# load_images builds the images of the operator and the sample without pulling a base
# image, and loads them into the nodes. Arguments name further images by their make
# targets: load_images scorecard.
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

# find_program prints the path of a program, and gets the Debian package that has it if it is
# missing. The package is unpacked and not installed: that takes no root, and the one of
# Prometheus would start a service.
find_program() {
	local program="$1" package="$2" unpacked="$PWD/bin/debian/$2"
	if command -v "$program"; then
		return
	fi
	if [ ! -x "$unpacked/usr/bin/$program" ]; then
		if ! command -v apt-get >/dev/null; then
			echo "$program is missing, and there is no apt-get to get it with: install it, Debian has it in $package" >&2
			return 1
		fi
		mkdir -p "$unpacked"
		(
			cd "$unpacked"
			apt-get -q download "$package" || { apt-get -q update && apt-get -q download "$package"; }
			dpkg -x "$package"_*.deb .
		) >&2
	fi
	echo "$unpacked/usr/bin/$program"
}
