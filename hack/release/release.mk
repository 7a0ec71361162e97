# What is published of a version. The workflow of a release calls these targets one by one.

##@ Release

# The tag that is released.
VERSION_TAG ?= v$(VERSION)
# What cosign asks before it signs.
COSIGN ?= cosign

.PHONY: release-check
release-check: ## Check that VERSION_TAG is the version that is built, and that CHANGELOG.md has its notes.
	hack/release/notes.sh -check $(VERSION_TAG)

.PHONY: release-notes
release-notes: ## Print what CHANGELOG.md says of VERSION_TAG.
	@hack/release/notes.sh $(VERSION_TAG)

.PHONY: sbom
sbom: bin/linux_amd64 bin/linux_arm64 plugin-archives ## Write to dist/ which modules are in each program, as CycloneDX lists.
	$(call sbom-of,daemonset-job,$(foreach arch,amd64 arm64,bin/linux_$(arch)/operator/manager))
	$(call sbom-of,daemonset-job-scorecard,$(foreach arch,amd64 arm64,bin/linux_$(arch)/scorecard-image/scorecard))
	$(call sbom-of,kubectl-node_job,$(foreach platform,$(PLUGIN_PLATFORMS),bin/plugin/$(platform)/kubectl-node_job$(if $(filter windows_%,$(platform)),.exe)))

# Writes the list of a program, which was built for several platforms.
sbom-of = go -C hack/sbom run . -name $(1) -version v$(VERSION) -time $(SOURCE_DATE_EPOCH) $(CURDIR)/dist/$(1).cdx.json $(addprefix $(CURDIR)/,$(2))

.PHONY: release-images
release-images: chart ## Build and push all images for all PLATFORMS, and the chart, and write their digests to dist/images.txt.
	CHART_REPOSITORY=$(CHART_REPOSITORY) HELM=$(HELM) hack/release/images.sh

.PHONY: release-artifacts
release-artifacts: build-installer chart plugin-archives sbom ## Write to dist/ what is published beside the images, with its checksums and those of images.txt.
	cd dist && rm -f checksums.txt && sha256sum -- * > checksums.txt

.PHONY: release-sign
release-sign: ## Sign images, chart and checksums, with the identity of the workflow.
	$(COSIGN) sign --yes $$(cat dist/images.txt)
	$(COSIGN) sign-blob --yes --bundle dist/checksums.txt.sigstore.json dist/checksums.txt

.PHONY: release-publish
release-publish: ## Publish the release of VERSION_TAG with what dist/ has.
	hack/release/notes.sh $(VERSION_TAG) | gh release create $(VERSION_TAG) --verify-tag --title $(VERSION_TAG) --notes-file - dist/*

.PHONY: test-reproducible
test-reproducible: ## Build programs, images and archives twice, in two folders, and compare their bytes.
	hack/release/test-reproducible.sh

# The registry of the chart. Helm adds its name.
CHART_REPOSITORY ?= oci://$(patsubst %/,%,$(dir $(IMAGE_TAG_BASE)))/charts
