package options

import (
	"flag"
	"io"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// FuzzSettings gives each setting any text, as a variable. It is refused with a sentence, or
// means the same when it is written as the process shows it.
func FuzzSettings(f *testing.F) {
	for _, text := range []string{
		"", " ", "0", "-1", "7", "1e9", "inf", "nan", "true", ":8080", "[::1]:80", "a,b", ",", "A_B", "job=true,tier in (a,b),!c",
		"done", "wörd", "a b", "\xff", "\x1b[0m", "30", "10m", "1h30m", "cpu=1m:10m,memory=4Mi", "cpu=2:1", "cpu=1,cpu=2", "=", "64Mi", "1Ti", "1e400", "9999999999999999999Ei",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, bind := range map[string]func(*flag.FlagSet){"manager": NewManager().Bind, "terminator": NewTerminator().Bind} {
			names := []string{}
			flags(bind).VisitAll(func(f *flag.Flag) {
				if _, ours := f.Value.(interface{ IsBoolFlag() bool }); ours && variable(f.Name) != "" && !strings.HasPrefix(f.Name, "zap-") {
					names = append(names, f.Name)
				}
			})
			for _, setting := range names {
				g := NewWithT(t)
				fs := flags(bind)
				err := Parse(fs, nil, environment{variable(setting): text}.lookup, io.Discard)
				if err != nil {
					g.Expect(err.Error()).To(ContainSubstring(variable(setting)), name)
					continue
				}
				shown := fs.Lookup(setting).Value.String()
				g.Expect(Parse(fs, []string{"--" + setting + "=" + shown}, environment{}.lookup, io.Discard)).To(Succeed(), "%s: %s as %q", name, setting, shown)
				g.Expect(fs.Lookup(setting).Value.String()).To(Equal(shown), "%s: %s", name, setting)
			}
		}
	})
}
