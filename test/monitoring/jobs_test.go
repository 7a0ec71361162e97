package monitoring

import (
	"testing"

	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// jobNamespace has the Jobs, and the account that reads metrics.
const jobNamespace = "jobs"

// metricsToken returns a token of an account that may do nothing but read metrics.
func metricsToken(t *testing.T, k8s client.Client) string {
	t.Helper()
	g, account := NewWithT(t), &corev1.ServiceAccount{ObjectMeta: named(jobNamespace, "prometheus")}
	g.Expect(k8s.Create(t.Context(), account)).To(Succeed())
	g.Expect(k8s.Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: named("", "prometheus"),
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "daemonset-job-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: jobNamespace, Name: account.Name}},
	})).To(Succeed())
	token := &authenticationv1.TokenRequest{}
	g.Expect(k8s.SubResource("token").Create(t.Context(), account, token)).To(Succeed())
	return token.Status.Token
}

// startJobs creates Jobs and CronJobs of which each query finds some: at work, complete, failed,
// blocked, and started by a schedule.
func startJobs(t *testing.T, k8s client.Client) {
	t.Helper()
	g := NewWithT(t)
	g.Expect(k8s.Create(t.Context(), &corev1.Namespace{ObjectMeta: named("", jobNamespace)})).To(Succeed())
	kept := new(int32(3600))
	blocked := work("", "1s")
	blocked.Template.Spec.NodeSelector = map[string]string{"no-such": "node"}
	failed, setup := work("fails", "1s"), work("fails", "1s")
	failed.BackoffLimit, failed.TTLSecondsAfterFinished = new(int32(0)), kept
	setup.BackoffLimit, setup.CompletionPolicy, setup.MaxFailedNodes = new(int32(0)), v1beta1.CompletionNever, new(intstr.FromString("100%"))
	complete := work("", "10s")
	complete.TTLSecondsAfterFinished = kept
	for name, spec := range map[string]v1beta1.JobSpec{
		"working": work("", "1h"), "complete": complete, "failed": failed, "setup": setup, "blocked": blocked,
	} {
		g.Expect(k8s.Create(t.Context(), &v1beta1.Job{ObjectMeta: named(jobNamespace, name), Spec: spec})).To(Succeed())
	}
	for name, schedule := range map[string]string{"minutely": "* * * * *", "stalled": "0 0 31 2 *"} {
		cronJob := &v1beta1.CronJob{ObjectMeta: named(jobNamespace, name)}
		cronJob.Spec.Schedule, cronJob.Spec.JobTemplate.Spec = schedule, work("", "5s")
		g.Expect(k8s.Create(t.Context(), cronJob)).To(Succeed())
	}
}

// work returns a Job whose nodes work for that long, and then fail if kind is "fails": the
// simulation of the benchmark reads both.
func work(kind, duration string) v1beta1.JobSpec {
	template := &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{
		Name: v1beta1.ContainerName, Image: "docker.io/darkowlzz/cleanup:v0.0.2",
	}}}}
	template.Labels = map[string]string{"bench": kind}
	template.Annotations = map[string]string{"bench/works-for": duration}
	return v1beta1.JobSpec{CompletionMode: v1beta1.CompletionExit, Template: template}
}
