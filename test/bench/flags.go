package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// runConfig holds what the command line asks for.
type runConfig struct {
	nodes    []int
	cases    []string
	settings settings
	programs programs
	folder   string
	check    bool
	// adds keeps the rows of an earlier run in folder that are not measured again.
	adds bool
	// soak is how long to soak the operator instead of measuring it, and seed starts
	// its random numbers. real soaks it on nodes with kubelets, and not on simulated ones.
	soak time.Duration
	seed uint64
	real bool
	// plugin is the kubectl plugin to measure instead of the operator, empty for none.
	plugin string
}

func parseFlags(args []string) (*runConfig, error) {
	cfg := &runConfig{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	nodes := flags.String("nodes", "1000", "numbers of nodes, separated by commas")
	cases := flags.String("cases", strings.Join(scenarioNames(), ","), "the cases to measure, separated by commas")
	flags.DurationVar(&cfg.settings.quiet, "quiet", 2*time.Minute, "how long nothing happens in cases 5 and 10")
	streams := flags.String("streams", "", "limits of log streams to measure beside the default in Log mode, separated by commas")
	workers := flags.String("workers", "", "numbers of Jobs that are reconciled at once, to measure beside the default where there are many Jobs")
	flags.IntVar(&cfg.settings.rounds, "rounds", 3, "how often each case is measured: the median counts")
	flags.StringVar(&cfg.settings.profiles, "profiles", "", "a folder to write profiles of the operator and of the cluster's components to")
	flags.StringVar(&cfg.programs.manager, "manager", "bin/manager", "the manager")
	flags.StringVar(&cfg.programs.terminator, "terminator", "bin/terminator", "the terminator")
	flags.StringVar(&cfg.programs.baseline, "baseline", "", "the checkout of another revision to measure as well; make binaries must have run there")
	flags.StringVar(&cfg.programs.kwok, "kwok", "", "kwok, which simulates nodes")
	kruise := flags.String("kruise", "", "OpenKruise's kruise-manager, to measure BroadcastJobs as well; it must be in its checkout, which has the CRDs")
	flags.StringVar(&cfg.folder, "output", "bin/bench", "the folder to write bench.json, bench.md and bench.svg to")
	flags.DurationVar(&cfg.soak, "soak", 0, "how long to soak the operator instead of measuring it")
	flags.Uint64Var(&cfg.seed, "seed", uint64(time.Now().Unix()), "the seed of the soak's random numbers")
	flags.BoolVar(&cfg.real, "real", false, "soak on as many real nodes as NODES says; the image of the sample Job must be built")
	flags.StringVar(&cfg.plugin, "plugin", "", "the kubectl plugin, to measure it instead of the operator")
	flags.BoolVar(&cfg.adds, "append", false, "keep the rows of the earlier run in the folder that are not measured again")
	flags.BoolVar(&cfg.check, "check", false, "fail if a target is missed")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	for _, list := range []struct {
		name, text string
		least      int
		to         *[]int
	}{
		{"nodes", *nodes, fewestNodes, &cfg.nodes}, {"streams", *streams, 1, &cfg.settings.streams}, {"workers", *workers, 1, &cfg.settings.workers},
	} {
		if list.text == "" && list.name != "nodes" {
			continue
		}
		var err error
		if *list.to, err = numbers(list.text, list.least); err != nil {
			_, _ = fmt.Fprintf(flags.Output(), "bench: -%s %s: %v\n", list.name, list.text, err)
			return nil, err
		}
	}
	slices.Sort(cfg.nodes)
	cfg.cases = strings.Split(*cases, ",")
	for _, name := range cfg.cases {
		if !slices.Contains(scenarioNames(), name) {
			_, _ = fmt.Fprintf(flags.Output(), "bench: -cases %s: there is no case %q, use some of %s\n", *cases, name, strings.Join(scenarioNames(), ", "))
			return nil, errors.New("wrong cases")
		}
	}
	if cfg.settings.rounds < 1 {
		_, _ = fmt.Fprintln(flags.Output(), "bench: -rounds: use a number above 0")
		return nil, errors.New("wrong rounds")
	}
	var err error
	if cfg.programs.kruise, err = findKruise(*kruise); err != nil {
		_, _ = fmt.Fprintln(flags.Output(), "bench: -kruise:", err)
		return nil, err
	}
	for name, other := range needed {
		if slices.Contains(cfg.cases, name) && !slices.Contains(cfg.cases, other) {
			cfg.cases = append(cfg.cases, other)
		}
	}
	return cfg, nil
}

// numbers parses numbers of at least so much, separated by commas.
func numbers(text string, least int) ([]int, error) {
	var all []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < least {
			return nil, fmt.Errorf("use numbers of %d and more", least)
		}
		all = append(all, n)
	}
	return all, nil
}
