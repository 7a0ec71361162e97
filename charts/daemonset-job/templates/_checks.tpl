{{/*
Fails if the release would stand in the way of another one. The cluster answers where Helm
installs or upgrades. helm template asks no cluster, and so finds nothing.
*/}}
{{- define "daemonset-job.checks" -}}
{{- include "daemonset-job.checkNamespace" . -}}
{{- include "daemonset-job.checkClusterNames" . -}}
{{- include "daemonset-job.checkOtherRelease" . -}}
{{- end -}}

{{/* Fails if another Deployment of the operator has the namespace: both would share their leases, so that one alone works. */}}
{{- define "daemonset-job.checkNamespace" -}}
{{- range (lookup "apps/v1" "Deployment" .Release.Namespace "").items -}}
{{- $labels := .metadata.labels | default dict -}}
{{- $owner := include "daemonset-job.owner" . | fromYaml -}}
{{- $own := and (eq $owner.name $.Release.Name) (eq $owner.namespace $.Release.Namespace) -}}
{{- if and (not $own) (eq (get $labels "app.kubernetes.io/name") "daemonset-job") (eq (get $labels "control-plane") "controller-manager") (ne .metadata.name (include "daemonset-job.deployment" $)) -}}
{{- fail (printf "daemonset-job already runs in namespace %s, as the Deployment %s: upgrade or uninstall that, or install this release in another namespace" $.Release.Namespace .metadata.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Fails if a release of another namespace has the names of cluster-wide objects. */}}
{{- define "daemonset-job.checkClusterNames" -}}
{{- $name := printf "%s-manager-role" (include "daemonset-job.fullname" .) -}}
{{- $owner := include "daemonset-job.owner" (lookup "rbac.authorization.k8s.io/v1" "ClusterRole" "" $name) | fromYaml -}}
{{- if and $owner.name (ne $owner.namespace .Release.Namespace) -}}
{{- fail (printf "the ClusterRole %s belongs to the release %s in namespace %s: upgrade that release, or give this one another name" $name $owner.name $owner.namespace) -}}
{{- end -}}
{{- end -}}

{{/*
Fails if a release that is installed owns what a cluster has once. What a release that was
uninstalled left is for helm --take-ownership, of which a chart is not told.
*/}}
{{- define "daemonset-job.checkOtherRelease" -}}
{{- $crd := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "jobs.daemonset.darkowlzz.space" -}}
{{- $owner := include "daemonset-job.owner" $crd | fromYaml -}}
{{- $own := and (eq ($owner.name | default "") .Release.Name) (eq ($owner.namespace | default "") .Release.Namespace) -}}
{{- $shared := or (.Values.crds).install (.Values.guard).create (.Values.userRoles).create (not .Values.watchNamespaces) -}}
{{- if and $owner.name (not $own) $shared -}}
{{- range (lookup "apps/v1" "Deployment" $owner.namespace "").items -}}
{{- $deployed := include "daemonset-job.owner" . | fromYaml -}}
{{- if and (eq ($deployed.name | default "") $owner.name) (eq (get (.metadata.labels | default dict) "app.kubernetes.io/name") "daemonset-job") -}}
{{- fail (printf "daemonset-job is already installed in this cluster, as the release %s in namespace %s: upgrade that release instead. For a second operator, which runs the Jobs of other namespaces, set crds.install=false, guard.create=false and userRoles.create=false, and watchNamespaces in both releases" $owner.name $owner.namespace) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Returns name and namespace of the release that owns an object. */}}
{{- define "daemonset-job.owner" -}}
{{- $annotations := dig "metadata" "annotations" dict (. | default dict) -}}
name: {{ get $annotations "meta.helm.sh/release-name" | quote }}
namespace: {{ get $annotations "meta.helm.sh/release-namespace" | quote }}
{{- end -}}
