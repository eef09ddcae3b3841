package image

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Docker engine of this test alone. It changes no rule of this machine's firewall and routes nothing: its
// containers reach each other, and this machine their published ports on 127.0.0.1. Images and what was
// built are kept for the next run; containers, networks and volumes are not.
type theEngine struct {
	process *exec.Cmd
	// Short, for the paths of sockets are: and gone when it ends.
	folder string
	log    *os.File
}

const engineSettings = `{
  "bridge": "none",
  "iptables": false,
  "ip6tables": false,
  "ip-forward": false,
  "ip-masq": false,
  "oom-score-adjust": 0,
  "builder": {"gc": {"enabled": true, "defaultKeepStorage": "12GB"}}
}`

func startEngine() *theEngine {
	// It ends with the thread that started it, should this test be killed.
	runtime.LockOSThread()
	tools := os.Getenv("IMAGE_TOOLS")
	folder, err := os.MkdirTemp("", "starling-docker-")
	if err != nil {
		panic(err)
	}
	e := &theEngine{folder: folder}
	settings := filepath.Join(folder, "daemon.json")
	if err := os.WriteFile(settings, []byte(engineSettings), 0o600); err != nil {
		panic(err)
	}
	if e.log, err = os.Create(filepath.Join(tools, "dockerd.log")); err != nil {
		panic(err)
	}
	e.process = exec.Command(program("dockerd"), "--config-file", settings, "--host", e.address(),
		"--data-root", filepath.Join(tools, "engine"), "--exec-root", filepath.Join(folder, "run"),
		"--pidfile", filepath.Join(folder, "pid"))
	e.process.Stdout, e.process.Stderr = e.log, e.log
	e.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := e.process.Start(); err != nil {
		panic(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		_, printed, err := e.run(nil, nil, "version")
		if err == nil {
			break
		}
		if time.Now().After(end) || syscall.Kill(e.process.Process.Pid, 0) != nil {
			fmt.Fprintf(os.Stderr, "The Docker engine does not start: %s\n%s\n", printed, readText(e.log.Name()))
			e.stop()
			os.Exit(1)
		}
	}
	e.clear()
	return e
}

func (e *theEngine) address() string {
	return "unix://" + filepath.Join(e.folder, "docker.sock")
}

// Removes whatever a run left that was killed.
func (e *theEngine) clear() {
	for _, kind := range []struct{ list, remove []string }{
		{[]string{"container", "ls", "--all", "--quiet"}, []string{"container", "rm", "--force", "--volumes"}},
		{[]string{"volume", "ls", "--quiet"}, []string{"volume", "rm"}},
	} {
		answer, _, _ := e.run(nil, nil, kind.list...)
		if found := strings.Fields(answer); len(found) > 0 {
			_, _, _ = e.run(nil, nil, append(kind.remove, found...)...)
		}
	}
	_, _, _ = e.run(nil, nil, "network", "prune", "--force")
}

func (e *theEngine) stop() {
	e.clear()
	_ = e.process.Process.Signal(syscall.SIGTERM)
	_ = e.process.Wait()
	_ = e.log.Close()
	// It leaves the network of this machine mounted there, once a container had it.
	mounted, _ := filepath.Glob(filepath.Join(e.folder, "run/netns/*"))
	for _, network := range mounted {
		_ = syscall.Unmount(network, 0)
	}
	_ = os.RemoveAll(e.folder)
}

// Runs the command line, in the project's folder. What it answers, and all that it printed. Debian's builds
// with the engine's BuildKit; others need a plugin for that.
func (e *theEngine) run(environment []string, input io.Reader, args ...string) (answer, printed string, err error) {
	var answered, all buffer
	command := exec.Command("/usr/bin/docker", args...)
	command.Dir = project
	command.Env = append(os.Environ(), "DOCKER_HOST="+e.address(), "DOCKER_BUILDKIT=1",
		"DOCKER_CONFIG="+filepath.Join(os.Getenv("IMAGE_TOOLS"), "docker"))
	command.Env = append(command.Env, environment...)
	command.Stdin, command.Stdout, command.Stderr = input, io.MultiWriter(&answered, &all), &all
	err = command.Run()
	return answered.String(), all.String(), err
}

// Takes what is written to it from two sides. It is no bytes.Buffer: that would be read into without the lock.
type buffer struct {
	mutex sync.Mutex
	text  []byte
}

func (b *buffer) Write(text []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.text = append(b.text, text...)
	return len(text), nil
}

func (b *buffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return string(b.text)
}

// Root's programs may not be on the PATH.
func program(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return filepath.Join("/usr/sbin", name)
}
