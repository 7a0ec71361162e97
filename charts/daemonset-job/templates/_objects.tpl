{{/*
Returns an object of a file of config/, which is the source of its content: the call is
(list $ "files/…" NAME), and an empty name keeps that of the file.
*/}}
{{- define "daemonset-job.object" -}}
{{- $root := index . 0 -}}
{{- $object := $root.Files.Get (index . 1) | fromYaml -}}
{{- $metadata := $object.metadata -}}
{{- with index . 2 -}}{{- $_ := set $metadata "name" . -}}{{- end -}}
{{- if $metadata.namespace -}}{{- $_ := set $metadata "namespace" $root.Release.Namespace -}}{{- end -}}
{{- $labels := mustMergeOverwrite dict ($metadata.labels | default dict) (include "daemonset-job.labels" $root | fromYaml) -}}
{{- $_ := set $metadata "labels" $labels -}}
{{- $object | toYaml -}}
{{- end -}}

{{/* Returns the same, for an object that Helm never deletes. */}}
{{- define "daemonset-job.keptObject" -}}
{{- $object := include "daemonset-job.object" . | fromYaml -}}
{{- $annotations := mustMergeOverwrite dict ($object.metadata.annotations | default dict) (dict "helm.sh/resource-policy" "keep") -}}
{{- $_ := set $object.metadata "annotations" $annotations -}}
{{- $object | toYaml -}}
{{- end -}}

{{/*
Returns a binding of a role of the release to its service account: the call is
(list $ KIND-OF-BINDING KIND-OF-ROLE NAME NAMESPACE), where the name lacks -role.
*/}}
{{- define "daemonset-job.binding" -}}
{{- $root := index . 0 -}}
{{- $name := printf "%s-%s" (include "daemonset-job.fullname" $root) (index . 3) -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ index . 1 }}
metadata:
  name: {{ $name }}-rolebinding
  {{- with index . 4 }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "daemonset-job.labels" $root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ index . 2 }}
  name: {{ $name }}-role
subjects:
- kind: ServiceAccount
  name: {{ include "daemonset-job.serviceAccount" $root }}
  namespace: {{ $root.Release.Namespace }}
{{- end -}}
