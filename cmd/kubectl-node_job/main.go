// Command kubectl-node_job is the kubectl plugin node-job: it runs, shows and changes Jobs that
// run once on every node. Under the name kubectl_complete-node_job it completes its arguments,
// as kubectl asks it to.
package main

import (
	"os"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args)) }
