package cluster

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// limits are kernel limits that all processes of a user share. Several kubelets and
// containerds together exceed the defaults. The package's documentation says why they
// stay raised.
var limits = map[string]int{
	"/proc/sys/fs/inotify/max_user_instances": 1024,
	"/proc/sys/fs/inotify/max_user_watches":   524288,
}

func raiseLimits() error {
	for file, least := range limits {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		value, err := strconv.Atoi(strings.TrimSpace(string(content)))
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if value >= least {
			continue
		}
		if err := os.WriteFile(file, []byte(strconv.Itoa(least)), 0o644); err != nil {
			return err
		}
	}
	return nil
}
