{{/*
Returns the environment variables that both containers have: the call is
(list $ VALUES-OF-THE-CONTAINER).
*/}}
{{- define "daemonset-job.env" -}}
{{- $root := index . 0 -}}
{{- $values := index . 1 -}}
{{- $extra := $values.extraEnv | default list -}}
{{- $names := list -}}
{{- range $extra -}}{{- $names = append $names .name -}}{{- end -}}
{{- range list "ADMISSION_GUARD" "DEPLOYMENT_NAME" "MEMORY_LIMIT" "METRICS_CERT_PATH" "METRICS_SECURE" "POD_LABEL_SELECTOR" "POD_NAMESPACE" "POD_UID" "RELATED_IMAGE_PAUSE" "TERMINATION_WORD" "TICKER_DURATION" "WATCH_NAMESPACE" -}}
{{- if has . $names -}}
{{- fail (printf "extraEnv has %s, which the chart sets: use the value for it, or a flag in extraArgs, which beats the variable" .) -}}
{{- end -}}
{{- end -}}
- name: WATCH_NAMESPACE
  value: {{ $root.Values.watchNamespaces | default list | join "," | quote }}
- name: POD_UID
  valueFrom:
    fieldRef:
      fieldPath: metadata.uid
{{- if not (has "GOMAXPROCS" $names) }}
# Events come one by one: more threads would mostly wake each other up.
- name: GOMAXPROCS
  value: "1"
{{- end }}
{{- if not (has "GOGC" $names) }}
# The heap grows to one and a half times what is in use, and not to twice as much.
- name: GOGC
  value: "50"
{{- end }}
# Garbage is collected more often near the memory limit: Go's runtime gets nine tenths of it.
- name: MEMORY_LIMIT
  valueFrom:
    resourceFieldRef:
      resource: limits.memory
{{- if ($root.Values.metrics).certSecret }}
- name: METRICS_CERT_PATH
  value: {{ include "daemonset-job.metricsCerts" . }}
{{- end }}
{{- with $extra }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Returns the security context of both containers: that of the Pod Security level restricted. */}}
{{- define "daemonset-job.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
  - ALL
{{- end -}}
