package chart

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	deploymentKey = "Deployment daemonset-job-system/daemonset-job-controller-manager"
	accountKey    = "ServiceAccount daemonset-job-system/daemonset-job-controller-manager"
	policyKey     = "NetworkPolicy daemonset-job-system/daemonset-job-operator"
	guardKey      = "ValidatingAdmissionPolicy /daemonset-job-guard"
	editorKey     = "ClusterRole /daemonset-job-job-editor-role"
	serviceKey    = "Service daemonset-job-system/daemonset-job-controller-manager-metrics-service"
	monitorKey    = "ServiceMonitor daemonset-job-system/daemonset-job-controller-manager-metrics-monitor"
	alertsKey     = "PrometheusRule daemonset-job-system/daemonset-job-alerts"
)

// memoryLimit is the variable by which a process knows the memory of its container.
var memoryLimit = corev1.EnvVar{Name: "MEMORY_LIMIT", ValueFrom: &corev1.EnvVarSource{
	ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: "limits.memory"},
}}

// rendered is what a test of a value looks at.
type rendered struct {
	*WithT
	t       *testing.T
	objects objects
}

func (r rendered) deployment() *appsv1.Deployment {
	return get[appsv1.Deployment](r.t, r.objects, deploymentKey)
}

func (r rendered) pod() *corev1.PodSpec { return &r.deployment().Spec.Template.Spec }

// container returns the container at an index: the manager, then the terminator.
func (r rendered) container(index int) *corev1.Container { return &r.pod().Containers[index] }

// env returns the environment variables of a container that have a value.
func (r rendered) env(index int) map[string]string {
	found := map[string]string{}
	for _, variable := range r.container(index).Env {
		r.Expect(found).NotTo(HaveKey(variable.Name), "the API server refuses a variable that is there twice")
		found[variable.Name] = variable.Value
	}
	return found
}

// endpoints returns what the ServiceMonitor has Prometheus scrape.
func (r rendered) endpoints() []any {
	r.Expect(r.objects).To(HaveKey(monitorKey))
	endpoints, _, err := unstructured.NestedSlice(r.objects[monitorKey].Object, "spec", "endpoints")
	r.Expect(err).NotTo(HaveOccurred())
	return endpoints
}

