# Tools come from Go modules at a fixed version, and are built once for all clones.

CONTROLLER_TOOLS_VERSION := v0.23.0
KUSTOMIZE_VERSION := v5.8.3
GOLANGCI_LINT_VERSION := v2.15.0

CONTROLLER_GEN := $(CACHE)/tools/controller-gen-$(CONTROLLER_TOOLS_VERSION)/controller-gen
KUSTOMIZE := $(CACHE)/tools/kustomize-$(KUSTOMIZE_VERSION)/kustomize
GOLANGCI_LINT := $(CACHE)/tools/golangci-lint-$(GOLANGCI_LINT_VERSION)/golangci-lint

.PHONY: tools
tools: $(CONTROLLER_GEN) $(KUSTOMIZE) $(GOLANGCI_LINT) ## Build the tools that development needs.

$(CONTROLLER_GEN):
	$(call go-install,sigs.k8s.io/controller-tools/cmd/controller-gen@$(CONTROLLER_TOOLS_VERSION))
$(KUSTOMIZE):
	$(call go-install,sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE_VERSION))
$(GOLANGCI_LINT):
	$(call go-install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION))

# go-install builds into a folder that exists only once the tool is whole.
define go-install
@echo "building $(1)"
@rm -rf "$(@D).tmp" && mkdir -p "$(@D).tmp" "$(dir $(@D))"
@GOBIN="$(@D).tmp" GOFLAGS= go install "$(1)"
@rm -rf "$(@D)" && mv "$(@D).tmp" "$(@D)"
endef
