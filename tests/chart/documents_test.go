package chart

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The file holds exactly this between its marks. With STARLING_BLESS=1 it is made to.
func partAgrees(t *testing.T, path, part, made string) {
	t.Helper()
	text := readText(t, path)
	before, rest, begins := strings.Cut(text, "<!-- begin: "+part+" -->\n")
	_, after, ends := strings.Cut(rest, "<!-- end: "+part+" -->")
	if !begins || !ends {
		t.Fatalf("%s has no marks for %s", path, part)
	}
	wanted := before + "<!-- begin: " + part + " -->\n" + made + "<!-- end: " + part + " -->" + after
	if text == wanted {
		return
	}
	if os.Getenv("STARLING_BLESS") == "" {
		t.Fatalf("%s does not agree with the chart; run `STARLING_BLESS=1 make test-chart`", path)
	}
	if err := os.WriteFile(path, []byte(wanted), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Alerts and dashboards name metrics that there are. `process_...` and what Prometheus itself adds
// stand in no table of ours.
func TestAlertsAndDashboardsNameMetricsThatThereAre(t *testing.T) {
	known := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(starling_[a-z_]+)` \\|").FindAllStringSubmatch(readText(t, "../../docs/operations.md"), -1) {
		known[row[1]] = true
	}
	if len(known) < 20 {
		t.Fatalf("only %d metrics are found in the table", len(known))
	}
	named := 0
	for _, folder := range []string{"/rules", "/dashboards", "/templates"} {
		entries, err := os.ReadDir(chartFolder + folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			text := readText(t, chartFolder+folder+"/"+entry.Name())
			// What the rules record has colons in its name, and is theirs.
			text = regexp.MustCompile(`\w+(:\w+)+`).ReplaceAllString(text, "")
			for _, name := range regexp.MustCompile(`\bstarling_[a-z_]+`).FindAllString(text, -1) {
				named++
				base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
				if !known[name] && !known[base] {
					t.Errorf("%s names %s, which is no metric", entry.Name(), name)
				}
			}
		}
	}
	if named < 20 {
		t.Fatalf("only %d names are found", named)
	}
}
