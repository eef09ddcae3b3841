package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Images that a registry would have: those that ours is built from, and those in compose.yaml. Here they
// are made of Debian's packages, and of the Rust and Node on this machine (standins/Dockerfile).
func makeStandIns() {
	const debian = "debian:bookworm-slim"
	if _, err := tryDocker("image", "inspect", debian); err != nil {
		must(importDebian(debian))
	}
	compose, ours := readText(filepath.Join(project, "compose.yaml")), readText(filepath.Join(project, "Dockerfile"))
	rust := "rust:" + argument(ours, "RUST") + "-slim-" + argument(ours, "DEBIAN")
	node := "node:" + argument(ours, "NODE") + "-" + argument(ours, "DEBIAN") + "-slim"

	if _, err := tryDocker("image", "inspect", rust); err != nil {
		sysroot, err := command("", "rustc", "--print", "sysroot")
		must(sysroot, err)
		standIn(rust, "rust", "--exclude=lib/rustlib/src", "--directory", strings.TrimSpace(sysroot),
			"bin/cargo", "bin/rustc", "lib")
	}
	if _, err := tryDocker("image", "inspect", node); err != nil {
		standIn(node, "node", "--directory", os.Getenv("IMAGE_NODE"), "node_modules")
	}
	for _, name := range []string{"nginx", "redis", "prom/prometheus"} {
		standIn(image(compose, name), filepath.Base(name))
	}
	servers := filepath.Join(project, "tests/servers/src")
	standIn(image(compose, "scylladb/scylla"), "scylla", "--directory", servers, "cassandra.yaml",
		"cassandra-java.options", "cassandra-logback.xml", "--directory", os.Getenv("IMAGE_CASSANDRA"), "lib")
}

func importDebian(tag string) (string, error) {
	say("making %s", tag)
	file := filepath.Join(engine.folder, "debian.tar")
	defer os.Remove(file)
	if printed, err := command("", "mmdebstrap", "--quiet", "--variant=minbase", "bookworm", file); err != nil {
		return printed, err
	}
	return tryDocker("import", file, tag)
}

// Builds a stage of standins/Dockerfile, with further files beside it.
func standIn(tag, stage string, files ...string) {
	args := []string{"--create", "--directory", "standins", "Dockerfile", "cassandra.sh"}
	// Where a proxy reads what is fetched, packages come with its certificate.
	args = append(args, "--directory", "/usr/local/share", "ca-certificates")
	tar := exec.Command("tar", append(args, files...)...)
	tar.Stderr = os.Stderr
	context, err := tar.StdoutPipe()
	must("", err)
	must("", tar.Start())
	_, printed, err := engine.run(nil, context, "build", "--network", "host", "--target", stage, "--tag", tag, "-")
	must(printed, err)
	must("", tar.Wait())
}

// The value of one of the Dockerfile's arguments.
func argument(dockerfile, name string) string {
	return regexp.MustCompile(`(?m)^ARG ` + name + `=(.*)$`).FindStringSubmatch(dockerfile)[1]
}

// An image as compose.yaml calls it, with its tag.
func image(compose, name string) string {
	return regexp.MustCompile(`image: (` + name + `:\S+)`).FindStringSubmatch(compose)[1]
}
