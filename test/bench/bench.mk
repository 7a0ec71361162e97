# The benchmark, on simulated nodes. docs/performance.md tells more.

# Numbers of simulated nodes, separated by commas; CASES, of 1 to 7, likewise.
BENCH_NODES = $(or $(NODES),1000)
CASES ?= 1,2,3,4,5,6,7
# Further flags, as in BENCH_ARGS=-check.
BENCH_ARGS ?=
# OpenKruise's manager, to measure BroadcastJobs as well: KRUISE_MANAGER="$(make -s kruise)".
KRUISE_MANAGER ?=
# How long the soak goes on. SEED repeats the choices of an earlier one.
SOAK_TIME ?= 10m
SOAK_ARGS = -soak $(SOAK_TIME) $(if $(SEED),-seed $(SEED))

##@ Performance

# The cluster of the benchmark is its own, and has no real NODES.
.PHONY: bench
bench: bench-tool $(KWOK) ## Measure the operator on NODES=1000 simulated nodes, beside a bare DaemonSet.
	@env -u NODES CLUSTER_NAME=bench CLUSTER_SLOT=3 bin/bench-tool -nodes $(BENCH_NODES) -cases $(CASES) -kwok $(KWOK) -kruise "$(KRUISE_MANAGER)" $(BENCH_ARGS)

.PHONY: soak
soak: bench-tool $(KWOK) ## Run Jobs at random for SOAK_TIME=10m on simulated nodes, and disturb at random what they depend on.
	@env -u NODES CLUSTER_NAME=soak CLUSTER_SLOT=4 bin/bench-tool $(SOAK_ARGS) -kwok $(KWOK)

.PHONY: soak-nodes
soak-nodes: bench-tool sample-image-local ## The same on three nodes with kubelets, which also reboot.
	@env NODES=3 CLUSTER_NAME=soaknodes CLUSTER_SLOT=6 bin/bench-tool $(SOAK_ARGS) -real

.PHONY: bench-tool
bench-tool: binaries
	@go -C test build -o $(CURDIR)/bin/bench-tool ./bench
