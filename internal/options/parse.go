package options

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// Flags whose environment variable does not follow the rule, or that have none.
const (
	watchNamespaceFlag = "watch-namespace"
	namespaceFlag      = "namespace"
	leaseNamespaceFlag = "leader-election-namespace"
	versionFlag        = "version"
	kubeconfigFlag     = "kubeconfig"
)

// LookupEnv finds an environment variable, as os.LookupEnv does.
type LookupEnv func(name string) (value string, ok bool)

// Parse sets the flags of fs from the environment, then from the command line, so that a
// flag beats its variable. An error names the flag or variable and says what to write.
// Parse prints the help to help and returns flag.ErrHelp when the user asks for it.
func Parse(fs *flag.FlagSet, args []string, env LookupEnv, help io.Writer) error {
	fs.Usage = func() {}
	fs.SetOutput(io.Discard)
	invalid := setFromEnvironment(fs, env)
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
	if given[watchNamespaceFlag] && given[namespaceFlag] {
		return fmt.Errorf("--%s and --%[2]s are the same setting: write --%[1]s and leave out --%[2]s", watchNamespaceFlag, namespaceFlag)
	}
	var problems []error
	fs.VisitAll(func(f *flag.Flag) {
		if !given[f.Name] {
			problems = append(problems, invalid[f.Name])
		}
	})
	return errors.Join(problems...)
}

// setFromEnvironment sets each flag that has a variable, and returns the errors by flag.
//
// NAMESPACE is the variable of the original terminator, and still limits it to one namespace.
// WATCH_NAMESPACE beats it because flags are visited by name. An empty WATCH_NAMESPACE
// counts too: it means all namespaces.
func setFromEnvironment(fs *flag.FlagSet, env LookupEnv) map[string]error {
	invalid := map[string]error{}
	fs.VisitAll(func(f *flag.Flag) {
		name := variable(f.Name)
		value, ok := env(name)
		if name == "" || !ok || value == "" && f.Name != watchNamespaceFlag {
			return
		}
		if err := f.Value.Set(value); err != nil {
			invalid[f.Name] = fmt.Errorf("environment variable %s=%q: %w", name, value, err)
		}
	})
	return invalid
}

// variable returns the environment variable of a flag, or nothing if the flag has none.
func variable(flagName string) string {
	switch flagName {
	case versionFlag:
		// Many images set VERSION to their own version.
		return ""
	case kubeconfigFlag:
		// client-go reads KUBECONFIG itself, as a list of files.
		return ""
	case leaseNamespaceFlag:
		return "POD_NAMESPACE"
	}
	return strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}
