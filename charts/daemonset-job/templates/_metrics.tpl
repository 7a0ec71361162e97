{{/* Returns true unless the metrics are served by plain HTTP, and nothing then. */}}
{{- define "daemonset-job.secureMetrics" -}}
{{- if dig "secure" true (.Values.metrics | default dict) -}}true{{- end -}}
{{- end -}}

{{/* Returns the folder of the metrics' certificate. */}}
{{- define "daemonset-job.metricsCerts" -}}
/tmp/k8s-metrics-server/metrics-certs
{{- end -}}

{{/* Returns the name of the metrics' Service, which has at most 63 characters. */}}
{{- define "daemonset-job.metricsService" -}}
{{- printf "%s-metrics-service" (include "daemonset-job.deployment" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}

