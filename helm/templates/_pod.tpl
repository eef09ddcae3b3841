{{/* The pod of a node, for the Deployment of a cluster and the StatefulSet of a single node. */}}
{{- define "starling.pod" -}}
{{- $clustered := include "starling.clustered" . }}
{{- $secret := include "starling.secretName" . }}
{{- $keys := include "starling.keysGiven" . }}
{{- $files := list }}
{{- if $keys }}{{ $files = append $files "signing-keys.json" }}{{ end }}
{{- if and $clustered .Values.scylla.user }}{{ $files = append $files "scylla-password" }}{{ end }}
{{- /* A stop takes `drainMs` and at most ten seconds. While a cluster's pod sleeps before that, proxies
       learn that it goes; a single node has nobody to hand over to. */}}
{{- $sleep := ternary 5 0 (not (empty $clustered)) }}
metadata:
  labels:
    {{- include "starling.labels" . | nindent 4 }}
    app.kubernetes.io/component: server
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # Nodes are replaced when these change: they read them at their start alone.
    checksum/secret: {{ include "starling.secretData" . | sha256sum }}
    checksum/ca: {{ list .Values.redis.ca .Values.scylla.ca | toJson | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "starling.serviceAccountName" . }}
  automountServiceAccountToken: false
  # Kubernetes would set STARLING_..._PORT for Services of that name, beside the server's own settings.
  enableServiceLinks: false
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ add $sleep (divf .Values.config.drainMs 1000 | ceil) 10 5 }}
  securityContext:
    {{- include "starling.podSecurityContext" . | nindent 4 }}
  {{- if $keys }}
  initContainers:
    # The server wants its keys to be readable by its own user alone. Files of a Secret belong to root
    # and are read by way of the pod's group, so they are copied into memory.
    - name: signing-keys
      image: {{ include "starling.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [install, -m, "0400", /etc/starling/secret/signing-keys.json, /run/starling/signing-keys.json]
      securityContext:
        {{- include "starling.securityContext" . | nindent 8 }}
      resources:
        requests: {cpu: 10m, memory: 32Mi}
        limits: {cpu: 100m, memory: 32Mi}
      volumeMounts:
        - {name: secret, mountPath: /etc/starling/secret, readOnly: true}
        - {name: keys, mountPath: /run/starling}
  {{- end }}
  containers:
    - name: starling
      image: {{ include "starling.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command: [starling]
      env:
        - name: STARLING_LISTEN
          value: 0.0.0.0:8080
        {{- if not $clustered }}
        - name: STARLING_DATA
          value: /data
        {{- end }}
        {{- if $keys }}
        - name: STARLING_SIGNING_KEYS
          value: /run/starling/signing-keys.json
        {{- end }}
        {{- if $clustered }}
        {{- if .Values.redis.user }}
        - name: REDIS_PASSWORD
          valueFrom:
            secretKeyRef: {name: {{ $secret }}, key: redis-password}
        {{- end }}
        - name: STARLING_REDIS_URL
          value: {{ include "starling.redisUrls" . | quote }}
        - name: STARLING_REDIS_PREFIX
          value: {{ .Values.redis.prefix | quote }}
        {{- if .Values.redis.ca }}
        - name: STARLING_REDIS_CA
          value: /etc/starling/ca/redis.pem
        {{- end }}
        {{- include "starling.scyllaEnv" . | trim | nindent 8 }}
        {{- end }}
        {{- if .Values.sentry.enabled }}
        - name: STARLING_SENTRY_DSN
          valueFrom:
            secretKeyRef: {name: {{ $secret }}, key: sentry-dsn}
        {{- end }}
        {{- range $flag, $value := .Values.config }}
        {{- /* An empty text, an empty list and no workers stand for the server's own default. */}}
        {{- if or $value (eq $flag "drainMs") }}
        - name: {{ include "starling.variable" $flag }}
          value: {{ include "starling.flag" $value | quote }}
        {{- end }}
        {{- end }}
      ports:
        - {name: http, containerPort: 8080}
      # At its start a node looks for ScyllaDB for a minute, and a single one checks its database.
      startupProbe:
        httpGet: {path: /health/live, port: http}
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: {path: /health/live, port: http}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet: {path: /health/ready, port: http}
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      {{- if $sleep }}
      lifecycle:
        preStop:
          sleep: {seconds: {{ $sleep }}}
      {{- end }}
      securityContext:
        {{- include "starling.securityContext" . | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        {{- if not $clustered }}
        - {name: data, mountPath: /data}
        {{- end }}
        {{- if $keys }}
        - {name: keys, mountPath: /run/starling, readOnly: true}
        {{- end }}
        {{- if has "scylla-password" $files }}
        - {name: secret, mountPath: /etc/starling/secret, readOnly: true}
        {{- end }}
        {{- if and $clustered (or .Values.redis.ca .Values.scylla.ca) }}
        - {name: ca, mountPath: /etc/starling/ca, readOnly: true}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {sizeLimit: 64Mi}
    {{- if not $clustered }}
    - name: data
      persistentVolumeClaim:
        claimName: {{ .Values.persistence.existingClaim | default (printf "%s-data" (include "starling.fullname" .)) }}
    {{- end }}
    {{- if $keys }}
    - name: keys
      emptyDir: {medium: Memory, sizeLimit: 1Mi}
    {{- end }}
    {{- if $files }}
    - name: secret
      secret:
        secretName: {{ $secret }}
        defaultMode: 0440
        items:
          {{- range $files }}
          - {key: {{ . }}, path: {{ . }}}
          {{- end }}
    {{- end }}
    {{- if and $clustered (or .Values.redis.ca .Values.scylla.ca) }}
    - name: ca
      configMap:
        name: {{ include "starling.fullname" . }}-ca
    {{- end }}
  {{- if $clustered }}
  {{- $spread := list }}
  {{- with .Values.topologySpread.machines }}{{ $spread = append $spread (list "kubernetes.io/hostname" .) }}{{ end }}
  {{- with .Values.topologySpread.zones }}{{ $spread = append $spread (list "topology.kubernetes.io/zone" .) }}{{ end }}
  {{- with $spread }}
  topologySpreadConstraints:
    {{- range . }}
    - topologyKey: {{ first . }}
      whenUnsatisfiable: {{ last . }}
      maxSkew: 1
      labelSelector:
        matchLabels:
          {{- include "starling.serverSelector" $ | nindent 10 }}
      # During an upgrade the old pods don't count.
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
