package options

import (
	"bytes"
	"flag"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

type environment map[string]string

func (e environment) lookup(name string) (string, bool) {
	value, ok := e[name]
	return value, ok
}

func flags(bind func(*flag.FlagSet)) *flag.FlagSet {
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	bind(fs)
	return fs
}

func terminator(t *testing.T, env environment, args ...string) *Terminator {
	t.Helper()
	o := NewTerminator()
	if err := Parse(flags(o.Bind), args, env.lookup, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestDefaults(t *testing.T) {
	g := NewWithT(t)
	o := terminator(t, nil)
	g.Expect(o.WatchNamespaces).To(BeEmpty())
	g.Expect(o.PodSelector.String()).To(Equal("daemonset-job=true"))
	g.Expect(o.TerminationWord).To(Equal("done"))
	g.Expect(o.Resync).To(Equal(10 * time.Minute))
	g.Expect(o.MaxLogStreams).To(Equal(2000))
	g.Expect(o.LogBytesPerSecond).To(Equal(Bytes(64 << 20)))
	g.Expect(o.MetricsAddress).To(Equal(":8444"))
	g.Expect(o.HealthAddress).To(Equal(":8083"))
	g.Expect(o.PprofAddress).To(Equal("0"))
	g.Expect(o.LeaderElect).To(BeTrue())

	m := NewManager()
	g.Expect(Parse(flags(m.Bind), nil, environment{}.lookup, &bytes.Buffer{})).To(Succeed())
	g.Expect(m.MetricsAddress).To(Equal(":8443"))
	g.Expect(m.HealthAddress).To(Equal(":8081"))
	g.Expect(m.PauseImage).To(ContainSubstring("pause:"))
	g.Expect(m.AdmissionGuard).To(Equal(GuardIgnore))
}

func TestMetricsAreSecureUnlessTheyAreToBePlain(t *testing.T) {
	g := NewWithT(t)
	g.Expect(terminator(t, nil).MetricsSecure).To(BeTrue())
	g.Expect(terminator(t, environment{"METRICS_SECURE": "false"}).MetricsSecure).To(BeFalse())
	g.Expect(terminator(t, nil, "--metrics-secure=false").MetricsSecure).To(BeFalse())
	o := terminator(t, environment{"METRICS_CERT_PATH": "/certs"}, "--metrics-cert-key=key.pem")
	g.Expect([]string{o.MetricsCertPath, o.MetricsCertName, o.MetricsCertKey}).To(Equal([]string{"/certs", "tls.crt", "key.pem"}))
}

func TestAdmissionGuard(t *testing.T) {
	g := NewWithT(t)
	parse := func(env environment, args ...string) (AdmissionGuard, error) {
		m := NewManager()
		err := Parse(flags(m.Bind), args, env.lookup, &bytes.Buffer{})
		return m.AdmissionGuard, err
	}
	g.Expect(parse(nil, "--admission-guard=install")).To(Equal(GuardInstall))
	g.Expect(parse(environment{"ADMISSION_GUARD": "require"})).To(Equal(GuardRequire))
	g.Expect(parse(environment{"ADMISSION_GUARD": "require"}, "--admission-guard=ignore")).To(Equal(GuardIgnore))
	_, err := parse(environment{"ADMISSION_GUARD": "off"})
	g.Expect(err).To(MatchError(And(ContainSubstring("ADMISSION_GUARD"), ContainSubstring("install, require or ignore"))))
}

func TestOriginalEnvironment(t *testing.T) {
	g := NewWithT(t)
	o := terminator(t, environment{
		"NAMESPACE": "ns", "POD_LABEL_SELECTOR": "daemonset-job = true, tier in (a,b)", "TERMINATION_WORD": "fertig", "TICKER_DURATION": "30",
	})
	g.Expect(o.WatchNamespaces).To(Equal([]string{"ns"}))
	g.Expect(o.PodSelector.String()).To(Equal("daemonset-job=true,tier in (a,b)"))
	g.Expect(o.TerminationWord).To(Equal("fertig"))
	g.Expect(o.Resync).To(Equal(30 * time.Second))
}

func TestAFlagBeatsTheVariableBeatsTheDefault(t *testing.T) {
	g := NewWithT(t)
	env := environment{"TERMINATION_WORD": "env", "LEADER_ELECT": "false", "KUBE_API_QPS": "", "MAX_LOG_STREAMS": "7", "POD_NAMESPACE": "lease"}
	o := terminator(t, env, "--termination-word=flag", "--leader-elect")
	g.Expect(o.TerminationWord).To(Equal("flag"))
	g.Expect(o.LeaderElect).To(BeTrue())
	g.Expect(o.MaxLogStreams).To(Equal(7))
	g.Expect(o.QPS).To(Equal(float32(500)), "an empty variable is one that is not set")
	g.Expect(o.LeaseNamespace).To(Equal("lease"))
	g.Expect(terminator(t, environment{"VERSION": "1.2.3"}).ShowVersion).To(BeFalse())
	g.Expect(terminator(t, nil, "--version").ShowVersion).To(BeTrue())
}

// A user overrides a variable that the image or the Deployment sets wrong.
func TestAFlagBeatsAnInvalidVariable(t *testing.T) {
	g := NewWithT(t)
	env := environment{"TICKER_DURATION": "soon", "LEADER_ELECT": "yes", "ZAP_LOG_LEVEL": "info"}
	o := terminator(t, env, "--ticker-duration=1m", "--leader-elect=false", "--zap-log-level=error")
	g.Expect(o.Resync).To(Equal(time.Minute))
	g.Expect(o.LeaderElect).To(BeFalse())
	g.Expect(o.Log.Level.Enabled(0)).To(BeFalse(), "info")
	g.Expect(o.Log.Level.Enabled(2)).To(BeTrue(), "error")
}

func TestNamespaces(t *testing.T) {
	tests := map[string]struct {
		env  environment
		args []string
		want []string
	}{
		"all":                             {nil, nil, nil},
		"a list":                          {environment{"WATCH_NAMESPACE": " a, b ,"}, nil, []string{"a", "b"}},
		"spaces alone":                    {environment{"WATCH_NAMESPACE": " "}, nil, nil},
		"the original variable":           {environment{"NAMESPACE": "a"}, nil, []string{"a"}},
		"the new variable beats it":       {environment{"NAMESPACE": "a", "WATCH_NAMESPACE": "b"}, nil, []string{"b"}},
		"even when it is empty":           {environment{"NAMESPACE": "a", "WATCH_NAMESPACE": ""}, nil, nil},
		"the original flag beats both":    {environment{"NAMESPACE": "a", "WATCH_NAMESPACE": "b"}, []string{"--namespace=c"}, []string{"c"}},
		"the new flag beats both":         {environment{"NAMESPACE": "a", "WATCH_NAMESPACE": "b"}, []string{"--watch-namespace=d"}, []string{"d"}},
		"the last of one flag counts":     {environment{"WATCH_NAMESPACE": "b"}, []string{"--watch-namespace=c", "--watch-namespace=d"}, []string{"d"}},
		"an empty flag beats a variable":  {environment{"NAMESPACE": "a"}, []string{"--watch-namespace="}, nil},
		"an empty flag beats the other's": {environment{"WATCH_NAMESPACE": "a"}, []string{"--namespace="}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(terminator(t, test.env, test.args...).WatchNamespaces).To(Equal(test.want))
		})
	}
}

func TestErrorsSayWhereAndWhatToWrite(t *testing.T) {
	tests := map[string]struct {
		env  environment
		args []string
		want []string
	}{
		"a variable":          {environment{"TICKER_DURATION": "soon"}, nil, []string{"TICKER_DURATION", "soon", "10m"}},
		"a flag":              {nil, []string{"--ticker-duration=soon"}, []string{"-ticker-duration", "soon", "10m"}},
		"commas alone":        {environment{"WATCH_NAMESPACE": " , "}, nil, []string{"WATCH_NAMESPACE", "leave it empty"}},
		"a comma as a flag":   {nil, []string{"--watch-namespace=,"}, []string{"-watch-namespace", "leave it empty"}},
		"several variables":   {environment{"NAMESPACE": "A_B", "MAX_LOG_STREAMS": "0"}, nil, []string{"NAMESPACE", "A_B", "MAX_LOG_STREAMS", "at least 1"}},
		"no duration":         {nil, []string{"--ticker-duration=0"}, []string{"at least a second"}},
		"no selector":         {nil, []string{"--pod-label-selector=a in b"}, []string{"label selector", "daemonset-job=true"}},
		"an empty word":       {nil, []string{"--termination-word="}, []string{"termination-word", "1 to 256"}},
		"a word of two lines": {nil, []string{"--termination-word=a\nb"}, []string{"within a line"}},
		"a word with spaces":  {environment{"TERMINATION_WORD": " a"}, nil, []string{"TERMINATION_WORD", "spaces"}},
		"no address":          {environment{"METRICS_BIND_ADDRESS": "8080"}, nil, []string{"METRICS_BIND_ADDRESS", ":8080"}},
		"no rate":             {environment{"KUBE_API_QPS": "0"}, nil, []string{"KUBE_API_QPS", "per second"}},
		"no truth":            {environment{"LEADER_ELECT": "yes"}, nil, []string{"LEADER_ELECT", "true or false"}},
		"both namespace flags": {environment{"WATCH_NAMESPACE": "b"}, []string{"--watch-namespace=d", "--namespace=c"},
			[]string{"--watch-namespace and --namespace are the same", "leave out --namespace"}},
		"in whichever order": {environment{"WATCH_NAMESPACE": "b"}, []string{"--namespace=c", "--watch-namespace=d"}, []string{"leave out --namespace"}},
		"even if they agree": {nil, []string{"--namespace=c", "--watch-namespace=c"}, []string{"leave out --namespace"}},
		"a variable beside a flag": {environment{"TICKER_DURATION": "soon", "NAMESPACE": "A_B"}, []string{"--ticker-duration=1m"},
			[]string{"NAMESPACE", "A_B"}},
		"a variable whose other name is set": {environment{"NAMESPACE": "A_B"}, []string{"--watch-namespace=c"}, []string{"NAMESPACE", "A_B"}},
		"an argument":                        {nil, []string{"namespace"}, []string{`"namespace"`, "--flag=value"}},
		"an unknown flag":                    {nil, []string{"--nonsense"}, []string{"nonsense"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			err := Parse(flags(NewTerminator().Bind), test.args, test.env.lookup, &bytes.Buffer{})
			g.Expect(err).To(HaveOccurred())
			for _, want := range test.want {
				g.Expect(err.Error()).To(ContainSubstring(want))
			}
		})
	}
}

func TestHelp(t *testing.T) {
	g := NewWithT(t)
	help := &bytes.Buffer{}
	g.Expect(Parse(flags(NewTerminator().Bind), []string{"--help"}, environment{}.lookup, help)).To(MatchError(flag.ErrHelp))
	for _, name := range []string{"namespace", "pod-label-selector", "termination-word", "ticker-duration", "max-log-streams", "log-bytes-per-second", "kubeconfig"} {
		g.Expect(help.String()).To(ContainSubstring("-" + name))
	}
	g.Expect(strings.Count(help.String(), "(default 10m0s)")).To(Equal(1))
}

func TestInstallation(t *testing.T) {
	g := NewWithT(t)
	m := NewManager()
	g.Expect(Parse(flags(m.Bind), []string{"--installation=ns/some-controller-manager"}, environment{}.lookup, &bytes.Buffer{})).To(Succeed())
	g.Expect(m.Installation).To(Equal("ns/some-controller-manager"))
	// The kubelet writes a variable that is not set as it is: all such installations would have one name.
	for _, wrong := range []string{"$(POD_NAMESPACE)/some", "a b", "a\nb", `a"b`} {
		g.Expect(Parse(flags(m.Bind), []string{"--installation=" + wrong}, environment{}.lookup, &bytes.Buffer{})).
			To(MatchError(ContainSubstring("NAMESPACE/DEPLOYMENT")), wrong)
	}
}

func TestPauseResources(t *testing.T) {
	g := NewWithT(t)
	parse := func(args ...string) (string, error) {
		m := NewManager()
		err := Parse(flags(m.Bind), args, environment{}.lookup, &bytes.Buffer{})
		return m.PauseResources.String(), err
	}
	g.Expect(parse()).To(Equal("cpu=1m:10m,memory=4Mi:16Mi"))
	g.Expect(parse("--pause-resources=memory=64Mi, cpu=50m:100m")).To(Equal("cpu=50m:100m,memory=64Mi"))
	for _, wrong := range []string{"", "cpu", "cpu=", "cpu=x", "cpu=1:", "cpu=-1", "cpu=10m:1m", "=1"} {
		_, err := parse("--pause-resources=" + wrong)
		g.Expect(err).To(MatchError(ContainSubstring("cpu=1m:10m,memory=4Mi:16Mi")), wrong)
	}
}
