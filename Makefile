# The targets are those that users of operator-sdk know. `make help` lists them.

VERSION ?= 0.1.0
IMAGE_TAG_BASE ?= docker.io/darkowlzz/daemonset-job
# The image that is built, pushed and deployed.
IMG ?= $(IMAGE_TAG_BASE):v$(VERSION)
# The image that keeps the pods of Jobs in completionMode Exit.
PAUSE_IMG ?= registry.k8s.io/pause:3.10.1
# The image of scorecard's custom tests.
SCORECARD_IMG ?= $(IMAGE_TAG_BASE)-scorecard:v$(VERSION)
# Platforms of docker-buildx.
PLATFORMS ?= linux/amd64,linux/arm64

SHELL = /usr/bin/env bash -o pipefail
.SHELLFLAGS = -ec

ARCH := $(shell go env GOARCH)
LOCALBIN := $(CURDIR)/bin
# Tools and the Kubernetes binary are kept for the next clone.
CACHE := $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/daemonset-job

# docker if its engine answers, else podman, else buildah. Asked only where it is used.
CONTAINER_TOOL ?= $(shell if docker info >/dev/null 2>&1; then echo docker; elif command -v podman >/dev/null; then echo podman; else echo buildah; fi)
BUILD_IMAGE = $(CONTAINER_TOOL) $(if $(findstring buildah,$(CONTAINER_TOOL)),bud --isolation chroot,build)
# Flags for a push, and what follows the image that is pushed: buildah and podman
# can push it by another name, or to an archive.
PUSH_ARGS ?=
PUSH_TO ?=
# The file that describes the image that docker-buildx builds.
DOCKERFILE ?= Dockerfile
# The time of what is released, in seconds since 1970: the same commit makes the same bytes.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
# Passed on to the image builds, as in BASE_IMAGE=scratch.
BUILD_ARGS = $(if $(BASE_IMAGE),--build-arg BASE_IMAGE=$(BASE_IMAGE))

LDFLAGS = -s -w -X github.com/darkowlzz/daemonset-job/internal/version.Version=v$(VERSION)

# The modules with Go code. In the second list it is one small program each, on top of
# so many dependencies that vet and lint take minutes: it is formatted and tidy only.
MODULES = . cmd/kubectl-node_job test hack/bundle hack/crdify hack/sbom hack/terminal
PROGRAM_MODULES = hack/kubernetes hack/kubernetes-min hack/kube-state-metrics hack/krew hack/lint hack/olmv1
# Shell code that runs a command in the folder of each module, and stops at a failure.
in-each = for module in $(1); do (cd "$$module" && $(2)) || exit; done

# Prints the manifests of a folder of config/, with the images of this build.
MANIFESTS = KUSTOMIZE=$(KUSTOMIZE) IMG=$(IMG) PAUSE_IMG=$(PAUSE_IMG) SCORECARD_IMG=$(SCORECARD_IMG) hack/kustomize.sh

.DEFAULT_GOAL := help

include hack/tools.mk
include test/cluster/cluster.mk
include hack/chart/chart.mk
include hack/bundle/bundle.mk
include hack/bundle/community/community.mk
include hack/release/release.mk
include test/bench/bench.mk
include hack/plugin/plugin.mk

.PHONY: all
all: test ## Run all checks and tests.

##@ General

.PHONY: help
help: ## Display this help.
	@awk 'BEGIN {FS = ":.*##"; printf "\nUsage:\n  make \033[36m<target>\033[0m\n"} /^[a-zA-Z_0-9-]+:.*?##/ { printf "  \033[36m%-20s\033[0m %s\n", $$1, $$2 } /^##@/ { printf "\n\033[1m%s\033[0m\n", substr($$0, 5) } ' $(MAKEFILE_LIST)

##@ Development

