package image

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// A file for Docker Compose, with what differs in the test, on free ports of this machine.
type system struct {
	t     *testing.T
	files []string
}

func (s system) run(args ...string) string {
	s.t.Helper()
	answer, printed, err := s.try(args...)
	if err != nil {
		_, logs, _ := s.try("logs", "--tail", "20")
		s.t.Fatalf("docker compose %s: %v\n%s\n%s", strings.Join(args, " "), err, printed, logs)
	}
	return strings.TrimSpace(answer)
}

func (s system) try(args ...string) (answer, printed string, err error) {
	all := []string{"compose", "--progress", "plain"}
	for _, file := range s.files {
		all = append(all, "--file", file)
	}
	ports := []string{"STARLING_PORT=127.0.0.1:0", "PROMETHEUS_PORT=0", "GRAFANA_PORT=0"}
	return engine.run(ports, nil, append(all, args...)...)
}

// Starts it and waits until all is healthy, as the file's first lines say.
func (s system) up(services ...string) {
	s.t.Helper()
	began := time.Now()
	s.run(append([]string{"up", "--build", "--wait"}, services...)...)
	say("%s is up after %v", filepath.Base(s.files[0]), since(began))
}

// Where a service is reached from this machine.
func (s system) address(service, port string) string {
	s.t.Helper()
	return s.run("port", service, port)
}

func (s system) state(service, field string) string {
	s.t.Helper()
	id := s.run("ps", "--all", "--quiet", service)
	return docker(s.t, "inspect", "--format", "{{.State."+field+"}}", id)
}

func (s system) moment(service, field string) time.Time {
	s.t.Helper()
	moment, err := time.Parse(time.RFC3339Nano, s.state(service, field))
	if err != nil {
		s.t.Fatal(err)
	}
	return moment
}

func TestOneNodeByCompose(t *testing.T) {
	s := system{t, []string{"compose.single.yaml", "tests/image/compose.single.test.yaml"}}
	t.Cleanup(func() { s.run("down", "--volumes") })
	s.up()
	ada := register(t, s.address("starling", "8080"), "ada")
	room := ada.makeRoom("lobby")
	ada.say(room, "Is this kept?")
	s.run("down")
	s.up()
	if texts := ada.at(s.address("starling", "8080")).history(room); !slices.Equal(texts, []string{"Is this kept?"}) {
		t.Errorf("after `down` and `up` there are %q", texts)
	}
}

func TestTheWholeSystemByCompose(t *testing.T) {
	s := system{t, []string{"compose.yaml", "tests/image/compose.test.yaml"}}
	t.Cleanup(func() { s.run("down", "--volumes") })
	nodes := []string{"node1", "node2", "node3"}
	services := slices.DeleteFunc(strings.Fields(s.run("config", "--services")), func(name string) bool { return name == "grafana" })
	s.up(services...)
	s.startedInOrder(nodes)

	byProxy := s.address("nginx", "80")
	ada := register(t, byProxy, "ada")
	bob := register(t, byProxy, "bob")
	room := ada.makeRoom("lobby")
	bob.join(room)
	// Each node's clients hear what another node was told.
	for index, node := range nodes {
		there, other := bob.at(s.address(node, "8080")), ada.at(s.address(nodes[(index+1)%len(nodes)], "8080"))
		cursor, text := there.cursor(), "heard on "+node
		other.say(room, text)
		if err := there.hears(cursor, text); err != nil {
			t.Errorf("%s: %v", node, err)
		}
	}
	cursor := bob.at(s.address("node2", "8080")).cursor()
	ada.say(room, "by way of nginx")
	if err := bob.at(s.address("node2", "8080")).hears(cursor, "by way of nginx"); err != nil {
		t.Error(err)
	}
	expected := []string{"heard on node1", "heard on node2", "heard on node3", "by way of nginx"}
	if texts := bob.history(room); !slices.Equal(texts, expected) {
		t.Errorf("the history is %q", texts)
	}
	if response, err := http.Get("http://" + byProxy + "/metrics"); err != nil || response.StatusCode != http.StatusNotFound {
		t.Errorf("nginx shows metrics: %v %v", response, err)
	}
	s.prometheusReads(nodes)

	s.run("down")
	s.up(services...)
	// The keys are kept as well: the tokens of before are good.
	if texts := bob.at(s.address("nginx", "80")).history(room); !slices.Equal(texts, expected) {
		t.Errorf("after `down` and `up` the history is %q", texts)
	}
}

