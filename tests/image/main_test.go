// Package image tests the image and the files for Docker Compose, on a Docker engine of its own: what is in
// the image, how it runs, and that whole systems of it start in order, chat, and keep what was said.
//
// `scripts/image.sh` gets what is needed and says where it is:
//
//	IMAGE_TOOLS      a folder that is kept, for the engine's data, and with Docker Compose
//	IMAGE_NODE       a Node, as npm installed it
//	IMAGE_CASSANDRA  Cassandra
package image

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Ours, as the chart and the Compose files call it.
const ourImage = "ghcr.io/starling-chat/starling:0.1.0"

// The project's folder.
var project, _ = filepath.Abs("../..")

var engine *theEngine

func TestMain(m *testing.M) {
	for _, name := range []string{"IMAGE_TOOLS", "IMAGE_NODE", "IMAGE_CASSANDRA"} {
		if _, err := os.Stat(os.Getenv(name)); err != nil {
			fmt.Fprintf(os.Stderr, "%s names no folder (%v): run `make test-image`\n", name, err)
			os.Exit(2)
		}
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	engine = startEngine()
	defer engine.stop()
	began := time.Now()
	makeStandIns()
	say("the images that ours is built from and lives beside: %v", since(began))
	began = time.Now()
	must(buildImage(project, ourImage, ""))
	say("the image, as far as it was not built before: %v", since(began))
	return m.Run()
}

// Builds the image of a folder, up to a stage of it or to its end. What the build printed.
func buildImage(folder, tag, stage string) (string, error) {
	// Its steps fetch packages, and the engine leads no network out of this machine.
	args := []string{"build", "--network", "host", "--progress", "plain", "--tag", tag}
	if stage != "" {
		args = append(args, "--target", stage)
	}
	_, printed, err := engine.run(nil, nil, append(args, folder)...)
	return printed, err
}

// Runs Docker's command line. All that it printed, and whether it succeeded.
func tryDocker(args ...string) (string, error) {
	_, printed, err := engine.run(nil, nil, args...)
	return printed, err
}

// What it answers, without its warnings.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	answer, printed, err := engine.run(nil, nil, args...)
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, printed)
	}
	return strings.TrimSpace(answer)
}

// Before the tests: without this none can run.
func must(printed string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s\n", err, printed)
		engine.stop()
		os.Exit(1)
	}
}

func command(folder, program string, args ...string) (string, error) {
	var printed bytes.Buffer
	command := exec.Command(program, args...)
	command.Dir = folder
	command.Stdout, command.Stderr = &printed, &printed
	err := command.Run()
	return printed.String(), err
}

func say(format string, args ...any) {
	fmt.Printf("starling: "+format+"\n", args...)
}

func since(began time.Time) time.Duration {
	return time.Since(began).Round(100 * time.Millisecond)
}

func readText(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// Waits until `done` says nothing more, two minutes at most.
func eventually(t *testing.T, done func() string) {
	t.Helper()
	end := time.Now().Add(2 * time.Minute)
	for {
		missing := done()
		if missing == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after two minutes still: %s", missing)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