// valueTests has a test for each value that the chart documents, by its name.
var valueTests = map[string]struct {
	values string
	check  func(rendered)
}{
	"fullnameOverride": {"fullnameOverride: nodes", func(r rendered) {
		r.Expect(r.objects).To(HaveKey("Deployment daemonset-job-system/nodes-controller-manager"))
		r.Expect(r.objects).To(HaveKey("ClusterRole /nodes-manager-role"))
		r.Expect(r.objects).To(HaveKey(editorKey), "people's roles have one name")
		r.Expect(r.objects).To(HaveKey(guardKey), "the operator knows the policy by its name")
	}},
	"commonLabels": {"commonLabels: {team: nodes, app.kubernetes.io/name: mine}", func(r rendered) {
		for key, object := range r.objects {
			r.Expect(object.GetLabels()).To(HaveKeyWithValue("team", "nodes"), key)
			r.Expect(object.GetLabels()).To(HaveKeyWithValue("app.kubernetes.io/name", "daemonset-job"), key)
		}
		r.Expect(r.deployment().Spec.Template.Labels).To(HaveKeyWithValue("team", "nodes"))
		r.Expect(r.deployment().Spec.Template.Labels).To(HaveKeyWithValue("app.kubernetes.io/name", "daemonset-job"))
		r.Expect(r.deployment().Spec.Selector.MatchLabels).NotTo(HaveKey("team"))
	}},
	"watchNamespaces": {"watchNamespaces: [a, b]", func(r rendered) {
		r.Expect(r.env(0)).To(HaveKeyWithValue("WATCH_NAMESPACE", "a,b"))
		r.Expect(r.env(1)).To(HaveKeyWithValue("WATCH_NAMESPACE", "a,b"))
		r.Expect(r.objects).NotTo(HaveKey("ClusterRoleBinding /daemonset-job-manager-rolebinding"))
		for _, namespace := range []string{"a", "b"} {
			binding := get[rbacv1.RoleBinding](r.t, r.objects, "RoleBinding "+namespace+"/daemonset-job-manager-rolebinding")
			r.Expect(binding.RoleRef).To(Equal(rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "daemonset-job-manager-role"}))
			r.Expect(binding.Subjects).To(ConsistOf(rbacv1.Subject{Kind: "ServiceAccount", Name: "daemonset-job-controller-manager", Namespace: namespaceOf(accountKey)}))
		}
		r.Expect(r.objects).To(HaveKey("ClusterRoleBinding /daemonset-job-node-reader-rolebinding"))
		r.Expect(r.objects).To(HaveKey("RoleBinding daemonset-job-system/daemonset-job-event-recorder-rolebinding"))
		own := render(r.t, "--set", "watchNamespaces={"+namespace+"}")
		r.Expect(own).To(HaveKey("RoleBinding daemonset-job-system/daemonset-job-manager-rolebinding"))
		r.Expect(own).NotTo(HaveKey("RoleBinding daemonset-job-system/daemonset-job-event-recorder-rolebinding"))
	}},
	"image.repository": {"image: {repository: 'registry.example:5000/a/b'}", func(r rendered) {
		r.Expect(r.container(0).Image).To(HavePrefix("registry.example:5000/a/b:v"))
		r.Expect(r.container(1).Image).To(Equal(r.container(0).Image))
	}},
	"image.tag": {"image: {tag: main}", func(r rendered) {
		r.Expect(r.container(0).Image).To(Equal("docker.io/darkowlzz/daemonset-job:main"))
		r.Expect(r.container(1).Image).To(Equal(r.container(0).Image))
	}},
	"image.digest": {"image: {tag: main, digest: 'sha256:" + strings.Repeat("a", 64) + "'}", func(r rendered) {
		r.Expect(r.container(0).Image).To(Equal("docker.io/darkowlzz/daemonset-job@sha256:" + strings.Repeat("a", 64)))
		r.Expect(r.container(1).Image).To(Equal(r.container(0).Image))
	}},
	"image.pullPolicy": {"image: {pullPolicy: Always}", func(r rendered) {
		r.Expect(r.container(0).ImagePullPolicy).To(Equal(corev1.PullAlways))
		r.Expect(r.container(1).ImagePullPolicy).To(Equal(corev1.PullAlways))
	}},
	"image.pullSecrets": {"image: {pullSecrets: [{name: a}]}", func(r rendered) {
		r.Expect(r.pod().ImagePullSecrets).To(ConsistOf(corev1.LocalObjectReference{Name: "a"}))
	}},
	"pauseImage": {"pauseImage: mirror.example/pause:1", func(r rendered) {
		r.Expect(r.env(0)).To(HaveKeyWithValue("RELATED_IMAGE_PAUSE", "mirror.example/pause:1"))
	}},
	"crds.install": {"crds: {install: false}", func(r rendered) {
		for key := range r.objects {
			r.Expect(key).NotTo(HavePrefix("CustomResourceDefinition "))
		}
	}},
	"guard.create": {"guard: {create: false}", func(r rendered) {
		r.Expect(r.objects).NotTo(HaveKey(guardKey))
		r.Expect(r.objects).NotTo(HaveKey("ValidatingAdmissionPolicyBinding /daemonset-job-guard"))
		r.Expect(r.env(0)).To(HaveKeyWithValue("ADMISSION_GUARD", "require"), "somebody else applies it")
	}},
	"guard.mode": {"guard: {mode: ignore}", func(r rendered) {
		r.Expect(r.env(0)).To(HaveKeyWithValue("ADMISSION_GUARD", "ignore"))
		r.Expect(r.objects).To(HaveKey(guardKey))
	}},
	"userRoles.create": {"userRoles: {create: false}", func(r rendered) {
		for key, object := range r.objects {
			r.Expect(key).NotTo(MatchRegexp("(editor-role|viewer-role|metrics-reader)$"))
			r.Expect(object.GetLabels()).NotTo(HaveKey("rbac.authorization.k8s.io/aggregate-to-edit"), key)
		}
	}},
	"replicas": {"replicas: 0", func(r rendered) { r.Expect(*r.deployment().Spec.Replicas).To(BeZero()) }},
	"manager.resources": {"manager: {resources: {limits: {memory: 1Gi}}}", func(r rendered) {
		r.Expect(*r.container(0).Resources.Limits.Memory()).To(Equal(resource.MustParse("1Gi")))
		for i := range 2 {
			r.Expect(r.container(i).Env).To(ContainElement(memoryLimit), "it follows the limit of its own container")
		}
	}},
	"manager.extraArgs": {"manager: {extraArgs: [--max-concurrent-reconciles=8]}", func(r rendered) {
		r.Expect(r.container(0).Args).To(HaveLen(3))
		r.Expect(r.container(0).Args[2]).To(Equal("--max-concurrent-reconciles=8"))
		r.Expect(r.container(1).Args).To(BeEmpty())
	}},
	"manager.extraEnv": {"manager: {extraEnv: [{name: GOMAXPROCS, value: '2'}, {name: GOGC, value: '100'}, {name: GOMEMLIMIT, value: 1GiB}]}", func(r rendered) {
		r.Expect(r.env(0)).To(And(HaveKeyWithValue("GOMAXPROCS", "2"), HaveKeyWithValue("GOGC", "100"), HaveKeyWithValue("GOMEMLIMIT", "1GiB")))
		r.Expect(r.env(1)).To(And(HaveKeyWithValue("GOMAXPROCS", "1"), HaveKeyWithValue("GOGC", "50"), Not(HaveKey("GOMEMLIMIT"))))
	}},
	"terminator.resources": {"terminator: {resources: {limits: {memory: null, cpu: 2}}}", func(r rendered) {
		r.Expect(*r.container(1).Resources.Limits.Cpu()).To(Equal(resource.MustParse("2")))
		r.Expect(r.container(1).Resources.Limits).NotTo(HaveKey(corev1.ResourceMemory))
		r.Expect(r.container(1).Env).To(ContainElement(memoryLimit), "the kubelet reports what the node has")
	}},
	"terminator.terminationWord": {"terminator: {terminationWord: 'yes'}", func(r rendered) {
		r.Expect(r.env(1)).To(HaveKeyWithValue("TERMINATION_WORD", "yes"))
	}},
	"terminator.extraArgs": {"terminator: {extraArgs: [--max-log-streams=4000]}", func(r rendered) {
		r.Expect(r.container(1).Args).To(Equal([]string{"--max-log-streams=4000"}))
	}},
	"terminator.extraEnv": {"terminator: {extraEnv: [{name: KUBE_API_QPS, value: '9'}]}", func(r rendered) {
		r.Expect(r.env(1)).To(HaveKeyWithValue("KUBE_API_QPS", "9"))
		r.Expect(r.env(0)).NotTo(HaveKey("KUBE_API_QPS"))
	}},
	"serviceAccount.create": {"serviceAccount: {create: false, name: mine}", func(r rendered) {
		r.Expect(r.objects).NotTo(HaveKey(accountKey))
		r.Expect(r.pod().ServiceAccountName).To(Equal("mine"))
	}},
	"serviceAccount.name": {"serviceAccount: {name: mine}", func(r rendered) {
		r.Expect(r.objects).To(HaveKey("ServiceAccount daemonset-job-system/mine"))
		r.Expect(r.pod().ServiceAccountName).To(Equal("mine"))
		binding := get[rbacv1.ClusterRoleBinding](r.t, r.objects, "ClusterRoleBinding /daemonset-job-manager-rolebinding")
		r.Expect(binding.Subjects).To(ConsistOf(HaveField("Name", "mine")))
	}},
	"serviceAccount.annotations": {"serviceAccount: {annotations: {a: b}}", func(r rendered) {
		r.Expect(r.objects[accountKey].GetAnnotations()).To(HaveKeyWithValue("a", "b"))
	}},
	"podAnnotations": {"podAnnotations: {a: b}", func(r rendered) {
		r.Expect(r.deployment().Spec.Template.Annotations).To(And(HaveKeyWithValue("a", "b"), HaveLen(2)))
	}},
	"podLabels": {"podLabels: {a: b, control-plane: other}", func(r rendered) {
		r.Expect(r.deployment().Spec.Template.Labels).To(And(HaveKeyWithValue("a", "b"), HaveKeyWithValue("control-plane", "controller-manager")))
	}},
	"priorityClassName": {"priorityClassName: system-cluster-critical", func(r rendered) {
		r.Expect(r.pod().PriorityClassName).To(Equal("system-cluster-critical"))
	}},
	"nodeSelector": {"nodeSelector: {pool: system}", func(r rendered) {
		r.Expect(r.pod().NodeSelector).To(Equal(map[string]string{"pool": "system"}))
	}},
	"tolerations": {"tolerations: []", func(r rendered) { r.Expect(r.pod().Tolerations).To(BeEmpty()) }},
	"affinity":    {"affinity: null", func(r rendered) { r.Expect(r.pod().Affinity).To(BeNil()) }},
	"topologySpreadConstraints": {"topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule}]", func(r rendered) {
		r.Expect(r.pod().TopologySpreadConstraints).To(ConsistOf(HaveField("TopologyKey", "kubernetes.io/hostname")))
	}},
	"metrics.secure": {"metrics: {secure: false, serviceMonitor: {create: true}}", func(r rendered) {
		for index := range 2 {
			r.Expect(r.container(index).Args).To(ContainElement("--metrics-secure=false"))
		}
		r.Expect(r.objects).NotTo(HaveKey("ClusterRole /daemonset-job-metrics-auth-role"))
		r.Expect(r.objects).NotTo(HaveKey("ClusterRoleBinding /daemonset-job-metrics-auth-rolebinding"))
		var ports []string
		for _, port := range get[corev1.Service](r.t, r.objects, serviceKey).Spec.Ports {
			ports = append(ports, port.Name)
		}
		r.Expect(ports).To(Equal([]string{"http", "term-http"}))
		r.Expect(r.endpoints()).To(HaveExactElements(
			Equal(map[string]any{"port": "http", "path": "/metrics"}),
			Equal(map[string]any{"port": "term-http", "path": "/metrics"}),
		))
	}},
	"metrics.certSecret": {"metrics: {certSecret: mine}", func(r rendered) {
		r.Expect(r.pod().Volumes).To(ConsistOf(HaveField("Secret.SecretName", "mine")))
		for index := range 2 {
			r.Expect(r.container(index).VolumeMounts).To(ConsistOf(HaveField("MountPath", r.env(index)["METRICS_CERT_PATH"])))
		}
	}},
	"metrics.service.create": {"metrics: {service: {create: false}}", func(r rendered) { r.Expect(r.objects).NotTo(HaveKey(serviceKey)) }},
	"metrics.service.annotations": {"metrics: {service: {annotations: {a: b}}}", func(r rendered) {
		r.Expect(r.objects[serviceKey].GetAnnotations()).To(HaveKeyWithValue("a", "b"))
	}},
	"metrics.serviceMonitor.create": {"metrics: {serviceMonitor: {create: true}}", func(r rendered) {
		r.Expect(r.endpoints()).To(HaveLen(2))
		selector, _, err := unstructured.NestedStringMap(r.objects[monitorKey].Object, "spec", "selector", "matchLabels")
		r.Expect(err).NotTo(HaveOccurred())
		for label, value := range selector {
			r.Expect(r.objects[serviceKey].GetLabels()).To(HaveKeyWithValue(label, value))
		}
	}},
	"metrics.serviceMonitor.labels": {"metrics: {serviceMonitor: {create: true, labels: {release: prometheus}}}", func(r rendered) {
		r.Expect(r.objects[monitorKey].GetLabels()).To(HaveKeyWithValue("release", "prometheus"))
	}},
	"metrics.serviceMonitor.interval": {"metrics: {serviceMonitor: {create: true, interval: 1m30s}}", func(r rendered) {
		r.Expect(r.endpoints()).To(HaveEach(HaveKeyWithValue("interval", "1m30s")))
	}},
	"metrics.prometheusRule.create": {"metrics: {prometheusRule: {create: true}}", func(r rendered) {
		r.Expect(r.objects).To(HaveKey(alertsKey))
	}},
	"metrics.prometheusRule.labels": {"metrics: {prometheusRule: {create: true, labels: {release: prometheus}}}", func(r rendered) {
		r.Expect(r.objects[alertsKey].GetLabels()).To(HaveKeyWithValue("release", "prometheus"))
	}},
	"networkPolicy.create": {"networkPolicy: {create: false}", func(r rendered) { r.Expect(r.objects).NotTo(HaveKey(policyKey)) }},
	"networkPolicy.from": {"networkPolicy: {from: [{namespaceSelector: {matchLabels: {metrics: enabled}}}]}", func(r rendered) {
		policy := get[networkingv1.NetworkPolicy](r.t, r.objects, policyKey)
		r.Expect(policy.Spec.Ingress).To(HaveLen(1))
		r.Expect(policy.Spec.Ingress[0].Ports).NotTo(BeEmpty())
		r.Expect(policy.Spec.Ingress[0].From).To(ConsistOf(HaveField("NamespaceSelector.MatchLabels", HaveKeyWithValue("metrics", "enabled"))))
	}},
}

