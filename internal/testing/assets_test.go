package testing

import (
	"testing"

	. "github.com/onsi/gomega"
)

// recorder stands for a test, and keeps how it ended.
type recorder struct {
	testing.TB
	ended []string
	said  []any
}

func (r *recorder) Helper() {}

func (r *recorder) Skip(args ...any) { r.ended, r.said = append(r.ended, "skipped"), args }

// Fatal ends the test's goroutine, as the real one does.
func (r *recorder) Fatal(args ...any) {
	r.ended, r.said = append(r.ended, "failed"), args
	panic(r)
}

func TestRequireAssets(t *testing.T) {
	for name, c := range map[string]struct {
		assets, ci string
		want       []string
	}{
		"assets":           {assets: "/assets"},
		"assets in CI":     {assets: "/assets", ci: "true"},
		"no assets":        {want: []string{"skipped"}},
		"no assets, no CI": {ci: "false", want: []string{"skipped"}},
		"no assets in CI":  {ci: "true", want: []string{"failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			t.Setenv("KUBEBUILDER_ASSETS", c.assets)
			t.Setenv("CI", c.ci)
			r := &recorder{}
			func() {
				defer func() { _ = recover() }() // It is the recorder.
				RequireAssets(r)
			}()
			g.Expect(r.ended).To(Equal(c.want))
			if c.want != nil {
				g.Expect(r.said).To(ConsistOf(ContainSubstring("make test-integration")))
			}
		})
	}
}
