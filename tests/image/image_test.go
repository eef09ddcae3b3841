package image

import (
	"archive/tar"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// What docs/operations.md says. A debug build in it, or one library too many, is more.
const mostMiB = 64

// Who the server is in it.
const serverUser = 10001

// Runs it as docs/operations.md says: with nothing that it doesn't need.
var hardened = []string{"--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"}

// Every file of the image, as a container has it.
func files(t *testing.T) map[string]*tar.Header {
	t.Helper()
	container := docker(t, "create", ourImage)
	defer docker(t, "rm", "--volumes", container)
	exported := filepath.Join(t.TempDir(), "image.tar")
	docker(t, "export", "--output", exported, container)
	file, err := os.Open(exported)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	found := map[string]*tar.Header{}
	for reader := tar.NewReader(file); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		found[header.Name] = header
	}
}

// A file of the image.
func content(t *testing.T, path string) []byte {
	t.Helper()
	container := docker(t, "create", ourImage)
	defer docker(t, "rm", "--volumes", container)
	to := filepath.Join(t.TempDir(), filepath.Base(path))
	docker(t, "cp", container+":"+path, to)
	text, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTheImageHoldsTheProgramAndNothingElse(t *testing.T) {
	library := regexp.MustCompile(`^(usr/)?lib(64)?/.*\.so(\.\d+)*$`)
	var programs []string
	bytes := int64(0)
	for name, header := range files(t) {
		bytes += header.Size
		// Docker itself puts empty files where it mounts its own.
		if header.Typeflag == tar.TypeReg && header.Size > 0 && header.Mode&0o111 != 0 && !library.MatchString(name) {
			programs = append(programs, name)
		}
	}
	if !slices.Equal(programs, []string{"usr/local/bin/starling"}) {
		t.Errorf("the image has these programs: %v", programs)
	}
	for _, shell := range []string{"sh", "/bin/sh", "bash", "busybox"} {
		if printed, err := tryDocker("run", "--rm", "--entrypoint", shell, ourImage); err == nil || !strings.Contains(printed, shell) {
			t.Errorf("%s can be run: %s", shell, printed)
		}
	}
	say("the image has %.1f MiB", float64(bytes)/(1<<20))
	if bytes > mostMiB<<20 {
		t.Errorf("the image has %d bytes", bytes)
	}
}

func TestTheImageSaysWhatItIs(t *testing.T) {
	var images []struct {
		Config struct {
			User, StopSignal string
			Env              []string
			Labels           map[string]string
			Volumes          map[string]any
			ExposedPorts     map[string]any
			Healthcheck      struct{ Test []string }
		}
	}
	if err := json.Unmarshal([]byte(docker(t, "image", "inspect", ourImage)), &images); err != nil {
		t.Fatal(err)
	}
	config := images[0].Config
	manifest := readText(filepath.Join(project, "Cargo.toml"))
	version := regexp.MustCompile(`(?m)^version = "(.*)"$`).FindStringSubmatch(manifest)[1]
	for label, expected := range map[string]string{"title": "Starling", "version": version, "licenses": "Apache-2.0"} {
		if found := config.Labels["org.opencontainers.image."+label]; found != expected {
			t.Errorf("the label %s is %q", label, found)
		}
	}
	if config.User != fmt.Sprintf("%d:%d", serverUser, serverUser) || config.StopSignal != "SIGTERM" {
		t.Errorf("it runs as %s, and is stopped by %s", config.User, config.StopSignal)
	}
	if _, kept := config.Volumes["/data"]; !kept || len(config.Volumes) != 1 {
		t.Errorf("its volumes are %v", config.Volumes)
	}
	if _, listens := config.ExposedPorts["8080/tcp"]; !listens {
		t.Errorf("its ports are %v", config.ExposedPorts)
	}
	if !slices.Equal(config.Healthcheck.Test, []string{"CMD", "starling", "health"}) {
		t.Errorf("its health check is %v", config.Healthcheck.Test)
	}
	if printed := docker(t, "run", "--rm", ourImage, "--version"); printed != "starling "+version {
		t.Errorf("it says %q", printed)
	}
}

// Its parts are listed: crates, what the web client is made of, and what comes from Debian.
func TestThePartsAreListed(t *testing.T) {
	type component struct{ Name, Version string }
	for file, expected := range map[string][]string{
		"starling.cdx.json": {"actix-web", "rusqlite", "tokio", "scylla"},
		"web.cdx.json":      {"react", "zustand"},
	} {
		var list struct {
			BomFormat  string
			Components []component
		}
		if err := json.Unmarshal(content(t, "/sbom/"+file), &list); err != nil {
			t.Fatal(err)
		}
		if list.BomFormat != "CycloneDX" {
			t.Errorf("%s is %q", file, list.BomFormat)
		}
		for _, name := range expected {
			if !slices.ContainsFunc(list.Components, func(c component) bool { return c.Name == name && c.Version != "" }) {
				t.Errorf("%s doesn't have %s", file, name)
			}
		}
		for _, name := range []string{"proptest", "vite", "@playwright/test"} {
			if slices.ContainsFunc(list.Components, func(c component) bool { return c.Name == name }) {
				t.Errorf("%s has %s, which is for tests and builds alone", file, name)
			}
		}
	}
	found := files(t)
	for _, name := range []string{"ca-certificates", "libc6", "libgcc-s1"} {
		status := string(content(t, "/var/lib/dpkg/status.d/"+name))
		if !strings.HasPrefix(status, "Package: "+name+"\n") || found["usr/share/doc/"+name+"/copyright"] == nil {
			t.Errorf("%s is not described", name)
		}
	}
}

// A container of one node. Where it is reached, and its first minute.
type node struct {
	t          *testing.T
	id, server string
}

func startNode(t *testing.T, volume string) node {
	t.Helper()
	args := append([]string{"run", "--detach", "--network", network(t), "--publish", "127.0.0.1::8080", "--volume", volume + ":/data"}, hardened...)
	began := time.Now()
	n := node{t: t, id: docker(t, append(args, ourImage)...)}
	t.Cleanup(func() { _, _ = tryDocker("rm", "--force", n.id) })
	n.server = docker(t, "port", n.id, "8080/tcp")
	eventually(t, func() string {
		response, err := http.Get("http://" + n.server + "/health/ready")
		if err != nil {
			return err.Error()
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return response.Status
		}
		return ""
	})
	say("a container is ready %v after `docker run`", time.Since(began).Round(10*time.Millisecond))
	return n
}

// Containers of this test reach nobody but each other.
func network(t *testing.T) string {
	const name = "starling-test"
	if _, err := tryDocker("network", "inspect", name); err != nil {
		docker(t, "network", "create", name)
	}
	return name
}

func (n node) state(field string) string {
	return docker(n.t, "inspect", "--format", "{{.State."+field+"}}", n.id)
}

func TestANodeRunsWithoutRightsAndKeepsWhatItIsTold(t *testing.T) {
	docker(t, "volume", "create", "kept")
	t.Cleanup(func() { docker(t, "volume", "rm", "kept") })
	first := startNode(t, "kept")
	eventually(t, func() string {
		if health := first.state("Health.Status"); health != "healthy" {
			return "its health is " + health
		}
		return ""
	})
	status := readText(fmt.Sprintf("/proc/%s/status", first.state("Pid")))
	for _, expected := range []string{
		fmt.Sprintf("Uid:\t%d\t%d\t%d\t%d\n", serverUser, serverUser, serverUser, serverUser),
		"CapEff:\t0000000000000000\n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n",
	} {
		if !strings.Contains(status, expected) {
			t.Errorf("the process is not %q:\n%s", expected, status)
		}
	}

	ada := register(t, first.server, "ada")
	bob := register(t, first.server, "bob")
	room := ada.makeRoom("lobby")
	bob.join(room)
	cursor := bob.cursor()
	ada.say(room, "Hello, Bob")
	if err := bob.hears(cursor, "Hello, Bob"); err != nil {
		t.Error(err)
	}

	// It drains: who waits is answered, and it ends by itself.
	waits := make(chan error, 1)
	cursor = bob.cursor()
	go func() { waits <- bob.waits(cursor) }()
	eventually(t, func() string {
		if !strings.Contains(first.metrics(), "\nstarling_polls 1\n") {
			return "nobody waits"
		}
		return ""
	})
	docker(t, "stop", "--time", "30", first.id)
	if err := <-waits; err != nil {
		t.Errorf("who waited was not answered: %v", err)
	}
	if code, killed := first.state("ExitCode"), first.state("OOMKilled"); code != "0" || killed != "false" {
		t.Errorf("it ended with %s:\n%s", code, docker(t, "logs", first.id))
	}
	docker(t, "rm", first.id)

	second := startNode(t, "kept")
	if texts := bob.at(second.server).history(room); !slices.Equal(texts, []string{"Hello, Bob"}) {
		t.Errorf("another container has %q", texts)
	}
}

func (n node) metrics() string {
	response, err := http.Get("http://" + n.server + "/metrics")
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return string(text)
}

// Files of a mounted Secret: of root, read by way of the group.
func TestSigningKeysAreTakenFromAMountedSecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "signing-keys.json")
	keys := fmt.Sprintf(`[{"kid":"2026-11","secret":"%s"}]`, strings.Repeat("A", 43))
	for mode, expected := range map[os.FileMode]string{0o440: "are good", 0o640: "are good", 0o444: "can be read by others (mode 444)"} {
		_ = os.Remove(file)
		if err := errors.Join(os.WriteFile(file, []byte(keys), 0o600), os.Chown(file, 0, serverUser), os.Chmod(file, mode)); err != nil {
			t.Fatal(err)
		}
		args := append([]string{"run", "--rm", "--volume", file + ":/run/secrets/keys:ro", "--env", "STARLING_SIGNING_KEYS=/run/secrets/keys"}, hardened...)
		if printed, _ := tryDocker(append(args, ourImage, "doctor")...); !strings.Contains(printed, expected) {
			t.Errorf("with mode %o it says: %s", mode, printed)
		}
	}
}

