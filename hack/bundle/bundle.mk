# The operator's OLM bundle, and the catalogue that offers it.

# The channels that offer this version, and the channel for users who name none.
CHANNELS ?= stable
DEFAULT_CHANNEL ?= $(firstword $(subst $(comma), ,$(CHANNELS)))
# The version that this one upgrades, and a range of further such versions, as in
# ">=0.1.0 <0.2.0". Both can be empty.
REPLACES ?=
SKIP_RANGE ?=
# The images that bundle-build and catalog-build build.
BUNDLE_IMG ?= $(IMAGE_TAG_BASE)-bundle:v$(VERSION)
CATALOG_IMG ?= $(IMAGE_TAG_BASE)-catalog:v$(VERSION)
# true: make bundle names all images by digest, which it asks their registries for, or
# the one of DIGEST_REGISTRY, as in 127.0.0.1:5000, that has them by the same names.
USE_IMAGE_DIGESTS ?= false
DIGEST_REGISTRY ?=
# docker or podman: bundle-validate pulls the images with it and checks their platforms.
INSPECT_IMAGES ?=
# Output paths. Other paths keep the committed bundle unchanged.
BUNDLE_DIR ?= bundle
BUNDLE_DOCKERFILE ?= bundle.Dockerfile
CATALOG_DIR ?= catalog

# The variables of operator-sdk's Makefile: flags for the generator, which knows those of
# `operator-sdk generate bundle` that describe a release. A later flag wins.
BUNDLE_CHANNELS ?= --channels=$(CHANNELS)
BUNDLE_DEFAULT_CHANNEL ?= --default-channel=$(DEFAULT_CHANNEL)
BUNDLE_METADATA_OPTS ?= $(BUNDLE_CHANNELS) $(BUNDLE_DEFAULT_CHANNEL)
BUNDLE_GEN_FLAGS ?= -q --overwrite --version $(VERSION) $(BUNDLE_METADATA_OPTS)
# Comma separated images of bundles that catalog-build adds to the catalogue, each as an
# upgrade of the version before it, and an image of a catalogue to add them to in place
# of the committed one. OPM_ARGS are flags for opm, as in --use-http.
BUNDLE_IMGS ?=
CATALOG_BASE_IMG ?=
OPM_ARGS ?=

BUNDLE_TOOL = go -C hack/bundle run .
RELEASE = -version $(VERSION) -replaces "$(REPLACES)" -skip-range "$(SKIP_RANGE)" $(BUNDLE_GEN_FLAGS)
RENDER = $(OPM) render -o yaml --migrate-level=bundle-object-to-csv-metadata $(OPM_ARGS)

##@ Distribution with OLM

.PHONY: bundle
bundle: manifests $(KUSTOMIZE) ## Generate bundle/ and bundle.Dockerfile, and check them.
	@mkdir -p $(LOCALBIN)
	$(MANIFESTS) manifests > bin/manifests.yaml
	$(BUNDLE_TOOL) generate $(RELEASE) -api ../../api/v1beta1 -folder $(BUNDLE_DIR) \
		-use-image-digests=$(USE_IMAGE_DIGESTS) -digest-registry "$(DIGEST_REGISTRY)" \
		-output $(abspath $(BUNDLE_DIR)) -dockerfile $(abspath $(BUNDLE_DOCKERFILE)) < bin/manifests.yaml
	$(MAKE) bundle-validate

.PHONY: bundle-validate
bundle-validate: ## Check the bundle with every validator of operator-framework; a warning is an error.
	$(BUNDLE_TOOL) validate -inspect-images "$(INSPECT_IMAGES)" $(abspath $(BUNDLE_DIR))

.PHONY: crdify
crdify: ## Check the upgrade from the last release's CRDs, as OLM v1 does before it upgrades.
	go -C hack/crdify test -count=1 ./...