.PHONY: manifests
manifests: $(CONTROLLER_GEN) ## Generate CRD, role and webhooks from the Go markers.
	$(CONTROLLER_GEN) crd:generateEmbeddedObjectMeta=true paths=./api/... output:crd:dir=config/crd/bases
	$(CONTROLLER_GEN) rbac:roleName=manager-role webhook paths=./controllers/... paths=./internal/... output:rbac:dir=config/rbac output:webhook:dir=config/webhook
	go run ./hack/crd config/crd/bases/*.yaml

.PHONY: generate
generate: $(CONTROLLER_GEN) ## Generate DeepCopy methods.
	$(CONTROLLER_GEN) object paths=./api/...

.PHONY: update
update: generate manifests docs chart-files bundle catalog ## Generate everything that is generated and committed.

.PHONY: docs
docs: manifests ## Generate docs/api.md from the CRDs.
	go run ./hack/apidoc docs/api.md config/crd/bases/daemonset.darkowlzz.space_jobs.yaml config/crd/bases/daemonset.darkowlzz.space_cronjobs.yaml

.PHONY: fmt
fmt: ## Format the Go code.
	$(call in-each,$(MODULES) $(PROGRAM_MODULES),go fmt ./...)

.PHONY: vet
vet: ## Vet the Go code of all modules, the end-to-end tests included.
	$(call in-each,$(MODULES),go vet -tags e2e ./...)

.PHONY: lint
lint: $(GOLANGCI_LINT) $(ACTIONLINT) ## Run golangci-lint in all modules, and actionlint on the workflows.
	$(ACTIONLINT)
	$(call in-each,$(MODULES),$(GOLANGCI_LINT) run --allow-parallel-runners)

.PHONY: lint-fix
lint-fix: $(GOLANGCI_LINT) ## Run golangci-lint and let it fix what it can.
	$(call in-each,$(MODULES),$(GOLANGCI_LINT) run --allow-parallel-runners --fix)

.PHONY: vulncheck
vulncheck: $(GOVULNCHECK) ## Look for known vulnerabilities of what the programs call. GOVULNDB is another database than the public one.
	$(call in-each,. cmd/kubectl-node_job test,$(GOVULNCHECK) $(if $(GOVULNDB),-db $(GOVULNDB)) ./...)

.PHONY: verify
verify: ## Check that formatting and generated files are up to date.
	hack/verify.sh

.PHONY: test
test: ## Run all checks and the quick tests, and set up what they need.
	hack/test.sh

.PHONY: test-unit
test-unit: ## Run the tests that need Go and nothing else, in under a minute.
	$(call in-each,$(MODULES),env -u CI go test -shuffle=on ./...)
	@[ -n "$$KUBEBUILDER_ASSETS" ] || echo "Skipped the tests that need an API server: make test-integration runs them"

.PHONY: test-harness
test-harness: ## Play Kubernetes at random around the decisions for STEPS=1000000 steps, from SEED if it is given.
	STEPS=$(or $(STEPS),1000000) go test -count=1 -timeout 60m -v -run '^TestInvariants$$' ./internal/plan ./internal/schedule

# How long each fuzz target runs. Without a bound, Go spends most of that on making inputs short.
FUZZ_TIME ?= 30s

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZ_TIME. Their seeds run in every go test.
	@for file in $$(grep -rl '^func Fuzz' --include='*_test.go' api cmd controllers internal); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z]*\)(.*/\1/p' "$$file"); do \
			echo "$$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ_TIME) -fuzzminimizetime 100x "./$$(dirname "$$file")" || exit; \
		done; \
	done

.PHONY: test-integration
test-integration: ## Run the same with the race detector, and those that need an API server.
	KUBEBUILDER_ASSETS="$$($(MAKE) -s kubernetes)" hack/test-integration.sh

.PHONY: test-integration-min
test-integration-min: ## Run the product's tests against the oldest Kubernetes that is supported.
	KUBEBUILDER_ASSETS="$$($(MAKE) -s kubernetes-min)" go test -shuffle=on -timeout 15m ./...

.PHONY: test-scaffold
test-scaffold: $(KUBEBUILDER) ## Let operator-sdk's own code add a kind and a webhook to a copy, and build it.
	KUBEBUILDER=$(KUBEBUILDER) hack/test-scaffold.sh

.PHONY: test-alerts
test-alerts: ## Check the alerts of config/prometheus, and test them with promtool.
	hack/test-alerts.sh

