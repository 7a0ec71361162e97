# The benchmark, on simulated nodes. docs/performance.md tells more.

# Numbers of simulated nodes, separated by commas; CASES, of 1 to 5, likewise.
BENCH_NODES = $(or $(NODES),1000)
CASES ?= 1,2,3,4,5
# Further flags, as in BENCH_ARGS=-check.
BENCH_ARGS ?=

##@ Performance

# The cluster of the benchmark is its own, and has no real NODES.
.PHONY: bench
bench: binaries $(KWOK) ## Measure the operator on NODES=1000 simulated nodes, beside a bare DaemonSet.
	@go build -o bin/bench-tool ./test/bench
	@env -u NODES CLUSTER_NAME=bench CLUSTER_SLOT=3 bin/bench-tool -nodes $(BENCH_NODES) -cases $(CASES) -kwok $(KWOK) $(BENCH_ARGS)
