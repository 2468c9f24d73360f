{{- define "im.name" -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- end -}}

{{- define "im.image" -}}
{{- if .Values.image.digest -}}{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{- end -}}
{{- end -}}

{{- define "im.selects" -}}
app.kubernetes.io/name: im
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end -}}

{{- define "im.labels" -}}
{{ include "im.selects" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{/* What every pod of ours is: no root, no capability, no writable disk but /tmp, no token of the cluster unless it is asked for. */}}
{{- define "im.pod" -}}
automountServiceAccountToken: {{ .token | default false }}
enableServiceLinks: false
terminationGracePeriodSeconds: 60
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: { sizeLimit: 64Mi }
  {{- range $what, $secret := (include "im.files" . | fromYaml) }}
  - name: {{ $what }}
    secret: { secretName: {{ $secret }}, defaultMode: 0440 }
  {{- end }}
{{- end -}}

{{/* The secrets that are files in this pod: those of the services in each, those of the clouds where the clouds are asked. */}}
{{- define "im.files" -}}
{{- with .root.Values.services.filesSecret }}
services: {{ . }}
{{- end }}
{{- if has .role (list "worker" "deadlines" "doctor") }}
{{- with .root.Values.cloud.filesSecret }}
cloud: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Of a pod, below `metadata`. */}}
{{- define "im.annotations" -}}
{{- with .root.Values.podAnnotations }}
annotations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "im.container" -}}
image: {{ include "im.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
volumeMounts:
  - { name: tmp, mountPath: /tmp }
  {{- range $what, $_ := (include "im.files" . | fromYaml) }}
  - { name: {{ $what }}, mountPath: /etc/im/{{ $what }}, readOnly: true }
  {{- end }}
{{- end -}}

{{/* Variables that hold no secret. */}}
{{- define "im.settings" -}}
{{- range $name, $value := .Values.settings }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- end -}}

{{/* An address out of the secret; `key` says which user of the database. */}}
{{- define "im.database" -}}
- name: IM_DATABASE_URL
  valueFrom: { secretKeyRef: { name: {{ .root.Values.services.existingSecret }}, key: {{ get .root.Values.services.keys .key }} } }
{{- end -}}

{{- define "im.broker" -}}
- name: IM_BROKER_URL
  valueFrom: { secretKeyRef: { name: {{ .Values.services.existingSecret }}, key: {{ .Values.services.keys.broker }} } }
{{- end -}}
