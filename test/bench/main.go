package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/darkowlzz/daemonset-job/test/cluster"
)

// runConfig holds what the command line asks for.
type runConfig struct {
	nodes    []int
	cases    []string
	settings settings
	programs programs
	folder   string
	check    bool
	// soak is how long to soak the operator instead of measuring it, and seed starts
	// its random numbers. real soaks it on nodes with kubelets, and not on simulated ones.
	soak time.Duration
	seed uint64
	real bool
}

func main() {
	runtime.LockOSThread() // See start: the kernel ends child processes with this thread.
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard()) // The users of a watch handle its end.
	cfg, err := parseFlags(os.Args[1:])
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, cfg); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func parseFlags(args []string) (*runConfig, error) {
	cfg := &runConfig{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	nodes := flags.String("nodes", "1000", "numbers of nodes, separated by commas")
	cases := flags.String("cases", "1,2,3,4,5,6,7", "the cases to measure, separated by commas")
	flags.DurationVar(&cfg.settings.quiet, "quiet", 2*time.Minute, "how long nothing happens in case 5")
	flags.IntVar(&cfg.settings.rounds, "rounds", 3, "how often each case is measured: the median counts")
	flags.StringVar(&cfg.settings.profiles, "profiles", "", "a folder to write profiles of both binaries to")
	flags.StringVar(&cfg.programs.manager, "manager", "bin/manager", "the manager")
	flags.StringVar(&cfg.programs.terminator, "terminator", "bin/terminator", "the terminator")
	flags.StringVar(&cfg.programs.kwok, "kwok", "", "kwok, which simulates nodes")
	kruise := flags.String("kruise", "", "OpenKruise's kruise-manager, to measure BroadcastJobs as well; it must be in its checkout, which has the CRDs")
	flags.StringVar(&cfg.folder, "output", "bin/bench", "the folder to write bench.json, bench.md and bench.svg to")
	flags.DurationVar(&cfg.soak, "soak", 0, "how long to soak the operator instead of measuring it")
	flags.Uint64Var(&cfg.seed, "seed", uint64(time.Now().Unix()), "the seed of the soak's random numbers")
	flags.BoolVar(&cfg.real, "real", false, "soak on as many real nodes as NODES says; the image of the sample Job must be built")
	flags.BoolVar(&cfg.check, "check", false, "fail if a target is missed")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	for text := range strings.SplitSeq(*nodes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < groupSize {
			_, _ = fmt.Fprintf(flags.Output(), "bench: -nodes %s: use numbers of %d and more\n", *nodes, groupSize)
			return nil, errors.New("wrong nodes")
		}
		cfg.nodes = append(cfg.nodes, n)
	}
	slices.Sort(cfg.nodes)
	cfg.cases = strings.Split(*cases, ",")
	for _, name := range cfg.cases {
		if !slices.ContainsFunc(scenarios, func(s scenario) bool { return s.name == name && !s.onlyBare }) {
			_, _ = fmt.Fprintf(flags.Output(), "bench: -cases %s: there is no case %q, use some of 1 to 7\n", *cases, name)
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
	for name, other := range map[string]string{"2": "marks", "3": "tenth", "6": "1", "7": "1"} {
		if slices.Contains(cfg.cases, name) && !slices.Contains(cfg.cases, other) {
			cfg.cases = append(cfg.cases, other)
		}
	}
	return cfg, nil
}

func run(ctx context.Context, cfg *runConfig) (err error) {
	options, err := cluster.FromEnv()
	if err != nil {
		return err
	}
	// A folder that cannot be created must fail the run before it measures anything.
	for _, folder := range []string{cfg.settings.profiles, cfg.folder} {
		if folder == "" {
			continue
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	realNodes := 0
	if cfg.real {
		realNodes = options.Nodes
	}
	env, err := newEnv(ctx, options, cfg.programs, realNodes)
	if env != nil {
		defer func() { err = errors.Join(err, env.close(err != nil)) }()
	}
	if err != nil {
		return err
	}
	if cfg.soak > 0 {
		return env.runSoak(ctx, cfg.soak, cfg.seed)
	}
	all := &report{Machine: fmt.Sprintf("%d processors, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)}
	for _, nodes := range cfg.nodes {
		if err := env.grow(ctx, nodes); err != nil {
			return err
		}
		rows, err := env.measureAll(ctx, cfg)
		all.Rows = append(all.Rows, rows...)
		if err != nil {
			return err
		}
	}
	all.Targets = evaluate(all.Rows)
	fmt.Print("\n" + all.markdown())
	if err := all.write(cfg.folder); err != nil {
		return err
	}
	missed := slices.DeleteFunc(slices.Clone(all.Targets), func(j targetResult) bool { return j.Met })
	if cfg.check && len(missed) > 0 {
		return fmt.Errorf("%d targets are missed", len(missed))
	}
	return nil
}
