// Command scorecard runs in the image of scorecard's custom tests. It asks the running
// operator to do its work, and prints one TestStatus. It installs nothing.
//
// Scorecard fails a test that prints anything else, so nothing here logs.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/go-logr/logr"
	"github.com/operator-framework/api/pkg/apis/scorecard/v1alpha3"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	// timeout is how long a test may take. It is shorter than scorecard's usual wait
	// time.
	timeout = 2 * time.Minute
	// defaultImage is the sample's image, which has a shell.
	defaultImage = "docker.io/darkowlzz/cleanup:v0.0.2"
)

// check is one test. It returns what it observed.
type check func(ctx context.Context, c client.Client, namespace, image string) (observed string, err error)

var checks = map[string]check{
	"job-log-mode":  completes(logs),
	"job-exit-mode": completes(exits),
	"job-refused":   refused,
}

func main() {
	ctrl.SetLogger(logr.Discard())
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	fmt.Println(string(report(os.Args[1:])))
}

// report runs the tests with these names, and returns their TestStatus as JSON.
func report(names []string) []byte {
	var status v1alpha3.TestStatus
	for _, name := range names {
		status.Results = append(status.Results, run(name))
	}
	if len(names) == 0 {
		status.Results = []v1alpha3.TestResult{{Name: "scorecard", State: v1alpha3.ErrorState, Errors: []string{"no test was named in the entrypoint"}}}
	}
	text, err := json.MarshalIndent(status, "", "  ")
	if err != nil {
		panic(err) // A status holds only strings, which JSON can encode.
	}
	return text
}

// run runs the test with this name.
func run(name string) v1alpha3.TestResult {
	result := v1alpha3.TestResult{Name: name, State: v1alpha3.ErrorState}
	test, ok := checks[name]
	if !ok {
		result.Errors = []string{"there is no such test"}
		return result
	}
	c, err := connect()
	if err != nil {
		result.Errors = []string{err.Error()}
		return result
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	namespace, image := os.Getenv("SCORECARD_NAMESPACE"), os.Getenv("JOB_IMAGE")
	if namespace == "" {
		namespace = "default"
	}
	if image == "" {
		image = defaultImage
	}
	if result.Log, err = test(ctx, c, namespace, image); err != nil {
		result.State, result.Errors, result.Suggestions = v1alpha3.FailState, []string{err.Error()}, advise(err, namespace)
		return result
	}
	result.State = v1alpha3.PassState
	return result
}

func connect() (client.Client, error) {
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, err
	}
	if err := v1beta1.AddToScheme(scheme.Scheme); err != nil {
		return nil, err
	}
	return client.New(config, client.Options{Scheme: scheme.Scheme})
}
