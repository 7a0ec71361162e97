# The benchmark, on simulated nodes. docs/benchmark.md tells more.

# Numbers of simulated nodes, separated by commas; CASES, of 1 to 10, likewise.
BENCH_NODES = $(or $(NODES),1000)
CASES ?= 1,2,3,4,5,6,7,8,9,10
# Further flags, as in BENCH_ARGS=-check.
BENCH_ARGS ?=
# OpenKruise's manager, to measure BroadcastJobs as well: KRUISE_MANAGER="$(make -s kruise)".
KRUISE_MANAGER ?=
# Another revision of the operator, to measure it as well: a commit, or a checkout in which
# make binaries has run.
BASELINE_REV ?=
BASELINE ?= $(if $(BASELINE_REV),bin/baseline)
# How long the soak goes on. SEED repeats the choices of an earlier one.
SOAK_TIME ?= 10m
SOAK_ARGS = -soak $(SOAK_TIME) $(if $(SEED),-seed $(SEED))

##@ Performance

# The cluster of the benchmark is its own, and has no real NODES.
.PHONY: bench
bench: bench-tool $(KWOK) $(if $(BASELINE_REV),bench-baseline) ## Measure the operator on NODES=1000 simulated nodes, beside a bare DaemonSet.
	@env -u NODES CLUSTER_NAME=bench CLUSTER_SLOT=3 bin/bench-tool -nodes $(BENCH_NODES) -cases $(CASES) -kwok $(KWOK) -kruise "$(KRUISE_MANAGER)" -baseline "$(BASELINE)" $(BENCH_ARGS)

.PHONY: bench-baseline
bench-baseline: # Builds the operator of BASELINE_REV in a folder of its own.
	@rm -rf bin/baseline && mkdir -p bin/baseline
	@git archive --output=bin/baseline.tar "$(BASELINE_REV)" && tar -xf bin/baseline.tar -C bin/baseline && rm bin/baseline.tar
	@$(MAKE) -s -C bin/baseline binaries

.PHONY: soak
soak: bench-tool $(KWOK) ## Run Jobs at random for SOAK_TIME=10m on simulated nodes, and disturb at random what they depend on.
	@env -u NODES CLUSTER_NAME=soak CLUSTER_SLOT=4 bin/bench-tool $(SOAK_ARGS) -kwok $(KWOK)

.PHONY: soak-nodes
soak-nodes: bench-tool sample-image-local ## The same on three nodes with kubelets, which also reboot.
	@env NODES=3 CLUSTER_NAME=soaknodes CLUSTER_SLOT=6 bin/bench-tool $(SOAK_ARGS) -real

.PHONY: test-plugin-scale
test-plugin-scale: bench-tool plugin $(KWOK) ## Measure the kubectl plugin on NODES=5000 simulated nodes, and fail if it takes too long or polls.
	@env -u NODES CLUSTER_NAME=pluginscale CLUSTER_SLOT=9 bin/bench-tool -nodes $(or $(NODES),5000) -plugin bin/kubectl-node_job -kwok $(KWOK)

.PHONY: bench-tool
bench-tool: binaries
	@go -C test build -o $(CURDIR)/bin/bench-tool ./bench