.PHONY: crdify-baseline
crdify-baseline: ## Make the CRDs those that later versions are compared with, after a release.
	cp config/crd/bases/*.yaml hack/crdify/baseline/

.PHONY: bundle-build
bundle-build: ## Build the bundle's image.
	$(BUILD_IMAGE) -f $(BUNDLE_DOCKERFILE) -t $(BUNDLE_IMG) .

.PHONY: bundle-push
bundle-push: ## Push the bundle's image.
	$(MAKE) docker-push IMG=$(BUNDLE_IMG)

# opm makes olm.csv.metadata of a bundle's manifests once the bundle has an image.
.PHONY: catalog
catalog: $(OPM) ## Add the bundle to the file-based catalogue in catalog/, and check it.
	mkdir -p bin/rendered
	$(OPM) render $(BUNDLE_DIR) -o yaml | $(BUNDLE_TOOL) image -image $(BUNDLE_IMG) > bin/rendered/bundle.yaml
	$(RENDER) bin/rendered > bin/rendered.yaml
	$(BUNDLE_TOOL) catalog $(RELEASE) -csv $(abspath $(BUNDLE_DIR))/manifests/daemonset-job.clusterserviceversion.yaml \
		-file $(abspath $(CATALOG_DIR))/daemonset-job/catalog.yaml < bin/rendered.yaml
	$(OPM) validate $(CATALOG_DIR)

.PHONY: catalog-build
catalog-build: $(if $(BUNDLE_IMGS)$(CATALOG_BASE_IMG),catalog-of-images) ## Build the catalogue's image: of catalog/, or of BUNDLE_IMGS and CATALOG_BASE_IMG.
	$(BUILD_IMAGE) $(BUILD_ARGS) --build-arg CATALOG_DIR=$(if $^,bin/catalog,$(CATALOG_DIR)) -f catalog.Dockerfile -t $(CATALOG_IMG) .

.PHONY: catalog-of-images
catalog-of-images: $(OPM)
	rm -rf bin/catalog
	mkdir -p bin/catalog
ifeq ($(CATALOG_BASE_IMG),)
	cp -r $(CATALOG_DIR)/. bin/catalog/
else
	$(RENDER) $(CATALOG_BASE_IMG) > bin/rendered.yaml
	$(BUNDLE_TOOL) split -own $(CURDIR)/bin/catalog/daemonset-job/catalog.yaml -others $(CURDIR)/bin/catalog/catalog.yaml < bin/rendered.yaml
endif
	$(RENDER) $(subst $(comma), ,$(or $(BUNDLE_IMGS),$(BUNDLE_IMG))) > bin/rendered.yaml
	$(BUNDLE_TOOL) catalog $(RELEASE) -csv $(abspath $(BUNDLE_DIR))/manifests/daemonset-job.clusterserviceversion.yaml -by-version \
		-file $(CURDIR)/bin/catalog/daemonset-job/catalog.yaml < bin/rendered.yaml
	$(OPM) validate bin/catalog

.PHONY: catalog-push
catalog-push: ## Push the catalogue's image.
	$(MAKE) docker-push IMG=$(CATALOG_IMG)

.PHONY: scorecard-build
scorecard-build: bin/linux_$(ARCH) ## Build the image of scorecard's custom tests.
	$(BUILD_IMAGE) $(BUILD_ARGS) --build-arg TARGETARCH=$(ARCH) -f test/scorecard/Dockerfile -t $(SCORECARD_IMG) .

.PHONY: scorecard-push
scorecard-push: ## Push the image of scorecard's custom tests.
	$(MAKE) docker-push IMG=$(SCORECARD_IMG)

# The image of the standard tests as the bundle names it.
SCORECARD_TEST_IMG = $(shell sed -n 's/^ *image: //p' config/scorecard/patches/basic.config.yaml)

.PHONY: scorecard-test-build
scorecard-test-build: $(SCORECARD_TEST) ## Build the image of scorecard's standard tests from their code, for clusters that cannot pull it.
	mkdir -p bin/scorecard-test && cp $(SCORECARD_TEST) bin/scorecard-test/
	printf 'FROM scratch\nCOPY scorecard-test /bin/\nENV PATH=/bin\nUSER 1001:1001\n' | $(BUILD_IMAGE) -t $(SCORECARD_TEST_IMG) -f - bin/scorecard-test

.PHONY: print-scorecard-test-img
print-scorecard-test-img:
	@echo $(SCORECARD_TEST_IMG)

.PHONY: scorecard
scorecard: operator-sdk ## Run scorecard's tests with operator-sdk, on the cluster of KUBECONFIG, where the operator runs.
	$(KUBECTL) apply -k config/scorecard/rbac
	operator-sdk scorecard $(BUNDLE_DIR) --namespace default --service-account daemonset-job-scorecard --wait-time 180s
