#!/usr/bin/env bash
# Checks that the code is formatted and that generated files are what is
# generated now, without touching those that are committed.
. "$(dirname "$0")/lib.sh"

unformatted="$(gofmt -l api cmd config controllers hack internal test)"
if [ -n "$unformatted" ]; then
	printf 'not formatted, run make fmt:\n%s\n' "$unformatted" >&2
	exit 1
fi
for module in $(make -s print-modules print-program-modules); do
	go -C "$module" mod tidy -diff >/dev/null || { echo "go.mod or go.sum of $module is not tidy: run go -C $module mod tidy" >&2; exit 1; }
done

before="$(mktemp -d)"
trap 'rm -rf "$before"' EXIT
generated=(api charts config docs bundle bundle.Dockerfile catalog)
cp -r "${generated[@]}" "$before/"
make -s update
stale=0
for path in "${generated[@]}"; do
	diff -ru "$before/$path" "$path" || stale=1
done
if [ "$stale" = 1 ]; then
	echo "generated files were stale, and are now generated again: commit them (make update)" >&2
	exit 1
fi

# The admission policy keeps its name under the prefix of a kustomization on top.
overlay="$(mktemp -d bin/overlay.XXXXXX)"
printf 'namePrefix: my-\nresources: [../../config/default]\ntransformers: [../../config/guard/name]\n' >"$overlay/kustomization.yaml"
make -s kustomize
built="$(bin/kustomize build "$overlay")"
rm -r "$overlay"
if [ "$(grep -c '^  name: daemonset-job-guard$' <<<"$built")" != 2 ] || ! grep -q '^  policyName: daemonset-job-guard$' <<<"$built"; then
	echo "the admission policy is renamed in a kustomization on top of config/default" >&2
	exit 1
fi

# The certificate of cert-manager is for the Service, both processes serve it, and Prometheus checks it.
overlay="$(mktemp -d bin/overlay.XXXXXX)"
printf 'resources: [../../config/default, ../../config/prometheus]\ncomponents: [../../config/components/cert-manager]\n' >"$overlay/kustomization.yaml"
built="$(bin/kustomize build "$overlay")"
rm -r "$overlay"
if [ "$(grep -cE '(- |serverName: )daemonset-job-controller-manager-metrics-service\.daemonset-job-system\.svc' <<<"$built")" != 4 ] ||
	[ "$(grep -c '^        - name: METRICS_CERT_PATH$' <<<"$built")" != 2 ] || grep -qE 'SERVICE_NAME|insecureSkipVerify' <<<"$built"; then
	echo "config/components/cert-manager does not fit config/default and config/prometheus" >&2
	exit 1
fi
echo "formatted, tidy, and generated files are up to date"
