package main

import (
	"cmp"
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

// plan is what a run is to do.
type plan struct {
	nodes    []int
	cases    []string
	settings settings
	programs programs
	folder   string
	check    bool
	// soak is how long to soak the operator instead of measuring it, with this seed.
	soak time.Duration
	seed uint64
}

func main() {
	runtime.LockOSThread() // See start.
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard()) // A watch that ends is told to those who use it.
	p, err := parsePlan(os.Args[1:])
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, p); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func parsePlan(args []string) (*plan, error) {
	p := &plan{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	nodes := flags.String("nodes", "1000", "numbers of nodes, separated by commas")
	cases := flags.String("cases", "1,2,3,4,5", "the cases to measure, separated by commas")
	flags.DurationVar(&p.settings.quiet, "quiet", 2*time.Minute, "how long nothing happens in case 5")
	flags.IntVar(&p.settings.rounds, "rounds", 3, "how often each case is measured: the median counts")
	flags.StringVar(&p.settings.profiles, "profiles", "", "a folder to write profiles of both binaries to")
	flags.StringVar(&p.programs.manager, "manager", "bin/manager", "the manager")
	flags.StringVar(&p.programs.terminator, "terminator", "bin/terminator", "the terminator")
	flags.StringVar(&p.programs.kwok, "kwok", "", "the program that simulates nodes")
	flags.StringVar(&p.folder, "output", "bin/bench", "the folder to write bench.json, bench.md and bench.svg to")
	flags.DurationVar(&p.soak, "soak", 0, "soak the operator for so long instead of measuring it")
	flags.Uint64Var(&p.seed, "seed", uint64(time.Now().Unix()), "what the soak does at random begins with this number")
	flags.BoolVar(&p.check, "check", false, "fail if a target is missed")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	for _, text := range strings.Split(*nodes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < groupSize {
			_, _ = fmt.Fprintf(flags.Output(), "bench: -nodes %s: use numbers of %d and more\n", *nodes, groupSize)
			return nil, errors.New("wrong nodes")
		}
		p.nodes = append(p.nodes, n)
	}
	slices.Sort(p.nodes)
	p.cases = strings.Split(*cases, ",")
	if slices.Contains(p.cases, "3") {
		p.cases = append(p.cases, "tenth")
	}
	return p, nil
}

func run(ctx context.Context, p *plan) (err error) {
	options, err := cluster.FromEnv()
	if err != nil {
		return err
	}
	if p.settings.profiles != "" {
		if err := os.MkdirAll(p.settings.profiles, 0o755); err != nil {
			return err
		}
	}
	lab, err := newLab(ctx, options, p.programs)
	if lab != nil {
		defer func() { err = errors.Join(err, lab.close(err != nil)) }()
	}
	if err != nil {
		return err
	}
	if p.soak > 0 {
		return lab.runSoak(ctx, p.soak, p.seed)
	}
	all := &report{Machine: fmt.Sprintf("%d processors, %s/%s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)}
	for _, nodes := range p.nodes {
		if err := lab.grow(ctx, nodes); err != nil {
			return err
		}
		rows, err := lab.measureAll(ctx, p)
		all.Rows = append(all.Rows, rows...)
		if err != nil {
			return err
		}
	}
	all.Targets = judge(all.Rows)
	fmt.Print("\n" + all.markdown())
	if err := all.write(p.folder); err != nil {
		return err
	}
	missed := slices.DeleteFunc(slices.Clone(all.Targets), func(j judgement) bool { return j.Met })
	if p.check && len(missed) > 0 {
		return fmt.Errorf("%d targets are missed", len(missed))
	}
	return nil
}

// measureAll measures the cases of the plan at the present number of nodes.
func (l *lab) measureAll(ctx context.Context, p *plan) ([]result, error) {
	var rows []result
	bare := map[string]float64{}
	// What comes first pays for the caches of all components.
	if _, err := l.measureBare(ctx, scenarios[0]); err != nil {
		return rows, fmt.Errorf("warming up: %w", err)
	}
	for _, s := range scenarios {
		if !slices.Contains(p.cases, s.name) {
			continue
		}
		bares, jobs, err := l.measureRounds(ctx, s, p.settings)
		if err != nil {
			return rows, err
		}
		if len(bares) > 0 {
			r := median(bares)
			bare[s.name] = r.Wall
			rows = append(rows, r)
		}
		if len(jobs) > 0 {
			r := median(jobs)
			r.Reference = bare[s.name]
			if s.reference != "" {
				r.Reference = bare[s.reference] * s.times
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// measureRounds measures a case several times: the bare DaemonSet and the operator
// by turns, so that what else the machine does meets both.
func (l *lab) measureRounds(ctx context.Context, s scenario, how settings) (bares, jobs []result, err error) {
	measure := func(to *[]result, do func() (result, error)) error {
		r, err := do()
		if err != nil {
			return fmt.Errorf("case %s, %d nodes, %s: %w", r.Case, r.Nodes, r.Subject, err)
		}
		r.progress(os.Stderr)
		*to = append(*to, r)
		return nil
	}
	rounds := how.rounds
	if s.quiet {
		rounds = 1 // Nothing that is measured here depends on the machine.
	}
	for range rounds {
		if s.reference == "" && !s.quiet {
			if err := measure(&bares, func() (result, error) { return l.measureBare(ctx, s) }); err != nil {
				return nil, nil, err
			}
		}
		if !s.onlyBare {
			if err := measure(&jobs, func() (result, error) { return l.measureJobs(ctx, s, how) }); err != nil {
				return nil, nil, err
			}
		}
	}
	return bares, jobs, nil
}

// median is the result in the middle, by its time.
func median(all []result) result {
	slices.SortFunc(all, func(a, b result) int { return cmp.Compare(a.Wall, b.Wall) })
	return all[len(all)/2]
}
