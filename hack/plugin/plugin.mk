# The kubectl plugin: a build for this platform, and the archives of a release.

PLUGIN_PLATFORMS ?= linux_amd64 linux_arm64 darwin_amd64 darwin_arm64 windows_amd64 windows_arm64
# Where the archives of a release can be downloaded, as krew's manifest has it.
PLUGIN_URL ?= https://github.com/darkowlzz/daemonset-job/releases/download/v$(VERSION)

##@ Plugin

# kubectl finds a plugin, and what completes its arguments, by their names in PATH.
.PHONY: plugin
plugin: ## Build the kubectl plugin for this platform, into bin/.
	CGO_ENABLED=0 go -C cmd/kubectl-node_job build -trimpath -ldflags "$(LDFLAGS)" -o $(CURDIR)/bin/kubectl-node_job .
	ln -sf kubectl-node_job bin/kubectl_complete-node_job

# What an archive holds, for one platform as linux_amd64.
bin/plugin/%: FORCE
	rm -rf $@ && mkdir -p $@
	CGO_ENABLED=0 GOOS=$(firstword $(subst _, ,$*)) GOARCH=$(lastword $(subst _, ,$*)) go -C cmd/kubectl-node_job build -trimpath \
		-ldflags "$(LDFLAGS)" -o $(CURDIR)/$@/kubectl-node_job$(if $(filter windows_%,$*),.exe) .
	go run ./hack/gocheck $@/kubectl-node_job*
	go run ./hack/licences $@/kubectl-node_job* $@/licenses/modules.txt
	cp LICENSE $@/

.PHONY: plugin-archives
plugin-archives: $(addprefix bin/plugin/,$(PLUGIN_PLATFORMS)) ## Write the plugin's archives, their checksums and krew's manifest into dist/.
	rm -f dist/kubectl-node_job_*
	go run ./hack/plugin -version v$(VERSION) -url $(PLUGIN_URL) dist $^

.PHONY: test-plugin-release
test-plugin-release: ## Build the plugin's archives twice, and let krew check and install them.
	hack/test-plugin-release.sh

.PHONY: test-page
test-page: ## Test the page of the plugin's results in a real browser, and install it where that is Debian's.
	hack/test-page.sh

.PHONY: plugin-pictures
plugin-pictures: ## Draw the pictures of docs/plugin.md again, on the local cluster and in a browser.
	hack/plugin-pictures.sh
