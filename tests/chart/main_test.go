// Package chart tests the Helm chart: that its values are refused or taken as they are described, and
// that a real API server, real controllers and a real scheduler make of it what is promised.
//
// `scripts/chart.sh` builds what is needed and says where it is:
//
//	CHART_HELM          Helm
//	CHART_CONTROLPLANE  the program in controlplane/
//	STARLING_BIN        the server, which has to take the settings that the chart gives it
package chart

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const chartFolder = "../../helm"

// Every set of values in values/. A release of each is installed, upgraded, rolled back and removed.
var sets = []string{"embedded", "one-node-open", "cluster", "existing-secret", "everything"}

func TestMain(m *testing.M) {
	for _, name := range []string{"CHART_HELM", "CHART_CONTROLPLANE", "STARLING_BIN"} {
		if _, err := os.Stat(os.Getenv(name)); err != nil {
			fmt.Fprintf(os.Stderr, "%s names no program (%v): run `make test-chart`\n", name, err)
			os.Exit(2)
		}
	}
	code := m.Run()
	stopCluster()
	os.Exit(code)
}

func valuesOf(set string) string {
	return filepath.Join("values", set+".yaml")
}

// Runs Helm against the cluster, if there is one already. What it printed, and whether it succeeded.
func tryHelm(args ...string) (string, error) {
	command := exec.Command(os.Getenv("CHART_HELM"), args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig())
	printed, err := command.CombinedOutput()
	return string(printed), err
}

func helm(t *testing.T, args ...string) string {
	t.Helper()
	printed, err := tryHelm(args...)
	if err != nil {
		t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, printed)
	}
	return printed
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Waits until `done` says nothing more, half a minute at most.
func eventually(t *testing.T, done func() string) {
	t.Helper()
	end := time.Now().Add(30 * time.Second)
	for {
		missing := done()
		if missing == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after half a minute still: %s", missing)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
