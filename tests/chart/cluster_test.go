package chart

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// A cluster of this test alone, on free ports of this machine: a real etcd, API server, controllers and
// scheduler. Its nodes are played (machines.go): nothing of an image runs.
type testCluster struct {
	folder    string
	processes []*exec.Cmd
	config    *rest.Config
	client    *kubernetes.Clientset
	dynamic   *dynamic.DynamicClient
	mapper    meta.RESTMapper
	machines  *machines
}

const adminToken = "admin-of-this-test"

var (
	clusterOnce sync.Once
	theCluster  *testCluster
	clusterErr  error
)

// The cluster, started by the first test that wants it.
func startedCluster(t *testing.T) *testCluster {
	t.Helper()
	clusterOnce.Do(func() {
		theCluster = &testCluster{}
		clusterErr = theCluster.start()
	})
	if clusterErr != nil {
		t.Fatal(clusterErr)
	}
	return theCluster
}

func kubeconfig() string {
	if theCluster == nil {
		return "/nonexistent"
	}
	return filepath.Join(theCluster.folder, "kubeconfig")
}

func stopCluster() {
	if theCluster == nil {
		return
	}
	if theCluster.machines != nil {
		theCluster.machines.stop()
	}
	for i := len(theCluster.processes) - 1; i >= 0; i-- {
		process := theCluster.processes[i]
		_ = process.Process.Kill()
		_ = process.Wait()
	}
	_ = os.RemoveAll(theCluster.folder)
}

func (c *testCluster) start() error {
	folder, err := os.MkdirTemp("", "starling-chart-")
	if err != nil {
		return err
	}
	c.folder = folder
	store, peers, secure, err := threePorts()
	if err != nil {
		return err
	}
	storeURL := fmt.Sprintf("http://127.0.0.1:%d", store)
	peersURL := fmt.Sprintf("http://127.0.0.1:%d", peers)
	accounts, err := c.write("service-accounts.pem", newKey)
	if err != nil {
		return err
	}
	tokens, err := c.write("tokens.csv", func() ([]byte, error) {
		return []byte(adminToken + ",admin,admin,system:masters\n"), nil
	})
	if err != nil {
		return err
	}
	server := fmt.Sprintf("https://127.0.0.1:%d", secure)
	if err := c.writeKubeconfig(server); err != nil {
		return err
	}

	err = c.run("etcd", "--data-dir", filepath.Join(folder, "etcd"), "--log-level", "error", "--unsafe-no-fsync",
		"--listen-client-urls", storeURL, "--advertise-client-urls", storeURL,
		"--listen-peer-urls", peersURL, "--initial-advertise-peer-urls", peersURL,
		"--initial-cluster", "default="+peersURL)
	if err != nil {
		return err
	}
	err = c.run("apiserver", "--etcd-servers", storeURL, "--bind-address", "127.0.0.1", "--secure-port", fmt.Sprint(secure),
		"--cert-dir", filepath.Join(folder, "certificates"), "--token-auth-file", tokens, "--authorization-mode", "RBAC",
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", accounts,
		"--service-account-signing-key-file", accounts, "--service-cluster-ip-range", "10.96.0.0/16")
	if err != nil {
		return err
	}
	c.config, err = clientcmd.BuildConfigFromFlags("", kubeconfig())
	if err != nil {
		return err
	}
	c.config.QPS, c.config.Burst = 500, 500
	c.client = kubernetes.NewForConfigOrDie(c.config)
	c.dynamic = dynamic.NewForConfigOrDie(c.config)
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(c.client.Discovery()))
	if err := c.waitUntilReady(); err != nil {
		return err
	}
	// Nobody sends heartbeats for the machines, so they may be silent for long.
	err = c.run("controllers", "--kubeconfig", kubeconfig(), "--leader-elect=false", "--secure-port", "0",
		"--service-account-private-key-file", accounts, "--node-monitor-grace-period", "10h")
	if err != nil {
		return err
	}
	if err := c.run("scheduler", "--kubeconfig", kubeconfig(), "--leader-elect=false", "--secure-port", "0"); err != nil {
		return err
	}
	c.machines, err = startMachines(c.client, 3)
	return err
}

func (c *testCluster) waitUntilReady() error {
	end := time.Now().Add(2 * time.Minute)
	for {
		_, err := c.client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(context.Background())
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the API server does not get ready: %w; see %s", err, c.log("apiserver"))
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func (c *testCluster) log(part string) string {
	text, _ := os.ReadFile(filepath.Join(c.folder, part+".log"))
	return string(text[max(0, len(text)-3000):])
}

// Starts one part. It ends with this process, however that ends.
func (c *testCluster) run(part string, args ...string) error {
	log, err := os.Create(filepath.Join(c.folder, part+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(os.Getenv("CHART_CONTROLPLANE"), append([]string{part}, args...)...)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return err
	}
	c.processes = append(c.processes, command)
	return nil
}

func (c *testCluster) write(name string, content func() ([]byte, error)) (string, error) {
	path := filepath.Join(c.folder, name)
	text, err := content()
	if err != nil {
		return "", err
	}
	return path, os.WriteFile(path, text, 0o600)
}

func (c *testCluster) writeKubeconfig(server string) error {
	config := clientcmdapi.NewConfig()
	// The certificate is made anew by each start; nobody else is on this loopback port.
	config.Clusters["test"] = &clientcmdapi.Cluster{Server: server, InsecureSkipTLSVerify: true}
	config.AuthInfos["admin"] = &clientcmdapi.AuthInfo{Token: adminToken}
	config.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "admin"}
	config.CurrentContext = "test"
	return clientcmd.WriteToFile(*config, filepath.Join(c.folder, "kubeconfig"))
}

func newKey() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), nil
}

// Three ports that are free now, all different.
func threePorts() (int, int, int, error) {
	var ports [3]int
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, 0, 0, err
		}
		defer listener.Close()
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports[0], ports[1], ports[2], nil
}