.PHONY: test-kube-state-metrics
test-kube-state-metrics: $(KUBE_STATE_METRICS) ## Compare what kube-state-metrics exports of Jobs and CronJobs on an API server.
	KUBEBUILDER_ASSETS="$$($(MAKE) -s kubernetes)" KUBE_STATE_METRICS=$(KUBE_STATE_METRICS) go -C test test -count=1 -run KubeStateMetrics ./monitoring

.PHONY: test-dashboard
test-dashboard: $(KUBE_STATE_METRICS) $(KWOK) ## Run each query of dashboard and alerts on a Prometheus that scrapes the operator, on simulated nodes.
	KUBEBUILDER_ASSETS="$$($(MAKE) -s kubernetes)" KWOK=$(KWOK) KUBE_STATE_METRICS=$(KUBE_STATE_METRICS) hack/test-dashboard.sh

.PHONY: test-e2e
test-e2e: ## Run the end-to-end tests, on the cluster of KUBECONFIG or the local one.
	hack/test-e2e.sh

.PHONY: test-e2e-outage
test-e2e-outage: ## Run the end-to-end test in which the API server is gone for half a minute.
	hack/test-e2e.sh --label-filter=outage

.PHONY: test-extra
test-extra: ## Run the tests that take too long for make test.
	hack/test-extra.sh

.PHONY: test-upgrade
test-upgrade: ## Upgrade the operator on the local cluster from its first version, with Jobs at work and finished.
	hack/test-upgrade.sh

# The flags are those of the program, which is then compiled only once.
.PHONY: test-olmv1
test-olmv1: ## Check the bundle and the example of config/samples/olmv1 with OLM v1's own resolver and renderer.
	CGO_ENABLED=0 go -C hack/olmv1 test -trimpath -shuffle=on ./...

.PHONY: test-olm
test-olm: test-olmv1 ## Install the operator from a catalogue with OLM itself, on a local cluster of its own.
	hack/test-olm.sh

.PHONY: demo
demo: ## Run the sample Job on a local cluster of three nodes.
	hack/demo.sh

##@ Build

.PHONY: build
build: generate manifests binaries ## Generate code and build the program.

.PHONY: binaries
binaries: ## Build the program for this platform, as the manager and, by a link, the terminator.
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o bin/manager ./cmd
	ln -sf manager bin/terminator

.PHONY: run
run: generate manifests ## Run the manager on this host, against the cluster of KUBECONFIG.
	go run ./cmd --leader-elect=false

.PHONY: run-terminator
run-terminator: binaries ## Run the terminator on this host, against the cluster of KUBECONFIG.
	bin/terminator --leader-elect=false

# What the images hold, for one platform: the folders operator and scorecard-image, each
# with the licences of what it is made of.
bin/linux_%: FORCE
	CGO_ENABLED=0 GOOS=linux GOARCH=$* go build -trimpath -ldflags "$(LDFLAGS)" -o $@/operator/manager ./cmd
	ln -sf manager $@/operator/terminator
	CGO_ENABLED=0 GOOS=linux GOARCH=$* go -C test build -trimpath -ldflags "$(LDFLAGS)" -o $(CURDIR)/$@/scorecard-image/ ./scorecard
	go run ./hack/gocheck $@/operator/manager $@/scorecard-image/scorecard
	go run ./hack/licences $@/operator/manager $@/operator/licenses/modules.txt
	go run ./hack/licences $@/scorecard-image/scorecard $@/scorecard-image/licenses/modules.txt
	for image in operator scorecard-image; do cp LICENSE $@/$$image/licenses/; done
FORCE:

.PHONY: docker-build
docker-build: bin/linux_$(ARCH) ## Build the image, with docker, podman or buildah.
	$(BUILD_IMAGE) $(BUILD_ARGS) --build-arg TARGETARCH=$(ARCH) -t $(IMG) .

.PHONY: docker-push
docker-push: ## Push the image.
	$(CONTAINER_TOOL) push $(PUSH_ARGS) $(IMG) $(PUSH_TO)

