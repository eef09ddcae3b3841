package chart

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// What the chart makes of a set of values, as far as the server has to do with it.
type rendered struct {
	pod, migration *corev1.PodSpec
	secrets        map[string]string
}

func render(t *testing.T, set string) rendered {
	t.Helper()
	r := rendered{secrets: map[string]string{}}
	for _, object := range documents(t, helm(t, "template", name, chartFolder, "--values", valuesOf(set))) {
		switch object.GetKind() {
		case "Deployment", "StatefulSet", "Job":
			template := object.Object["spec"].(map[string]any)["template"].(map[string]any)["spec"]
			spec := &corev1.PodSpec{}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(template.(map[string]any), spec); err != nil {
				t.Fatal(err)
			}
			if object.GetKind() == "Job" {
				r.migration = spec
			} else {
				r.pod = spec
			}
		case "Secret":
			secret := &corev1.Secret{}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, secret); err != nil {
				t.Fatal(err)
			}
			for key, value := range secret.Data {
				r.secrets[key] = string(value)
			}
		}
	}
	return r
}

// The variables of the server. None is a secret, or is put together by Kubernetes.
func (r rendered) environment(t *testing.T, pod *corev1.PodSpec) map[string]string {
	t.Helper()
	environment := map[string]string{}
	for _, variable := range pod.Containers[0].Env {
		if variable.ValueFrom != nil || strings.Contains(variable.Value, "$(") {
			t.Errorf("%s is %q, or comes from elsewhere", variable.Name, variable.Value)
		}
		environment[variable.Name] = variable.Value
	}
	return environment
}

func starling(environment map[string]string, args ...string) *exec.Cmd {
	command := exec.Command(os.Getenv("STARLING_BIN"), args...)
	command.Env = []string{}
	for name, value := range environment {
		command.Env = append(command.Env, name+"="+value)
	}
	return command
}

// It reads all its settings, and refuses what it doesn't take, before it prints the document.
func TestTheServerTakesTheSettings(t *testing.T) {
	for _, set := range sets {
		r := render(t, set)
		environment := r.environment(t, r.pod)
		if printed, err := starling(environment, "--print", "openapi").CombinedOutput(); err != nil {
			t.Errorf("%s: %s", set, printed)
		}
		if r.migration != nil {
			args := append([]string{"--print", "openapi"}, r.migration.Containers[0].Command[1:]...)
			if printed, err := starling(r.environment(t, r.migration), args...).CombinedOutput(); err != nil {
				t.Errorf("%s, the migration: %s", set, printed)
			}
		}
		environment["STARLING_DRAIN_MS"] = "60001"
		if starling(environment, "--print", "openapi").Run() == nil {
			t.Errorf("%s: the settings are not read", set)
		}
	}
}

// The Blueprint for Render too: its variables are the server's, and its health check is served.
func TestTheServerTakesTheBlueprint(t *testing.T) {
	var blueprint struct {
		Services []struct {
			HealthCheckPath string
			Disk            struct{ MountPath string }
			EnvVars         []struct{ Key, Value string }
		}
	}
	if err := yaml.Unmarshal([]byte(readText(t, "../../render.yaml")), &blueprint); err != nil {
		t.Fatal(err)
	}
	service := blueprint.Services[0]
	environment := map[string]string{}
	for _, variable := range service.EnvVars {
		environment[variable.Key] = variable.Value
	}
	if printed, err := starling(environment, "--print", "openapi").CombinedOutput(); err != nil {
		t.Errorf("%s", printed)
	}
	if environment["STARLING_DATA"] != service.Disk.MountPath || !strings.HasSuffix(environment["STARLING_LISTEN"], ":"+environment["PORT"]) {
		t.Errorf("the server uses %v, and the disk is %s", environment, service.Disk.MountPath)
	}
	if !strings.Contains(readText(t, "../../docs/openapi.json"), `"`+service.HealthCheckPath+`"`) {
		t.Errorf("%s is not served", service.HealthCheckPath)
	}
}

