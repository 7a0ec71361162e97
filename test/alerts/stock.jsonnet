// Alerts that are named as those of kubernetes-mixin, and simpler, with the exemption of Jobs.
local stock = {
  prometheusAlerts:: {
    groups: [{
      name: 'stock',
      rules: [
        { alert: 'KubeDaemonSetRolloutStuck', expr: 'kube_daemonset_status_number_ready < kube_daemonset_status_desired_number_scheduled\n' },
        { alert: 'KubePodNotReady', expr: 'sum by (namespace, pod) (kube_pod_status_phase{phase="Pending"}) > 0\n' },
      ],
    }],
  },
};
(stock + (import '../../config/prometheus/mixin/daemonset-job.libsonnet').mixin).prometheusAlerts