// namespaceOf returns the namespace of a key of objects.
func namespaceOf(key string) string {
	_, name, _ := strings.Cut(key, " ")
	namespace, _, _ := strings.Cut(name, "/")
	return namespace
}

func TestEachValueDoesWhatItSays(t *testing.T) {
	require(t, "HELM")
	documented := names(t)
	for name := range valueTests {
		NewWithT(t).Expect(documented).To(ContainElement(name))
	}
	for _, name := range documented {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			g.Expect(valueTests).To(HaveKey(name), "no test sets this value")
			test := valueTests[name]
			test.check(rendered{WithT: g, t: t, objects: render(t, with(t, test.values)...)})
		})
	}
}

// needed are the values that have no default without values.yaml, and what is said about them.
var needed = map[string]string{
	"image":                 "missing property 'image'",
	"image.repository":      "missing property 'repository'",
	"serviceAccount":        "set serviceAccount.name",
	"serviceAccount.create": "set serviceAccount.name",
}

// A user may take a value away, and an upgrade with --reuse-values has the values of an earlier
// version alone.
func TestAValueMayBeLeftOut(t *testing.T) {
	require(t, "HELM")
	documented := names(t)
	for _, name := range append(documented, groups(documented)...) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if want := needed[name]; want != "" {
				_, err := helm(t, "template", release, folder, "--set", name+"=null")
				NewWithT(t).Expect(err).To(MatchError(ContainSubstring(want)))
				return
			}
			NewWithT(t).Expect(render(t, "--set", name+"=null")).To(HaveKey(deploymentKey))
		})
	}
}
