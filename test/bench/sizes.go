package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// An idle process may have grown by this much: it keeps idle connections, buffers and
// caches of the runtime.
const (
	maxGoroutineGrowth = 20
	maxMemoryGrowth    = 8.0
)

// size is what a process holds while it is idle.
type size struct {
	goroutines int
	// memory is in use after a garbage collection, in MiB.
	memory float64
}

// sizesByBinary holds the sizes of the manager and the terminator.
type sizesByBinary map[string]size

// readSizes reads the sizes of both binaries.
func readSizes(ctx context.Context) (sizesByBinary, error) {
	all := sizesByBinary{}
	for binary, at := range map[string]struct{ metrics, profiles string }{
		"manager": {managerMetrics, managerProfiles}, "terminator": {terminatorMetrics, terminatorProfiles},
	} {
		// This request starts a garbage collection.
		if err := read(ctx, http.DefaultClient, "http://"+at.profiles+"/debug/pprof/heap?gc=1", io.Discard); err != nil {
			return nil, err
		}
		of, err := readSize(ctx, "http://"+at.metrics+"/metrics")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", binary, err)
		}
		all[binary] = of
	}
	return all, nil
}

func readSize(ctx context.Context, address string) (size, error) {
	reader, writer := io.Pipe()
	go func() { _ = writer.CloseWithError(read(ctx, http.DefaultClient, address, writer)) }()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	metrics, err := parser.TextToMetricFamilies(reader)
	if err != nil {
		return size{}, err
	}
	value := func(name string) float64 { return metrics[name].GetMetric()[0].GetGauge().GetValue() }
	return size{goroutines: int(value("go_goroutines")), memory: value("go_memstats_alloc_bytes") / (1 << 20)}, nil
}

// grownSince returns a message for each binary that has grown too much since before.
func (s sizesByBinary) grownSince(before sizesByBinary) []string {
	var all []string
	for binary, now := range s {
		if was := before[binary]; now.goroutines > was.goroutines+maxGoroutineGrowth || now.memory > was.memory+maxMemoryGrowth {
			all = append(all, fmt.Sprintf("the %s has grown: %d goroutines, %.1f MiB; before %d, %.1f MiB",
				binary, now.goroutines, now.memory, was.goroutines, was.memory))
		}
	}
	return all
}

// compare returns a line for each binary with its size now and before.
func (s sizesByBinary) compare(before sizesByBinary) string {
	line := func(binary string) string {
		return fmt.Sprintf("%s: %d goroutines and %.1f MiB, before %d and %.1f", binary,
			s[binary].goroutines, s[binary].memory, before[binary].goroutines, before[binary].memory)
	}
	return line("manager") + "\n" + line("terminator")
}
