package operator

import (
	"errors"
	"fmt"
	"os"

	"github.com/darkowlzz/daemonset-job/internal/options"
)

// Installation returns the name of this installation: the setting, or outside a cluster the
// host's name. All replicas of a Deployment, and its later versions, must have one name.
func Installation(o *options.Manager) (string, error) {
	if o.Installation != "" {
		return o.Installation, nil
	}
	host, err := os.Hostname()
	switch {
	case err != nil:
		return "", fmt.Errorf("finding the host's name: set --installation: %w", err)
	case host == "":
		return "", errors.New("the host has no name: set --installation")
	}
	return host, nil
}
