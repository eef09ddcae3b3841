{{- define "starling.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* The release's name, and the chart's where that doesn't have it already. Room is left for suffixes. */}}
{{- define "starling.fullname" -}}
{{- $name := include "starling.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What is the same for all pods of a release, for ever: a Deployment's selector can't be changed. */}}
{{- define "starling.selector" -}}
app.kubernetes.io/name: {{ include "starling.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The same for the pods that serve. The migration's pods are no endpoints of a Service. */}}
{{- define "starling.serverSelector" -}}
{{ include "starling.selector" . }}
app.kubernetes.io/component: server
{{- end }}

{{- define "starling.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "starling.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* "yes" for a cluster, empty for a single node. */}}
{{- define "starling.clustered" -}}
{{- if and .Values.redis.urls .Values.scylla.nodes }}yes{{ end }}
{{- end }}

{{- define "starling.image" -}}
{{- with .Values.image }}
{{- if .digest }}
{{- printf "%s@%s" .repository .digest }}
{{- else }}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "starling.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "starling.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* The Secret of the server's pods: the operator's, or the chart's. Empty where none is needed. */}}
{{- define "starling.secretName" -}}
{{- if .Values.existingSecret }}
{{- .Values.existingSecret }}
{{- else if or .Values.signingKeys .Values.redis.password .Values.scylla.password .Values.sentry.dsn }}
{{- include "starling.fullname" . }}
{{- end }}
{{- end }}

{{/* "yes" where the signing keys come from a Secret; a single node without makes its own. */}}
{{- define "starling.keysGiven" -}}
{{- if or .Values.signingKeys .Values.existingSecret }}yes{{ end }}
{{- end }}

{{- define "starling.podSecurityContext" -}}
runAsNonRoot: true
{{- with .Values.runAsUser }}
runAsUser: {{ int64 . }}
runAsGroup: {{ int64 . }}
fsGroup: {{ int64 . }}
# Once, when a volume is new: applied again it would open the signing keys beside the data to the
# group, and the server refuses keys that others can read.
fsGroupChangePolicy: OnRootMismatch
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "starling.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* A flag's name as an environment variable: limitLoginsToAccount -> STARLING_LIMIT_LOGINS_TO_ACCOUNT. */}}
{{- define "starling.variable" -}}
STARLING_{{ snakecase . | upper }}
{{- end }}

{{/* A value as the flag takes it. YAML's numbers are floats here, and large ones would get an exponent. */}}
{{- define "starling.flag" -}}
{{- if kindIs "slice" . }}{{ join "," . }}{{ else if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{/* How ScyllaDB is reached; the same for the nodes and for the migration. */}}
{{- define "starling.scyllaEnv" -}}
{{- with .Values.scylla }}
- name: STARLING_SCYLLA_NODES
  value: {{ join "," .nodes | quote }}
- name: STARLING_SCYLLA_KEYSPACE
  value: {{ .keyspace | quote }}
- name: STARLING_SCYLLA_REPLICATION
  value: {{ int64 .replication | quote }}
{{- with .datacenter }}
- name: STARLING_SCYLLA_DATACENTER
  value: {{ . | quote }}
{{- end }}
{{- with .user }}
- name: STARLING_SCYLLA_USER
  value: {{ . | quote }}
- name: STARLING_SCYLLA_PASSWORD_FILE
  value: /etc/starling/secret/scylla-password
{{- end }}
{{- if .ca }}
- name: STARLING_SCYLLA_CA
  value: /etc/starling/ca/scylla.pem
{{- end }}
{{- end }}
{{- end }}

{{/* Redis's URLs. Only the first has the user; the password is put in by Kubernetes, from the Secret. */}}
{{- define "starling.redisUrls" -}}
{{- $urls := .Values.redis.urls }}
{{- if .Values.redis.user }}
{{- $login := printf "://%s:$(REDIS_PASSWORD)@" (include "starling.percentEncoded" .Values.redis.user) }}
{{- $urls = prepend (rest $urls) (first $urls | replace "://" $login) }}
{{- end }}
{{- join "," $urls }}
{{- end }}

{{/* As it stands in a URL. `urlquery` writes a space as `+`, which is right in queries alone. */}}
{{- define "starling.percentEncoded" -}}
{{- urlquery . | replace "+" "%20" }}
{{- end }}

{{/* Ports of Redis and ScyllaDB, each once, with spaces between. */}}
{{- define "starling.storePorts" -}}
{{- $ports := list }}
{{- range .Values.redis.urls }}
{{- $ports = append $ports (regexFind ":[0-9]+(/.*)?$" . | trimPrefix ":" | splitList "/" | first | default "6379" | int) }}
{{- end }}
{{- range .Values.scylla.nodes }}
{{- $ports = append $ports (regexFind "[0-9]+$" . | int) }}
{{- end }}
{{- range .Values.networkPolicy.egressPorts }}
{{- $ports = append $ports (int .) }}
{{- end }}
{{- range $port := uniq $ports }}{{ $port }} {{ end }}
{{- end }}
