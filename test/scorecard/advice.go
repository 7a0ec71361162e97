package main

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
)

const (
	project = "https://github.com/darkowlzz/daemonset-job"
	// account is the service account of config/scorecard/rbac.
	account = "daemonset-job-scorecard"
	// rights are those of config/scorecard/rbac. Scorecard gives a pod the account
	// `default` unless it is told of another one, and that account has none of them.
	rights = "create, delete and get on jobs.daemonset.darkowlzz.space, and create on daemonsets.apps"
)

// advise returns what the user can do about an error that says nothing of the operator:
// the test lacks rights, or the operator is not installed. It is nil for other errors.
func advise(err error, namespace string) []string {
	switch {
	case apierrors.IsForbidden(err):
		return []string{
			fmt.Sprintf("give a service account in namespace %q the rights %s, and name it: operator-sdk scorecard -n %s -s ACCOUNT", namespace, rights, namespace),
			fmt.Sprintf("or run `make scorecard` in a clone of %s: it makes the account %s with these rights in namespace default, and names it", project, account),
		}
	case meta.IsNoMatchError(err):
		return []string{"install the operator first: this test asks the running one. " + project + " tells how"}
	}
	return nil
}