// Our source is compiled anew, and nothing that it depends on.
func TestASourceChangeCompilesOursAlone(t *testing.T) {
	changed := t.TempDir()
	copyContext(t, changed)
	main := filepath.Join(changed, "src/main.rs")
	if err := os.WriteFile(main, []byte(readText(main)+"\n// "+rand.Text()+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	printed, err := buildImage(changed, "starling:changed", "build")
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	say("the program is built %v after a change of the source", since(began))
	for _, step := range []string{"RUN npm run build", "RUN cargo install", "RUN mkdir -p src"} {
		number := regexp.MustCompile(`(?m)^(#\d+) \[.*\] ` + step).FindStringSubmatch(printed)
		if number == nil || !strings.Contains(printed, "\n"+number[1]+" CACHED\n") {
			t.Errorf("%q is done anew: %v", step, number)
		}
	}
	compiled := regexp.MustCompile(`Compiling (\S+) v`).FindAllStringSubmatch(printed, -1)
	if len(compiled) != 1 || compiled[0][1] != "starling" {
		t.Errorf("compiled are %v", compiled)
	}
}

// What .dockerignore lets through, and the Dockerfile.
func copyContext(t *testing.T, to string) {
	t.Helper()
	args := []string{"--create", "--file", to + "/context.tar", "--directory", project, "--exclude", "web/node_modules", "--exclude", "web/dist", "Dockerfile", ".dockerignore"}
	for line := range strings.Lines(readText(filepath.Join(project, ".dockerignore"))) {
		if path, allowed := strings.CutPrefix(strings.TrimSpace(line), "!"); allowed {
			args = append(args, path)
		}
	}
	for _, args := range [][]string{args, {"--extract", "--file", to + "/context.tar", "--directory", to}} {
		if printed, err := command("", "tar", args...); err != nil {
			t.Fatalf("%v\n%s", err, printed)
		}
	}
}