// The first address of Redis has the user, and the password is in a file, as it is.
func TestPasswordsAreFiles(t *testing.T) {
	for set, urls := range map[string]string{
		"cluster":         "redis://chat@redis.data:6380",
		"existing-secret": "rediss+sentinel://default@sentinel-0.data:26379/main,rediss+sentinel://sentinel-1.data/main",
	} {
		r := render(t, set)
		environment := r.environment(t, r.pod)
		if environment["STARLING_REDIS_URL"] != urls {
			t.Errorf("%s: Redis is at %s", set, environment["STARLING_REDIS_URL"])
		}
		for variable, key := range map[string]string{"STARLING_REDIS_PASSWORD_FILE": "redis-password", "STARLING_SCYLLA_PASSWORD_FILE": "scylla-password"} {
			if file := mountedKey(r.pod, environment[variable]); file != key {
				t.Errorf("%s: %s=%s is the Secret's %q", set, variable, environment[variable], file)
			}
		}
	}
	r := render(t, "everything")
	if key := mountedKey(r.pod, r.environment(t, r.pod)["STARLING_SENTRY_DSN_FILE"]); key != "sentry-dsn" {
		t.Errorf("the DSN of Sentry is the Secret's %q", key)
	}
	secrets := render(t, "cluster").secrets
	if secrets["redis-password"] != "hunter2/redis +" || secrets["scylla-password"] != "hunter2/scylla" {
		t.Errorf("the passwords are %q and %q", secrets["redis-password"], secrets["scylla-password"])
	}
}

// Which key of the Secret the server finds in this file.
func mountedKey(pod *corev1.PodSpec, file string) string {
	for _, mount := range pod.Containers[0].VolumeMounts {
		path, below := strings.CutPrefix(file, mount.MountPath+"/")
		for _, volume := range pod.Volumes {
			if !below || volume.Name != mount.Name || volume.Secret == nil {
				continue
			}
			for _, item := range volume.Secret.Items {
				if item.Path == path {
					return item.Key
				}
			}
		}
	}
	return ""
}

// Each flag can be set with the chart, and what is not set there has the server's own default.
func TestEveryFlagIsAValue(t *testing.T) {
	defaults := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `--[^|]*\\| `(STARLING_[A-Z_]+)` \\| ([^|]*) \\|").FindAllStringSubmatch(readText(t, "../../docs/configuration.md"), -1) {
		defaults[row[1]] = strings.Trim(strings.TrimSpace(row[2]), "`")
	}
	if len(defaults) < 20 {
		t.Fatalf("only %d flags are found", len(defaults))
	}
	set := map[string]bool{}
	for _, values := range sets {
		r := render(t, values)
		for name, value := range r.environment(t, r.pod) {
			set[name] = true
			if _, known := defaults[name]; !known {
				t.Errorf("%s: %s is no setting of the server", values, name)
			}
			if own := name == "STARLING_LISTEN" || name == "STARLING_METRICS_LISTEN" || name == "STARLING_DATA"; values == "embedded" && !own && value != defaults[name] {
				t.Errorf("%s is %s by default, and %s in the server", name, value, defaults[name])
			}
		}
	}
	for name := range defaults {
		// A secret is given as a file.
		if !set[name] && !set[name+"_FILE"] {
			t.Errorf("%s can't be set", name)
		}
	}
}

