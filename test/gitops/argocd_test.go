package gitops

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	. "github.com/onsi/gomega"
	lua "github.com/yuin/gopher-lua"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// The script of the guide is the one that users copy.
func TestTheHealthScriptOfTheGuide(t *testing.T) {
	script := healthScript(t)
	for name, c := range cases(t) {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			status, message := health(t, script, object(t, c.job).Object)
			g.Expect(status).To(Equal(c.read.argoCD), message)
			g.Expect(message).NotTo(BeEmpty())
		})
	}
	t.Run("a Job without a status", func(t *testing.T) {
		status, _ := health(t, script, map[string]any{"metadata": map[string]any{"generation": int64(1)}})
		NewWithT(t).Expect(status).To(Equal("Progressing"))
	})
}

// healthScript returns the Lua script from the ConfigMap in the guide.
func healthScript(t *testing.T) string {
	t.Helper()
	g := NewWithT(t)
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "guides", "gitops.md"))
	g.Expect(err).NotTo(HaveOccurred())
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(guide, -1) {
		config := &corev1.ConfigMap{}
		g.Expect(yaml.Unmarshal(block[1], config)).To(Succeed())
		if script := config.Data["resource.customizations.health."+v1beta1.GroupVersion.Group+"_Job"]; script != "" {
			return script
		}
	}
	t.Fatal("the guide shows no health script")
	return ""
}

// health runs the script as Argo CD does: with the object in obj, and few libraries.
func health(t *testing.T, script string, obj map[string]any) (status, message string) {
	t.Helper()
	g := NewWithT(t)
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		g.Expect(l.CallByParam(lua.P{Fn: l.NewFunction(open), Protect: true}, lua.LString(name))).To(Succeed())
	}
	l.SetGlobal("obj", value(t, l, obj))
	g.Expect(l.DoString(script)).To(Succeed())
	result, ok := l.Get(-1).(*lua.LTable)
	g.Expect(ok).To(BeTrue(), "the script returns a table")
	return result.RawGetString("status").String(), result.RawGetString("message").String()
}

// value returns a value of JSON for Lua.
func value(t *testing.T, l *lua.LState, v any) lua.LValue {
	t.Helper()
	switch v := v.(type) {
	case nil:
		return lua.LNil
	case bool:
		return lua.LBool(v)
	case string:
		return lua.LString(v)
	case int64:
		return lua.LNumber(v)
	case []any:
		list := l.NewTable()
		for _, item := range v {
			list.Append(value(t, l, item))
		}
		return list
	case map[string]any:
		table := l.NewTable()
		for key, item := range v {
			table.RawSetString(key, value(t, l, item))
		}
		return table
	}
	t.Fatalf("JSON has no %T", v)
	return lua.LNil
}
