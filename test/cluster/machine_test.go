package cluster

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

const (
	mountsV1 = `25 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 27 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
32 27 0:30 / /sys/fs/cgroup/pids rw shared:9 - cgroup cgroup rw,pids
33 27 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`
	mountsV2 = `30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate
`
)

func TestParseCgroups(t *testing.T) {
	for name, c := range map[string]struct {
		mounts string
		want   cgroups
	}{
		"v1": {mountsV1, cgroups{roots: []string{"/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified"}}},
		"v2": {mountsV2, cgroups{roots: []string{"/sys/fs/cgroup"}, delegate: true}},
		// Containers and chroots often mount a tree twice.
		"mounted twice": {mountsV2 + mountsV2, cgroups{roots: []string{"/sys/fs/cgroup"}, delegate: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := parseCgroups(c.mounts); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
	if got := parseCgroups("25 1 254:0 / / rw - ext4 /dev/vda rw\n"); len(got.roots) > 0 {
		t.Errorf("trees out of nothing: %+v", got)
	}
}

func TestParseMountsKeepsToTheFolder(t *testing.T) {
	mounts := `1 0 0:1 / /run/daemonset-job/a rw - tmpfs t rw
2 1 0:2 / /run/daemonset-job/a/node-1.net rw - nsfs nsfs rw
3 0 0:3 / /run/daemonset-job/ab rw - tmpfs t rw
4 0 0:4 / /run rw - tmpfs t rw
`
	want := []string{"/run/daemonset-job/a", "/run/daemonset-job/a/node-1.net"}
	if got := parseMounts(mounts, "/run/daemonset-job/a"); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestInGroup(t *testing.T) {
	for groups, want := range map[string]bool{
		"3:pids:/daemonset-job-a\n":                   true,
		"3:pids:/other\n0::/daemonset-job-a/node-1\n": true,
		"3:pids:/daemonset-job-ab/node-1\n":           false,
		"3:pids:/x/daemonset-job-a\n":                 false,
		"":                                            false,
	} {
		if got := inGroup(groups, "daemonset-job-a"); got != want {
			t.Errorf("%q: %t", groups, got)
		}
	}
}

func TestHasEnded(t *testing.T) {
	for status, want := range map[string]bool{
		"12 (sleep) S 1 12":       false,
		"12 (sleep) Z 1 12":       true,
		"12 (odd) Z name) R 1 12": false,
		"12 (a b) X 1 12":         true,
	} {
		if got := hasEnded(status); got != want {
			t.Errorf("%q: %t", status, got)
		}
	}
}

func TestTailPrefersWhatWentWrong(t *testing.T) {
	log := strings.Join([]string{
		`I1123 17:00:00.000000 1 server.go:1] "starting"`,
		`E1123 17:00:01.000000 1 server.go:2] "cannot" err="why"`,
		`{"level":"info","msg":"stopping"}`,
		`I1123 17:00:02.000000 1 server.go:3] "Error is a word here"`,
	}, "\n") + "\n"
	if got := tail(log, 8); !strings.HasPrefix(got, "E1123") || strings.Contains(got, "\n") {
		t.Errorf("%q", got)
	}
	quiet := "Ines\nEmil\nFritz\n"
	if got := tail(quiet, 2); got != "Emil\nFritz" {
		t.Errorf("%q", got)
	}
	for _, line := range []string{
		"Error: unknown flag: --x", "panic: no", "F1123 00:00:00 x", `time="t" level=fatal msg="x"`, `{"level":"fatal"}`,
	} {
		if !complains(line) {
			t.Errorf("%q is not noticed", line)
		}
	}
}

func TestMissingPackages(t *testing.T) {
	all := missingPackages(func(string) bool { return false })
	if len(all) != len(packages) || !slices.IsSorted(all) {
		t.Errorf("%v", all)
	}
	some := missingPackages(func(program string) bool { return program != "nft" && program != cniPlugins+"/ptp" })
	if want := []string{"containernetworking-plugins", "nftables"}; !slices.Equal(some, want) {
		t.Errorf("%v, want %v", some, want)
	}
	if none := missingPackages(func(string) bool { return true }); len(none) > 0 {
		t.Errorf("%v", none)
	}
}

func TestFileNamesDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, image := range []string{"a/b:c", "a/b/c", "a:b:c", "a%2Fb:c", "./a/b:c"} {
		name := fileName(image)
		if other, taken := seen[name]; taken {
			t.Errorf("%s and %s are both %s", image, other, name)
		}
		seen[name] = image
		if strings.ContainsAny(name, "/:") {
			t.Errorf("%s is no name of a file", name)
		}
	}
}
