package plan

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/onsi/gomega"
)

// varyingOf replaces what varies on a cluster with these nodes, for a Job that is called j.
func varyingOf(nodes ...string) *varying {
	return &varying{isNode: func(name string) bool { return slices.Contains(nodes, name) }, podPrefix: "j-daemonset-job-"}
}

func TestReplace(t *testing.T) {
	for line, want := range map[string]string{
		"sh: foo: not found":  "sh: foo: not found",
		"":                    "",
		"é: 東京 is ÿ":          "é: 東京 is ÿ",
		"std::string: face::": "std::string: face::",

		"no space left on n3":         "no space left on <node>",
		"n3: n30 is not n3_disk":      "<node>: n# is not <node>_disk",
		"cannot reach pool-b.example": "cannot reach <node>",
		"on n3.":                      "on <node>.",
		"n3-pool-b.example":           "<node>-pool-b.example",
		"host j-daemonset-job-x7k2p":  "host <pod>",
		"host j-daemonset-job-x7k2pq": "host j-daemonset-job-x#k#pq",

		"dial tcp 10.0.3.17:6443: refused":            "dial tcp <ip>:#: refused",
		"route 10.0.0.0/24 via 10.0.0.1.":             "route <ip>/# via <ip>.",
		"[fe80::1%eth0]:80 and ::1, fe80::1:":         "[<ip>%eth#]:# and <ip>, <ip>:",
		"2001:db8:0:0:0:0:0:1 ::ffff:10.0.0.1":        "<ip> <ip>",
		"300.1.2.3 is none, nor is 1.2.3.4.5":         "# is none, nor is #",
		"link 52:54:00:ab:cd:ef 52-54-00-AB-CD-EF":    "link <mac> <mac>",
		"volume 6F9619FF-8B86-D011-B42D-00C04FC964FF": "volume <uuid>",

		"container 4fa6e0f0c678 of 1234567": "container # of #",
		"at 0x7f3a, 0xdeadbeef":             "at #, #",
		"a facade of decades":               "a facade of decades",
		"commit cafe12 cafe1":               "commit # cafe#",

		"code 127, -1.5, 10,000 or v1.37.2": "code #, -#, # or v#",
		"/dev/sda1 at 12Ki":                 "/dev/sda# at #Ki",

		"2026-11-28T22:12:00.123Z a":             "<time> a",
		"2026-11-28 22:12:00,123 +0100 b":        "<time> +# b",
		"2026/11/28 22:12:00 c":                  "<time> c",
		"2026-11-28T22:12:00+01:00 d":            "<time> d",
		"[2026-11-28] e at 9:05:00":              "[<time>] e at <time>",
		"E1128 22:12:00.123456 1 file.go:123] f": "E# <time> # file.go:#] f",
		"Nov  8 22:12:00 g":                      "<time> g",
		"Sat Nov 28 22:12:00 UTC 2026 h":         "<time> UTC # h",
		"Nov is a month, Sat Nov too":            "Nov is a month, Sat Nov too",

		`\x1b[1;31mError\x1b[0m: \x00`: `Error: \x#`,
		`\x1b[1mn3\x1b[0m \x1b[ \x1b`:  `<node> \x#b[ \x#b`,
		`wor\x1b[1mker 7n3 #n3`:        `worker #n# #n#`,
	} {
		t.Run(line, func(t *testing.T) {
			NewWithT(t).Expect(varyingOf("n3", "pool-b.example").replace(line, "n3")).To(Equal(want))
		})
	}
}

// The name of a node can have a domain, which programs leave out.
func TestReplaceShortNames(t *testing.T) {
	g := NewWithT(t)
	g.Expect(varyingOf().replace("ip-10-0-3-17: full, so is ip-10-0-3-17.ec2.internal", "ip-10-0-3-17.ec2.internal")).To(Equal("<node>: full, so is <node>"))
	g.Expect(varyingOf("10.0.3.17").replace("10 files of 10.0.3.17", "10.0.3.17")).To(Equal("# files of <node>"))
}

func FuzzReplace(f *testing.F) {
	for _, seed := range []string{"", "sh: foo: not found", "n3 n3.example.com <node> <nod", "10.0.0.1:6443 fe80::1%eth0 ::", "52:54:00:ab:cd:ef",
		"6f9619ff-8b86-d011-b42d-00c04fc964ff", "2026-11-28T22:12:00.123Z", "Sat Nov 28 22:12:00", `\x1b[31m \x1b[`, "0x0xfacade1", "1.2.,3", "\xff\xfe é"} {
		f.Add(seed, "n3.example.com")
	}
	f.Fuzz(func(t *testing.T, line, node string) {
		g := NewWithT(t)
		replaced := varyingOf("n3", "worker").replace(line, "n3")
		g.Expect(strings.ContainsAny(replaced, digits)).To(BeFalse())
		g.Expect(varyingOf("n3", "worker").replace(replaced, "n3")).To(Equal(replaced))
		if utf8.ValidString(line) {
			g.Expect(utf8.ValidString(replaced)).To(BeTrue())
		}
		// Whatever a node is called, each byte is read.
		varyingOf(node).replace(line, node)
	})
}
