package completion

import (
	"github.com/darkowlzz/daemonset-job/internal/logfollow"
	"github.com/darkowlzz/daemonset-job/internal/plan"
)

// outputOf returns what a follower that found the word keeps of the rest of its line.
func outputOf(follower *logfollow.Follower) string {
	if follower.Rest == nil {
		return ""
	}
	return plan.Output(follower.Rest.Text(), follower.Rest.Limit)
}
