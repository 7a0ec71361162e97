#!/usr/bin/env bash
# Adds a kind with its controller to a copy of the project with the code that operator-sdk
# has for it, and builds what comes of it. Then it adds a webhook. That is not built:
# operator-sdk writes it for an older controller-runtime.
. "$(dirname "$0")/lib.sh"

copy="$(mktemp -d)"
trap 'rm -rf "$copy"' EXIT
tar -c --exclude=./.git --exclude=./bin . | tar -x -C "$copy"
cd "$copy"

# scaffold fails also where operator-sdk tells the user to edit a file by hand.
scaffold() {
	"$KUBEBUILDER" create "$@" 2>&1 | tee log
	if grep -q 'level=error' log; then
		return 1
	fi
}

# holds fails if config/default lacks an object of this kind and name.
holds() {
	bin/kustomize build config/default | grep -A 8 "^kind: $1$" | grep -q "^  name: $2$" || {
		echo "config/default lacks the $1 $2" >&2
		return 1
	}
}

scaffold api --group daemonset --version v1beta1 --kind Example --resource --controller
make -s build kustomize
holds CustomResourceDefinition examples.daemonset.darkowlzz.space
holds ClusterRole daemonset-job-example-editor-role
go vet ./api/... ./cmd/... ./internal/controller/...

scaffold webhook --group daemonset --version v1beta1 --kind Job --defaulting --programmatic-validation
make -s manifests
holds MutatingWebhookConfiguration daemonset-job-mutating-webhook-configuration
holds ValidatingWebhookConfiguration daemonset-job-validating-webhook-configuration
