# Tools come from Go modules at a fixed version, and are built once for all clones:
# the version is in the name of a tool's folder.

comma := ,

CONTROLLER_TOOLS_VERSION := v0.23.0
KUSTOMIZE_VERSION := v5.8.2
# The version whose plugins operator-sdk v1.42 uses to add kinds and webhooks.
KUBEBUILDER_VERSION := v4.6.0
GOVULNCHECK_VERSION := v1.9.0
ACTIONLINT_VERSION := v1.7.12
# golangci-lint and its plugin have their versions in a go.mod of their own.
LINT_VERSION := $(shell cat hack/lint/* | cksum | cut -d' ' -f1)
# OLM, opm and crane have theirs in one as well.
OLM_VERSION := $(shell cat hack/olm/* | cksum | cut -d' ' -f1)
# What OLM v1 does before it writes, too.
OLMV1_VERSION := $(shell cat $(filter-out %_test.go,$(wildcard hack/olmv1/*)) | cksum | cut -d' ' -f1)
# Helm, which checks and installs the chart, too.
HELM_VERSION := $(shell cat hack/helm/* | cksum | cut -d' ' -f1)
# kwok, which simulates nodes, too.
KWOK_VERSION := $(shell cat hack/kwok/* | cksum | cut -d' ' -f1)
# kube-state-metrics, which exports metrics of each Job, too.
KUBE_STATE_METRICS_VERSION := $(shell cat hack/kube-state-metrics/go.* | cksum | cut -d' ' -f1)
# OpenKruise, which the benchmark compares with if it is asked to.
KRUISE_VERSION := $(shell cat hack/kruise/* | cksum | cut -d' ' -f1)
# And scorecard's standard tests, which are part of operator-sdk.
SCORECARD_TEST_VERSION := $(shell cat hack/operator-sdk/* | cksum | cut -d' ' -f1)

CONTROLLER_GEN := $(CACHE)/tools/controller-gen-$(CONTROLLER_TOOLS_VERSION)/controller-gen
KUSTOMIZE := $(CACHE)/tools/kustomize-$(KUSTOMIZE_VERSION)/kustomize
KUBEBUILDER := $(CACHE)/tools/kubebuilder-$(KUBEBUILDER_VERSION)/kubebuilder
GOVULNCHECK := $(CACHE)/tools/govulncheck-$(GOVULNCHECK_VERSION)/govulncheck
ACTIONLINT := $(CACHE)/tools/actionlint-$(ACTIONLINT_VERSION)/actionlint
GOLANGCI_LINT := $(CACHE)/tools/golangci-lint-$(LINT_VERSION)/golangci-lint
OLM_BIN := $(CACHE)/tools/olm-$(OLM_VERSION)
OPM := $(OLM_BIN)/opm
OLMV1 := $(CACHE)/tools/olmv1-$(OLMV1_VERSION)/olmv1
HELM := $(CACHE)/tools/helm-$(HELM_VERSION)/helm
KWOK := $(CACHE)/tools/kwok-$(KWOK_VERSION)/kwok
KUBE_STATE_METRICS := $(CACHE)/tools/kube-state-metrics-$(KUBE_STATE_METRICS_VERSION)/kube-state-metrics
KRUISE := $(CACHE)/tools/kruise-$(KRUISE_VERSION)/kruise
SCORECARD_TEST := $(CACHE)/tools/scorecard-test-$(SCORECARD_TEST_VERSION)/scorecard-test

.PHONY: tools
tools: $(CONTROLLER_GEN) $(KUSTOMIZE) $(KUBEBUILDER) $(GOLANGCI_LINT) $(ACTIONLINT) $(OPM) $(KWOK) $(HELM) $(SCORECARD_TEST) ## Build the tools that development needs.

$(CONTROLLER_GEN):
	$(call build-tool,go install sigs.k8s.io/controller-tools/cmd/controller-gen@$(CONTROLLER_TOOLS_VERSION))
$(KUSTOMIZE):
	$(call build-tool,go install sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE_VERSION))
$(KUBEBUILDER):
	$(call build-tool,go install sigs.k8s.io/kubebuilder/v4@$(KUBEBUILDER_VERSION))
$(GOVULNCHECK):
	$(call build-tool,go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION))
$(ACTIONLINT):
	$(call build-tool,go install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION))
$(GOLANGCI_LINT):
	$(call build-tool,go -C hack/lint build -trimpath -ldflags '-s -w' -o "$$GOBIN/golangci-lint" .)
# The tags leave out what opm has for images on a Btrfs or behind GPGME.
$(OPM):
	$(call build-tool,go -C hack/olm install -trimpath -ldflags '-s -w' -tags containers_image_openpgp$(comma)exclude_graphdriver_btrfs tool)
$(SCORECARD_TEST):
	$(call build-tool,go -C hack/operator-sdk install -trimpath -ldflags '-s -w' -tags containers_image_openpgp$(comma)exclude_graphdriver_btrfs tool)
$(HELM):
	$(call build-tool,go -C hack/helm install -trimpath -ldflags '-s -w' tool)
$(KWOK):
	$(call build-tool,go -C hack/kwok install -trimpath -ldflags '-s -w' tool)
$(KUBE_STATE_METRICS):
	$(call build-tool,go -C hack/kube-state-metrics install -trimpath -ldflags '-s -w' tool)

# OLM v1's CRDs lie beside it.
$(OLMV1):
	$(call build-tool,go -C hack/olmv1 build -trimpath -ldflags '-s -w' -o "$$GOBIN/olmv1" . && mkdir "$$GOBIN/crd" && \
		cp --no-preserve=mode "$$(go -C hack/olmv1 list -m -f '{{.Dir}}' github.com/operator-framework/operator-controller)"/helm/olmv1/base/*/crd/standard/*.yaml "$$GOBIN/crd/")

# Its CRDs lie beside it, as in a checkout of it.
$(KRUISE):
	$(call build-tool,go -C hack/kruise install -trimpath -ldflags '-s -w' tool && mkdir -p "$$GOBIN/config/crd" && \
		cp -r --no-preserve=mode "$$(go -C hack/kruise list -m -f '{{.Dir}}' github.com/openkruise/kruise)/config/crd/bases" "$$GOBIN/config/crd/")

# Prints the path of OpenKruise's manager.
.PHONY: kruise
kruise: $(KRUISE)
	@echo $(KRUISE)

# Prints the folder of OLM's programs.
.PHONY: olm-tools
olm-tools: $(OPM)
	@echo $(OLM_BIN)

# Prints the path of the program that resolves and renders as OLM v1 does.
.PHONY: olmv1
olmv1: $(OLMV1)
	@echo $(OLMV1)

# The names by which operator-sdk's Makefile has its tools: each puts one into bin/.
.PHONY: kustomize controller-gen opm golangci-lint
kustomize: $(KUSTOMIZE)
controller-gen: $(CONTROLLER_GEN)
opm: $(OPM)
golangci-lint: $(GOLANGCI_LINT)
kustomize controller-gen opm golangci-lint:
	@mkdir -p $(LOCALBIN)
	ln -sf $< $(LOCALBIN)/$@

# It cannot be installed by Go alone.
.PHONY: operator-sdk
operator-sdk:
	@command -v operator-sdk || { echo "operator-sdk is not installed: get it from https://sdk.operatorframework.io" >&2; exit 1; }

# build-tool builds into a folder that gets its name only once the tool is whole.
# Two makes at once build in two folders; the second finds the first one's tool.
define build-tool
@echo "building $(@F): $(notdir $(@D))" >&2
@mkdir -p "$(dir $(@D))"; export GOFLAGS= CGO_ENABLED=0 GOBIN="$$(mktemp -d "$(@D).XXXXXX")"; \
	trap 'rm -rf "$$GOBIN"' EXIT; $(1); test -e "$(@D)" || mv -T "$$GOBIN" "$(@D)"
endef
