# The local cluster: a real one, on this machine. test/cluster/README.md tells more.

CLUSTER = bin/cluster

.PHONY: $(CLUSTER)
$(CLUSTER):
	@go -C test build -o $(CURDIR)/$@ ./cluster/cmd/cluster

##@ Local cluster

.PHONY: cluster-up
cluster-up: $(CLUSTER) ## Make a local cluster of NODES=3 real nodes, and write ./kubeconfig.
	@$(CLUSTER) up

.PHONY: cluster-down
cluster-down: $(CLUSTER) ## End the local cluster and remove all that it made.
	@$(CLUSTER) down

.PHONY: cluster-load
cluster-load: $(CLUSTER) ## Give the image IMG, or an archive of one, to every node of the local cluster.
	@CONTAINER_TOOL=$(CONTAINER_TOOL) $(CLUSTER) load $(IMG)

.PHONY: cluster-status
cluster-status: $(CLUSTER) ## Tell whether the local cluster is ready.
	@$(CLUSTER) status

.PHONY: test-cluster
test-cluster: ## Test the local cluster itself, by killing what can be killed. Takes minutes, and root.
	TEST_CLUSTER=1 go -C test test -count=1 -v -timeout 30m -run '^TestReal' ./cluster

.PHONY: kubernetes
kubernetes: $(CLUSTER) ## Build Kubernetes for the local cluster and the tests, once, and print its folder.
	@$(CLUSTER) build

.PHONY: kubernetes-min
kubernetes-min: $(CLUSTER) ## Build the API server of the oldest Kubernetes that is supported, once, and print its folder.
	@$(CLUSTER) build oldest

# The names that operator-sdk's Makefile has for it.
.PHONY: envtest setup-envtest
envtest setup-envtest: kubernetes