// A single node starts with its settings, its keys as a kubelet mounts them, on another port and with
// another folder; its probes find what they ask for, and it stops within its time.
func TestASingleNodeRuns(t *testing.T) {
	for _, set := range []string{"embedded", "one-node-open"} {
		t.Run(set, func(t *testing.T) {
			r := render(t, set)
			folder := t.TempDir()
			environment := r.environment(t, r.pod)
			environment["STARLING_LISTEN"] = "127.0.0.1:0"
			environment["STARLING_METRICS_LISTEN"] = "127.0.0.1:0"
			environment["STARLING_DATA"] = filepath.Join(folder, "data")
			// The web client is not what is tested, and the program may have been built without it.
			environment["STARLING_WEB_CLIENT"] = "off"
			if keys := environment["STARLING_SIGNING_KEYS"]; keys != "" {
				if mounted := mountPath(t, r.pod.Containers[0], "secret"); filepath.Dir(keys) != mounted {
					t.Errorf("keys are looked for in %s and mounted in %s", keys, mounted)
				}
				environment["STARLING_SIGNING_KEYS"] = r.mountKeys(t, folder)
			}
			command := starling(environment)
			var log bytes.Buffer
			command.Stderr = &log
			printed, err := command.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			ended := false
			defer func() {
				if !ended {
					_ = command.Process.Kill()
					_ = command.Wait()
				}
			}()
			address := listensOn(t, printed, &log)
			for _, probe := range []*corev1.Probe{r.pod.Containers[0].StartupProbe, r.pod.Containers[0].LivenessProbe, r.pod.Containers[0].ReadinessProbe} {
				answer, err := http.Get(address + probe.HTTPGet.Path)
				if err != nil {
					t.Fatal(err)
				}
				answer.Body.Close()
				// As a kubelet counts.
				if answer.StatusCode < 200 || answer.StatusCode >= 400 {
					t.Errorf("%s answers %s", probe.HTTPGet.Path, answer.Status)
				}
			}
			if answer, err := http.Get(address + "/metrics"); err != nil || answer.StatusCode != http.StatusNotFound {
				t.Errorf("/metrics answers %v (%v) where the world is let in", answer, err)
			}
			began := time.Now()
			if err := command.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			err = command.Wait()
			ended = true
			if took := time.Since(began); err != nil || took > time.Duration(*r.pod.TerminationGracePeriodSeconds)*time.Second {
				t.Errorf("it stopped after %v: %v\n%s", took, err, log.String())
			}
		})
	}
}

// The Secret's file as a kubelet makes it: it belongs to root, and is read by way of the group. Anybody else
// who runs this test can't make that, and keeps the file to himself.
func (r rendered) mountKeys(t *testing.T, folder string) string {
	t.Helper()
	mode := os.FileMode(*volume(t, r.pod, "secret").Secret.DefaultMode)
	if os.Getuid() != 0 {
		mode &= 0o700
	}
	file := filepath.Join(folder, "signing-keys.json")
	if err := os.WriteFile(file, []byte(r.secrets["signing-keys.json"]), mode); err != nil {
		t.Fatal(err)
	}
	return file
}

// Where a container finds a volume.
func mountPath(t *testing.T, container corev1.Container, volume string) string {
	t.Helper()
	for _, mount := range container.VolumeMounts {
		if mount.Name == volume {
			return mount.MountPath
		}
	}
	t.Fatalf("%s doesn't mount %s", container.Name, volume)
	return ""
}

func volume(t *testing.T, pod *corev1.PodSpec, name string) corev1.Volume {
	t.Helper()
	for _, volume := range pod.Volumes {
		if volume.Name == name {
			return volume
		}
	}
	t.Fatalf("there is no volume %s", name)
	return corev1.Volume{}
}

func listensOn(t *testing.T, printed io.Reader, log *bytes.Buffer) string {
	t.Helper()
	said := make([]byte, 4096)
	var text string
	for !strings.Contains(text, "listens on") {
		n, err := printed.Read(said)
		if err != nil {
			t.Fatalf("it does not start: %v\n%s", err, log.String())
		}
		text += string(said[:n])
	}
	address := regexp.MustCompile(`listens on (http://\S+)`).FindStringSubmatch(text)
	if address == nil {
		t.Fatal(fmt.Sprint("it does not say where it listens: ", text))
	}
	return address[1]
}