# buildah and podman list platforms in the order in which they are done, so they get one after
# another.
.PHONY: docker-buildx
docker-buildx: bin/linux_amd64 bin/linux_arm64 ## Build and push the image of DOCKERFILE for all PLATFORMS, with the times of the commit.
ifeq ($(findstring docker,$(notdir $(CONTAINER_TOOL))),docker)
	SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) $(CONTAINER_TOOL) buildx build --output type=image,push=true,rewrite-timestamp=true \
		--platform=$(PLATFORMS) $(BUILD_ARGS) $(PUSH_ARGS) -f $(DOCKERFILE) -t $(IMG) .
else
	@# The name may be that of an image for one platform, as docker-build makes it.
	@$(CONTAINER_TOOL) manifest rm $(IMG) 2>/dev/null || $(CONTAINER_TOOL) rmi $(IMG) 2>/dev/null || true
	$(foreach platform,$(subst $(comma), ,$(PLATFORMS)),$(BUILD_IMAGE) --timestamp $(SOURCE_DATE_EPOCH) --platform=$(platform) $(BUILD_ARGS) -f $(DOCKERFILE) --manifest $(IMG) . &&) true
	$(CONTAINER_TOOL) manifest push --all $(PUSH_ARGS) $(IMG) $(PUSH_TO)
endif

SAMPLE_IMG ?= docker.io/darkowlzz/cleanup:v0.0.2

.PHONY: sample-image
sample-image: ## Build the image of the sample Job, on BASE_IMAGE.
	$(BUILD_IMAGE) $(BUILD_ARGS) -t $(SAMPLE_IMG) config/samples/cleanup

.PHONY: sample-image-local
sample-image-local: ## The same on Debian's busybox-static, where no image can be pulled.
	rm -rf bin/busybox && mkdir -p bin/busybox/bin
	for applet in $$(busybox --list); do ln -s busybox "bin/busybox/bin/$$applet"; done
	cp --remove-destination "$$(command -v busybox)" bin/busybox/bin/busybox
	printf 'FROM scratch\nCOPY bin /bin\n' | $(BUILD_IMAGE) -t localhost/busybox:local -f - bin/busybox
	$(MAKE) sample-image BASE_IMAGE=localhost/busybox:local

.PHONY: build-installer
build-installer: manifests $(KUSTOMIZE) ## Write dist/install.yaml: everything in one file.
	mkdir -p dist
	$(MANIFESTS) default > dist/install.yaml

.PHONY: print-version print-modules print-program-modules print-container-tool print-bundle-img print-img print-sample-img print-scorecard-img print-catalog-img
print-version:
	@echo $(VERSION)
print-modules:
	@echo $(MODULES)
print-program-modules:
	@echo $(PROGRAM_MODULES)
print-container-tool:
	@echo $(CONTAINER_TOOL)
print-bundle-img:
	@echo $(BUNDLE_IMG)
print-catalog-img:
	@echo $(CATALOG_IMG)
print-img:
	@echo $(IMG)
print-sample-img:
	@echo $(SAMPLE_IMG)
print-scorecard-img:
	@echo $(SCORECARD_IMG)

##@ Deployment

KUBECTL ?= kubectl

.PHONY: install
install: manifests ## Install the CRDs and their admission policy into the cluster of KUBECONFIG.
	$(KUBECTL) apply -f config/crd/bases
	$(KUBECTL) apply -k config/guard

.PHONY: uninstall
uninstall: ## Remove the CRDs, and with them every CronJob and every Job, then the admission policy.
	$(KUBECTL) delete --ignore-not-found -f config/crd/bases
	$(KUBECTL) delete --ignore-not-found -k config/guard

.PHONY: deploy
deploy: manifests $(KUSTOMIZE) ## Deploy the operator to the cluster of KUBECONFIG.
	$(MANIFESTS) default | $(KUBECTL) apply -f -

.PHONY: undeploy
undeploy: $(KUSTOMIZE) ## Remove the operator, its CRDs, every CronJob and every Job.
	$(KUSTOMIZE) build config/default | $(KUBECTL) delete --ignore-not-found -f -
