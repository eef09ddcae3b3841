package chart

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestTheChartIsWellFormed(t *testing.T) {
	for _, set := range sets {
		printed := helm(t, "lint", "--strict", "--values", valuesOf(set), chartFolder)
		if !strings.Contains(printed, "0 chart(s) failed") || strings.Contains(printed, "[WARNING]") {
			t.Errorf("%s: %s", set, printed)
		}
	}
}

func TestTheChartHasTheServersVersion(t *testing.T) {
	cargo := regexp.MustCompile(`(?m)^version = "(.+)"$`).FindStringSubmatch(readText(t, "../../Cargo.toml"))
	chart := struct {
		Version    string `yaml:"version"`
		AppVersion string `yaml:"appVersion"`
	}{}
	if err := yaml.Unmarshal([]byte(readText(t, chartFolder+"/Chart.yaml")), &chart); err != nil {
		t.Fatal(err)
	}
	if chart.Version != cargo[1] || chart.AppVersion != cargo[1] {
		t.Errorf("the chart has %+v, the server %s", chart, cargo[1])
	}
}

// What makes a cluster, so that a wrong value is the only thing that is wrong.
var cluster = []string{
	"redis.urls={redis://redis:6379}",
	"scylla.nodes={scylla:9042}",
	"existingSecret=chat",
}

func TestWrongValuesAreRefusedByName(t *testing.T) {
	for _, wrong := range []struct {
		base     []string
		value    string
		sentence []string
	}{
		// By the schema.
		{nil, "replica=3", []string{"'replica'", "not allowed"}},
		{nil, "redis.url=redis://redis:6379", []string{"/redis", "'url'"}},
		{nil, "replicas=0", []string{"/replicas", "minimum"}},
		{nil, "replicas=two", []string{"/replicas", "want integer"}},
		{nil, "image.pullPolicy=Sometimes", []string{"/image/pullPolicy", "'Always', 'IfNotPresent', 'Never'"}},
		{nil, "image.digest=sha256:12", []string{"/image/digest", "pattern"}},
		{nil, "config.drainMs=60001", []string{"/config/drainMs", "maximum", "60,000"}},
		{nil, "config.limitMessages=5/10d", []string{"/config/limitMessages", "5/10d"}},
		{nil, "config.allowedOrigins={chat.example.org}", []string{"/config/allowedOrigins/0"}},
		{nil, "config.trustedProxies={proxy}", []string{"/config/trustedProxies/0"}},
		{nil, "config.otlpEndpoint=collector:4318", []string{"/config/otlpEndpoint"}},
		{nil, "config.otlpShare=1.5", []string{"/config/otlpShare"}},
		{nil, "sentry.dsn=https://errors.example.org/7", []string{"/sentry/dsn"}},
		{nil, "persistence.size=much", []string{"/persistence/size"}},
		{nil, "persistence.accessMode=ReadWriteMany", []string{"/persistence/accessMode"}},
		{nil, "service.type=External", []string{"/service/type"}},
		{nil, "ingress.hosts={https://chat.example.org}", []string{"/ingress/hosts/0"}},
		{nil, "resources.limits.memory=lots", []string{"/resources/limits/memory"}},
		{nil, "runAsUser=0", []string{"/runAsUser", "minimum"}},
		{cluster, "redis.urls={redis://:secret@redis:6379}", []string{"/redis/urls/0"}},
		{cluster, "redis.urls={http://redis:6379}", []string{"/redis/urls/0"}},
		{cluster, "scylla.nodes={scylla}", []string{"/scylla/nodes/0"}},
		{cluster, "scylla.keyspace=My-Chat", []string{"/scylla/keyspace"}},
		{cluster, "scylla.replication=10", []string{"/scylla/replication", "maximum"}},
		{cluster, "existingSecret=,signingKeys[0].kid=a,signingKeys[0].secret=short", []string{"/signingKeys/0/secret"}},
		// By what goes together.
		{nil, "replicas=3", []string{"replicas is 3", "set redis.urls and scylla.nodes"}},
		{nil, "redis.urls={redis://redis:6379}", []string{"redis.urls is set and scylla.nodes is not"}},
		{nil, "scylla.nodes={scylla:9042}", []string{"scylla.nodes is set and redis.urls is not"}},
		{nil, "autoscaling.enabled=true", []string{"autoscaling.enabled needs a cluster"}},
		{nil, "ingress.enabled=true", []string{"ingress.enabled needs ingress.hosts"}},
		{nil, "sentry.enabled=true", []string{"sentry.enabled is set without an address", "key sentry-dsn"}},
		{nil, "scylla.user=chat,existingSecret=chat", []string{"redis.user and scylla.user are for a cluster"}},
		{cluster, "existingSecret=", []string{"A cluster needs signing keys", "existingSecret"}},
		{cluster, "existingSecret=,signingKeys[0].kid=a,signingKeys[0].secret=" + strings.Repeat("A", 43) + ",scylla.user=chat",
			[]string{"scylla.user is set without a password", "key scylla-password"}},
		{cluster, "existingSecret=,signingKeys[0].kid=a,signingKeys[0].secret=" + strings.Repeat("A", 43) + ",redis.password=x",
			[]string{"redis.password is set without redis.user"}},
		{cluster, "redis.password=x,redis.user=default", []string{"existingSecret and redis.password are both set"}},
		{cluster, "autoscaling.enabled=true,autoscaling.minReplicas=11", []string{"autoscaling.minReplicas is 11", "autoscaling.maxReplicas (10)"}},
		{cluster, "autoscaling.enabled=true,autoscaling.cpuPercent=0", []string{"autoscaling.enabled needs something to look at"}},
		{cluster, "autoscaling.enabled=true,resources.requests=null", []string{"resources.requests.cpu"}},
	} {
		args := []string{"template", "chat", chartFolder}
		for _, value := range wrong.base {
			args = append(args, "--set", value)
		}
		if printed, err := tryHelm(args...); err != nil {
			t.Fatalf("what is to be made wrong is wrong already: %s", printed)
		}
		printed, err := tryHelm(append(args, "--set", wrong.value)...)
		if err == nil {
			t.Errorf("%s is taken", wrong.value)
		}
		for _, part := range wrong.sentence {
			if !strings.Contains(printed, part) {
				t.Errorf("%s: %q is not in the sentence: %s", wrong.value, part, printed)
			}
		}
	}
}

