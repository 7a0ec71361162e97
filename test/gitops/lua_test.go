package gitops

import (
	"encoding/json"
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	lua "github.com/yuin/gopher-lua"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// refused are the functions that Karmada takes out of its scripts' reach.
var refused = []string{
	"collectgarbage", "dofile", "getfenv", "getmetatable", "load", "loadfile", "loadstring",
	"rawequal", "rawget", "rawset", "setfenv", "setmetatable", "module", "newproxy",
}

// call runs one function of a script as Karmada does: a fresh script each time, with some
// libraries and its own one, kube. It returns what the function returns, as JSON.
func call(t *testing.T, script, function string, arguments ...any) any {
	t.Helper()
	g := NewWithT(t)
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{
		{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable},
		{lua.StringLibName, lua.OpenString}, {lua.MathLibName, lua.OpenMath},
	} {
		g.Expect(l.CallByParam(lua.P{Fn: l.NewFunction(library.open), Protect: true}, lua.LString(library.name))).To(Succeed())
	}
	for _, name := range refused {
		l.SetGlobal(name, lua.LNil)
	}
	l.PreloadModule("kube", kube)
	g.Expect(l.DoString(script)).To(Succeed())
	values := make([]lua.LValue, len(arguments))
	for i, argument := range arguments {
		values[i] = value(t, l, argument)
	}
	g.Expect(l.CallByParam(lua.P{Fn: l.GetGlobal(function), NRet: 1, Protect: true}, values...)).To(Succeed())
	return fromLua(t, l.Get(-1))
}

// kube is a library with the one function that the scripts call. Karmada's decodes the pod
// template too, and returns what it refers to: this one names the ConfigMaps of variables.
func kube(l *lua.LState) int {
	l.Push(l.SetFuncs(l.NewTable(), map[string]lua.LGFunction{"getPodDependencies": func(l *lua.LState) int {
		data, err := json.Marshal(plain(l.CheckTable(1)))
		template := corev1.PodTemplateSpec{}
		if err == nil {
			err = yaml.UnmarshalStrict(data, &template)
		}
		if err != nil {
			l.RaiseError("%s is no pod template: %v", data, err)
		}
		found := l.NewTable()
		for _, container := range template.Spec.Containers {
			for _, env := range container.Env {
				if env.ValueFrom != nil && env.ValueFrom.ConfigMapKeyRef != nil {
					dependency := l.NewTable()
					dependency.RawSetString("name", lua.LString(env.ValueFrom.ConfigMapKeyRef.Name))
					dependency.RawSetString("namespace", lua.LString(l.CheckString(2)))
					found.Append(dependency)
				}
			}
		}
		l.Push(found)
		return 1
	}}))
	return 1
}

// fromLua returns a value of Lua, and fails if a table in it is empty: Karmada cannot know
// whether that is a list or an object, and leaves it out.
func fromLua(t *testing.T, v lua.LValue) any {
	t.Helper()
	result := plain(v)
	if table, ok := v.(*lua.LTable); ok {
		table.ForEach(func(key, item lua.LValue) {
			if inner, ok := item.(*lua.LTable); ok && inner.Len() == 0 {
				first, _ := inner.Next(lua.LNil)
				NewWithT(t).Expect(first).NotTo(Equal(lua.LNil), "%s is an empty table", key)
			}
			fromLua(t, item)
		})
	}
	return result
}

// plain returns a value of Lua as decoded JSON has it.
func plain(v lua.LValue) any {
	switch v := v.(type) {
	case lua.LBool:
		return bool(v)
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return int64(v)
	case *lua.LTable:
		if v.Len() > 0 {
			list := make([]any, 0, v.Len())
			for i := 1; i <= v.Len(); i++ {
				list = append(list, plain(v.RawGetInt(i)))
			}
			return list
		}
		object := map[string]any{}
		v.ForEach(func(key, item lua.LValue) { object[fmt.Sprint(key)] = plain(item) })
		return object
	}
	return nil
}
