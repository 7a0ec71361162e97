package daemonset

import (
	"fmt"
	"strings"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// The versions of the template hash. A hash begins with its version and a dash. Those of
// v1 have no version, since v1 was the only one.
const (
	hashV1 = "v1"
	hashV2 = "v2"

	// currentVersion is that of a new template.
	currentVersion = hashV2
)

// algorithms compute the template hash of each version. A version is never changed or
// removed: Jobs and pods carry its hashes for as long as their template stays.
var algorithms = map[string]func(*v1beta1.JobSpec) (string, error){
	hashV1: roundedHash,
	hashV2: exactHash,
}

// versionOf returns the version of a hash.
func versionOf(hash string) string {
	version, _, found := strings.Cut(hash, "-")
	if !found {
		return hashV1
	}
	return version
}

// hashAs returns the hash of what the Job runs in this version. After a downgrade of the
// operator the version can be unknown. That is an error, because the manager cannot tell
// whether the work must run again.
func hashAs(version string, spec *v1beta1.JobSpec) (string, error) {
	algorithm, known := algorithms[version]
	if !known {
		return "", fmt.Errorf("a later version of the operator made it: upgrade the operator, or delete the Job and create it again to run its work once more")
	}
	return algorithm(spec)
}

// exactHash is v2: it covers the Job as it is stored.
func exactHash(spec *v1beta1.JobSpec) (string, error) {
	hash, err := hashOf(hashedPart(spec))
	if err != nil {
		return "", err
	}
	return hashV2 + "-" + hash, nil
}
