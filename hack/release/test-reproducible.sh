#!/usr/bin/env bash
# Builds what a release has in two clones of the last commit, in folders of different names,
# and compares the bytes. Both share Go's build cache: what is compared is what the project does
# with the compiler, and not the compiler.
. "$(dirname "$0")/../lib.sh"

if ! command -v buildah >/dev/null; then
	if ! command -v apt-get >/dev/null; then
		echo "buildah is missing: install it" >&2
		exit 1
	fi
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends buildah >/dev/null
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# The images have the names of the release. Those that the machine has of these names stay.
cat >"$work/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$work/storage"
runroot = "$work/run"
END
export CONTAINERS_STORAGE_CONF="$work/storage.conf"
for clone in one another/clone; do
	git clone -q --no-local . "$work/$clone"
	(
		cd "$work/$clone" || exit
		# The files of the second one have other times.
		umask 0022
		[ "$clone" = one ] || find . -path ./.git -prune -o -type f -exec touch {} +
		IMAGES_TO="$work/$clone/bin/release" make -s release-images CONTAINER_TOOL=buildah
		make -s release-artifacts
	)
done
cd "$work" || exit
diff <(cat one/dist/images.txt) <(cat another/clone/dist/images.txt)
diff <(cd one/dist && sha256sum -- *) <(cd another/clone/dist && sha256sum -- *)
echo "The same bytes from the same commit:"
cat one/dist/images.txt one/dist/checksums.txt