// Every value has a comment, and the table in the documents is made of them.
func TestTheTableOfValuesAgrees(t *testing.T) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(readText(t, chartFolder+"/values.yaml")), &document); err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| value | default | what it is |\n| --- | --- | --- |\n")
	describe(t, &table, "", document.Content[0])
	partAgrees(t, "../../docs/kubernetes.md", "values", table.String())
}

func describe(t *testing.T, table *strings.Builder, prefix string, values *yaml.Node) {
	for i := 0; i < len(values.Content); i += 2 {
		key, value := values.Content[i], values.Content[i+1]
		name := prefix + key.Value
		text := comment(key.HeadComment)
		branch := value.Kind == yaml.MappingNode && len(value.Content) > 0
		if text == "" && prefix != "resources.requests." && prefix != "resources.limits." && prefix != "monitoring.dashboard.labels." {
			t.Errorf("values.yaml says nothing about %s", name)
		}
		shown := ""
		if !branch {
			shown = "`" + value.Value + "`"
			if value.Kind != yaml.ScalarNode {
				shown = map[yaml.Kind]string{yaml.SequenceNode: "`[]`", yaml.MappingNode: "`{}`"}[value.Kind]
			} else if value.Value == "" {
				shown = ""
			}
		}
		fmt.Fprintf(table, "| `%s` | %s | %s |\n", name, shown, strings.ReplaceAll(text, "|", "\\|"))
		if branch {
			describe(t, table, name+".", value)
		}
	}
}

// The last paragraph of a comment: what stands before it, with an empty line between, is the file's.
func comment(head string) string {
	paragraphs := strings.Split(head, "\n\n")
	lines := strings.Split(paragraphs[len(paragraphs)-1], "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(strings.TrimPrefix(line, "#"))
	}
	return strings.Join(lines, " ")
}

// What is in values.yaml is in the schema, and nothing else is: a word that is spelled wrong is refused
// wherever it stands.
func TestTheSchemaKnowsEveryValueAndNoOther(t *testing.T) {
	var values map[string]any
	var root schemaObject
	if err := yaml.Unmarshal([]byte(readText(t, chartFolder+"/values.yaml")), &values); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(readText(t, chartFolder+"/values.schema.json")), &root); err != nil {
		t.Fatal(err)
	}
	// Helm's own: what a chart around this one shares with all its parts.
	delete(root.Properties, "global")
	root.describes(t, "", values)
}

type schemaObject struct {
	Properties map[string]schemaObject `json:"properties"`
	Additional any                     `json:"additionalProperties"`
}

func (s schemaObject) describes(t *testing.T, prefix string, values map[string]any) {
	if s.Additional != false {
		t.Errorf("%s takes anything", prefix)
	}
	for name, value := range values {
		known, is := s.Properties[name]
		if !is {
			t.Errorf("the schema has no %s%s", prefix, name)
		}
		if branch, is := value.(map[string]any); is && known.Properties != nil {
			known.describes(t, prefix+name+".", branch)
		}
	}
	for name := range s.Properties {
		if _, is := values[name]; !is {
			t.Errorf("values.yaml has no %s%s", prefix, name)
		}
	}
}
