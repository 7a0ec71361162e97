# The local cluster: a real one, on this machine. test/cluster/README.md tells more.

CLUSTER = go run ./test/cluster/cmd/cluster

##@ Local cluster

.PHONY: cluster-up
cluster-up: ## Make a local cluster of NODES=3 real nodes, and write ./kubeconfig.
	$(CLUSTER) up

.PHONY: cluster-down
cluster-down: ## End the local cluster and remove all that it made.
	$(CLUSTER) down

.PHONY: cluster-load
cluster-load: ## Give the image IMG, or an archive of one, to every node of the local cluster.
	$(CLUSTER) load $(IMG)

.PHONY: cluster-status
cluster-status: ## Tell whether the local cluster is ready.
	$(CLUSTER) status

.PHONY: kubernetes
kubernetes: ## Build Kubernetes for the local cluster and the tests, once, and print its folder.
	@$(CLUSTER) build
