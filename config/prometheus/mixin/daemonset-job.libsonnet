// Exempts the pods of Jobs from the alerts of kubernetes-mixin about DaemonSets and pods that
// are not ready. In kube-prometheus:
//
//   local kp = (import 'kube-prometheus/main.libsonnet') +
//              (import 'daemonset-job.libsonnet').kubePrometheus + { ... };
//
// and with kubernetes-mixin alone:
//
//   (import 'kubernetes-mixin/mixin.libsonnet') + (import 'daemonset-job.libsonnet').mixin
local ofJobs = {
  daemonSet: 'on (namespace, daemonset) kube_daemonset_created{daemonset=~".+-daemonset-job"}',
  pod: 'on (namespace, pod) kube_pod_owner{owner_kind="DaemonSet", owner_name=~".+-daemonset-job"}',
};
local exempted = {
  KubeDaemonSetRolloutStuck: ofJobs.daemonSet,
  KubeDaemonSetMisScheduled: ofJobs.daemonSet,
  KubePodNotReady: ofJobs.pod,
  KubeContainerWaiting: ofJobs.pod,
};
local exempt(groups) = [
  group {
    rules: [
      if std.objectHas(rule, 'alert') && std.objectHas(exempted, rule.alert)
      then rule { expr: '(%s) unless %s' % [std.rstripChars(super.expr, '\n '), exempted[rule.alert]] }
      else rule
      for rule in super.rules
    ],
  }
  for group in groups
];
{
  mixin: { prometheusAlerts+:: { groups: exempt(super.groups) } },
  kubePrometheus: { kubernetesControlPlane+: { prometheusRule+: { spec+: { groups: exempt(super.groups) } } } },
}
