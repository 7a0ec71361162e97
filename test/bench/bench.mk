# The benchmark, on simulated nodes. docs/performance.md tells more.

# Numbers of simulated nodes, separated by commas; CASES, of 1 to 5, likewise.
BENCH_NODES = $(or $(NODES),1000)
CASES ?= 1,2,3,4,5
# Further flags, as in BENCH_ARGS=-check.
BENCH_ARGS ?=
# OpenKruise's manager, to measure BroadcastJobs as well: KRUISE_MANAGER="$(make -s kruise)".
KRUISE_MANAGER ?=
# How long the soak goes on, and further flags, as in SOAK_ARGS=-seed=42.
SOAK_TIME ?= 10m
SOAK_ARGS ?=

##@ Performance

# The cluster of the benchmark is its own, and has no real NODES.
.PHONY: bench
bench: bench-tool ## Measure the operator on NODES=1000 simulated nodes, beside a bare DaemonSet.
	@env -u NODES CLUSTER_NAME=bench CLUSTER_SLOT=3 bin/bench-tool -nodes $(BENCH_NODES) -cases $(CASES) -kwok $(KWOK) -kruise "$(KRUISE_MANAGER)" $(BENCH_ARGS)

.PHONY: soak
soak: bench-tool ## Run Jobs at random for SOAK_TIME=10m, and kill at random what they depend on.
	@env -u NODES CLUSTER_NAME=soak CLUSTER_SLOT=4 bin/bench-tool -soak $(SOAK_TIME) -kwok $(KWOK) $(SOAK_ARGS)

.PHONY: bench-tool
bench-tool: binaries $(KWOK)
	@go -C test build -o $(CURDIR)/bin/bench-tool ./bench
