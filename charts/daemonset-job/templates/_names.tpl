{{/* Returns what the names of the release's objects begin with. */}}
{{- define "daemonset-job.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Returns the name of the Deployment. Its installation is known by it. */}}
{{- define "daemonset-job.deployment" -}}
{{- include "daemonset-job.fullname" . }}-controller-manager
{{- end -}}

{{/* Returns the name of the service account, which another may have created. */}}
{{- define "daemonset-job.serviceAccount" -}}
{{- $account := .Values.serviceAccount | default dict -}}
{{- if $account.name -}}
{{- $account.name -}}
{{- else if $account.create -}}
{{- include "daemonset-job.deployment" . -}}
{{- else -}}
{{- fail "serviceAccount.create is false: set serviceAccount.name to the account that the operator is to use" -}}
{{- end -}}
{{- end -}}

{{/* Returns the operator's image. A digest beats a tag. */}}
{{- define "daemonset-job.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository ($image.tag | default (printf "v%s" .Chart.AppVersion)) -}}
{{- end -}}
{{- end -}}

{{/* Returns the labels by which the Deployment knows its pods. They are immutable. */}}
{{- define "daemonset-job.selectorLabels" -}}
app.kubernetes.io/name: daemonset-job
control-plane: controller-manager
{{- end -}}

{{/* Returns the labels of each object. */}}
{{- define "daemonset-job.labels" -}}
{{- $labels := dict
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63)
  "app.kubernetes.io/name" "daemonset-job"
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service -}}
{{- mustMergeOverwrite dict (.Values.commonLabels | default dict) $labels | toYaml -}}
{{- end -}}

{{/* Returns the labels of an object, those by which the operator is selected included. */}}
{{- define "daemonset-job.ownLabels" -}}
{{- include "daemonset-job.labels" . }}
control-plane: controller-manager
{{- end -}}
