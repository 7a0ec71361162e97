package options

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// Flags whose variable, or the lack of one, is not by the rule.
const (
	watchNamespaceFlag = "watch-namespace"
	namespaceFlag      = "namespace"
	leaseNamespaceFlag = "leader-election-namespace"
	versionFlag        = "version"
	kubeconfigFlag     = "kubeconfig"
)

// LookupEnv finds an environment variable, as os.LookupEnv does.
type LookupEnv func(name string) (value string, ok bool)

// Parse reads the flags of fs from the command line, and those that it does not
// set from the environment. An error names the flag or variable and says what
// to write; flag.ErrHelp is returned when help was asked for, and printed to help.
func Parse(fs *flag.FlagSet, args []string, env LookupEnv, help io.Writer) error {
	fs.Usage = func() {}
	fs.SetOutput(io.Discard)
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fs.SetOutput(help)
		_, _ = fmt.Fprintf(help, "Usage of %s. Each flag is also an environment variable: --some-flag is SOME_FLAG.\n", fs.Name())
		fs.PrintDefaults()
		return err
	case err != nil:
		return err
	case fs.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: write settings as --flag=value", fs.Arg(0))
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if err := fromEnvironment(fs, given, env); err != nil {
		return err
	}
	return preferWatchNamespace(fs, given, env)
}

// fromEnvironment sets the flags that were not given on the command line.
func fromEnvironment(fs *flag.FlagSet, given map[string]bool, env LookupEnv) error {
	var problems []error
	fs.VisitAll(func(f *flag.Flag) {
		name := variable(f.Name)
		if name == "" || given[f.Name] {
			return
		}
		if value, ok := env(name); ok && value != "" {
			if err := f.Value.Set(value); err != nil {
				problems = append(problems, fmt.Errorf("environment variable %s=%q: %w", name, value, err))
			}
		}
	})
	return errors.Join(problems...)
}

// preferWatchNamespace settles which of the two names for one setting counts:
// a flag beats a variable, then --watch-namespace beats --namespace. Both flags
// write to the same place, so that what counts is set once more.
//
// In the original, NAMESPACE was the namespace whose pods the terminator looks
// at. A deployment that sets only this variable keeps its meaning; WATCH_NAMESPACE
// beats it even when empty, which is how all namespaces are asked for.
func preferWatchNamespace(fs *flag.FlagSet, given map[string]bool, env LookupEnv) error {
	watch := fs.Lookup(watchNamespaceFlag)
	if watch == nil || fs.Lookup(namespaceFlag) == nil {
		return nil
	}
	value, inEnvironment := env(variable(watchNamespaceFlag))
	switch {
	case given[watchNamespaceFlag]:
		value = lastValue(fs, watchNamespaceFlag)
	case given[namespaceFlag]:
		value = lastValue(fs, namespaceFlag)
	case !inEnvironment:
		return nil
	}
	return watch.Value.Set(value)
}

// lastValue is what the flag was last set to, as it was written.
func lastValue(fs *flag.FlagSet, name string) string {
	if v, ok := fs.Lookup(name).Value.(interface{ written() string }); ok {
		return v.written()
	}
	return ""
}

// variable is the environment variable of a flag, empty if it has none.
func variable(flagName string) string {
	switch flagName {
	case versionFlag:
		// VERSION is set in too many images to mean this.
		return ""
	case kubeconfigFlag:
		// client-go reads KUBECONFIG itself, as a list of files.
		return ""
	case leaseNamespaceFlag:
		return "POD_NAMESPACE"
	}
	return strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}