// Each when what it needs was there.
func (s system) startedInOrder(nodes []string) {
	s.t.Helper()
	if code := s.state("migrate", "ExitCode"); code != "0" {
		s.t.Errorf("the migration ended with %s", code)
	}
	migrated := s.moment("migrate", "FinishedAt")
	for _, node := range nodes {
		began := s.moment(node, "StartedAt")
		if began.Before(migrated) || began.Before(s.healthy("redis")) {
			s.t.Errorf("%s started at %v", node, began)
		}
		if proxy := s.moment("nginx", "StartedAt"); proxy.Before(s.healthy(node)) {
			s.t.Errorf("nginx started at %v, and %s was healthy at %v", proxy, node, s.healthy(node))
		}
	}
	if began := s.moment("migrate", "StartedAt"); began.Before(s.healthy("scylla")) {
		s.t.Errorf("the migration started at %v", began)
	}
	for _, service := range []string{"nginx", "prometheus"} {
		s.healthy(service)
	}
}

// When its health check succeeded for the first time; as early as it may have been, where that is forgotten.
func (s system) healthy(service string) time.Time {
	s.t.Helper()
	if health := s.state(service, "Health.Status"); health != "healthy" {
		s.t.Errorf("%s is %s", service, health)
	}
	var health struct {
		Log []struct {
			End      time.Time
			ExitCode int
		}
	}
	id := s.run("ps", "--quiet", service)
	if err := json.Unmarshal([]byte(docker(s.t, "inspect", "--format", "{{json .State.Health}}", id)), &health); err != nil {
		s.t.Fatal(err)
	}
	for index, check := range health.Log {
		if check.ExitCode != 0 {
			continue
		}
		// Docker remembers five: there may have been one before the first.
		if index == 0 && len(health.Log) == 5 {
			return s.moment(service, "StartedAt")
		}
		return check.End
	}
	s.t.Fatalf("%s was never healthy", service)
	return time.Time{}
}

// Every node is up, and the rules are loaded.
func (s system) prometheusReads(nodes []string) {
	s.t.Helper()
	prometheus := "http://" + s.address("prometheus", "9090")
	eventually(s.t, func() string {
		var answer struct {
			Data struct {
				Result []struct {
					Metric map[string]string
					Value  [2]any
				}
			}
		}
		if missing := read(prometheus+"/api/v1/query?query="+url.QueryEscape(`up{job="starling"} == 1`), &answer); missing != "" {
			return missing
		}
		if len(answer.Data.Result) != len(nodes) {
			return fmt.Sprintf("Prometheus reads %v", answer.Data.Result)
		}
		return ""
	})
	var rules struct {
		Data struct{ Groups []struct{ Name string } }
	}
	if missing := read(prometheus+"/api/v1/rules", &rules); missing != "" || len(rules.Data.Groups) == 0 {
		s.t.Errorf("Prometheus has the rules %v %s", rules, missing)
	}
}

func read(address string, answer any) string {
	response, err := http.Get(address)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return err.Error()
	}
	return ""
}

// Grafana is not started here. What it is given fits together, and with Prometheus.
func TestGrafanaIsGivenWhatIsThere(t *testing.T) {
	var config struct {
		Services map[string]struct {
			Environment map[string]string
			Volumes     []struct{ Source, Target string }
			Configs     []struct{ Source, Target string }
			Ports       []struct{ Target int }
		}
		Configs map[string]struct{ Content string }
	}
	s := system{t, []string{"compose.yaml"}}
	if err := json.Unmarshal([]byte(s.run("config", "--format", "json")), &config); err != nil {
		t.Fatal(err)
	}
	grafana := config.Services["grafana"]
	given := map[string]string{}
	for _, file := range grafana.Configs {
		given[file.Target] = config.Configs[file.Source].Content
	}
	var sources struct{ Datasources []struct{ Type, URL string } }
	if err := yaml.Unmarshal([]byte(given["/etc/grafana/provisioning/datasources/starling.yaml"]), &sources); err != nil {
		t.Fatal(err)
	}
	source, err := url.Parse(sources.Datasources[0].URL)
	if err != nil || sources.Datasources[0].Type != "prometheus" {
		t.Fatalf("the data source is %v: %v", sources, err)
	}
	if port := fmt.Sprint(config.Services[source.Hostname()].Ports[0].Target); port != source.Port() {
		t.Errorf("the data source is %s, and %s listens on %s", source, source.Hostname(), port)
	}
	var boards struct {
		Providers []struct{ Options struct{ Path string } }
	}
	if err := yaml.Unmarshal([]byte(given["/etc/grafana/provisioning/dashboards/starling.yaml"]), &boards); err != nil {
		t.Fatal(err)
	}
	folder := boards.Providers[0].Options.Path
	home := grafana.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
	for _, volume := range grafana.Volumes {
		if volume.Target == folder && path.Dir(home) == folder {
			if _, err := os.Stat(filepath.Join(volume.Source, path.Base(home))); err != nil {
				t.Error(err)
			}
			return
		}
	}
	t.Errorf("dashboards are in %s, the first page is %s, and there are %v", folder, home, grafana.Volumes)
}
