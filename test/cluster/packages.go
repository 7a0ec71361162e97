package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// cniPlugins is the folder of Debian's CNI plugins.
const cniPlugins = "/usr/lib/cni"

// ErrUnsupported is returned if the machine does not run Linux or the user is not root.
var ErrUnsupported = errors.New("the local cluster needs Linux and root")

func checkPlatform() error {
	const instead = `To use another cluster instead, set KUBECONFIG to its kubeconfig: everything that
deploys or tests works against that one, with images that its nodes can pull.`
	switch {
	case runtime.GOOS != "linux":
		return fmt.Errorf("%w, and this is %s.\n%s", ErrUnsupported, runtime.GOOS, instead)
	case os.Geteuid() != 0:
		return fmt.Errorf("%w, and this is user %d. Run it as root.\n%s", ErrUnsupported, os.Geteuid(), instead)
	}
	return nil
}

// packages are the Debian packages that a cluster needs. The value is a program or file
// by which to check that the package is installed.
var packages = map[string]string{
	"buildah":                     "buildah",
	"busybox-static":              "busybox",
	"containerd":                  "containerd",
	"containernetworking-plugins": filepath.Join(cniPlugins, "ptp"),
	"iproute2":                    "ip",
	"nftables":                    "nft",
	"runc":                        "runc",
}

// missingPackages returns the packages whose program or file is missing.
func missingPackages(found func(string) bool) []string {
	var missing []string
	for name, program := range packages {
		if !found(program) {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return missing
}

func installed(program string) bool {
	_, err := exec.LookPath(find(program))
	return err == nil
}

// installPackages installs the missing packages and logs their names.
func installPackages(ctx context.Context, log io.Writer) error {
	missing := missingPackages(installed)
	if len(missing) == 0 {
		return nil
	}
	names := strings.Join(missing, " ")
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("install these first (Debian's names; there is no apt-get here): %s", names)
	}
	install := append([]string{"DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends"}, missing...)
	_, _ = fmt.Fprintf(log, "installing Debian packages: %s\n", names)
	if err := run(ctx, "env", install...); err == nil {
		return nil
	}
	// The package lists may be missing or stale.
	if err := run(ctx, "apt-get", "update"); err != nil {
		return err
	}
	return run(ctx, "env", install...)
}
