package chart

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
)

var ctx = context.Background()

// A release in a namespace of its own, in which the API server enforces the standard `restricted` for
// pods: one that may do more is not let in.
type release struct {
	*testing.T
	*testCluster
	set, namespace, full string
	clustered            bool
}

const name = "chat"

func TestReleases(t *testing.T) {
	cluster := startedCluster(t)
	cluster.defineMonitors(t)
	for _, set := range sets {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			r := &release{T: t, testCluster: cluster, set: set, namespace: set, full: "chat-starling"}
			r.clustered = set != "embedded" && set != "one-node-open"
			r.makeNamespace()
			r.isTakenOnTrial()
			r.isInstalled()
			r.isUpgradedAndRolledBack()
			r.isRemoved()
		})
	}
}

// The namespaces of the releases do refuse: a pod that runs as root stays out.
func TestANamespaceOfTheTestIsRestricted(t *testing.T) {
	r := &release{T: t, testCluster: startedCluster(t), namespace: "refusing"}
	r.makeNamespace()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "root"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "root", Image: "root"}}}}
	_, err := r.client.CoreV1().Pods(r.namespace).Create(ctx, pod, metav1.CreateOptions{})
	if err == nil || !strings.Contains(err.Error(), "violates PodSecurity") {
		t.Fatalf("a pod that runs as root: %v", err)
	}
}

func (c *testCluster) defineMonitors(t *testing.T) {
	files, err := filepath.Glob("crds/*.yaml")
	if err != nil || len(files) != 2 {
		t.Fatalf("definitions: %v %v", files, err)
	}
	for _, file := range files {
		for _, object := range documents(t, readText(t, file)) {
			if err := c.create(object, "", metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, func() string {
		resources, err := c.client.Discovery().ServerResourcesForGroupVersion("monitoring.coreos.com/v1")
		if err != nil || len(resources.APIResources) != 2 {
			return fmt.Sprint("the monitors are not served: ", err)
		}
		return ""
	})
	c.mapper.(meta.ResettableRESTMapper).Reset()
}

func documents(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

func (c *testCluster) create(object *unstructured.Unstructured, namespace string, options metav1.CreateOptions) error {
	kind := object.GroupVersionKind()
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	var resources dynamic.ResourceInterface = c.dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		resources = c.dynamic.Resource(mapping.Resource).Namespace(namespace)
	}
	_, err = resources.Create(ctx, object, options)
	return err
}

// With what an operator has there before: the account `default`, a Secret, a volume.
func (r *release) makeNamespace() {
	_, err := r.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name:   r.namespace,
		Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}, metav1.CreateOptions{})
	if err != nil {
		r.Fatal(err)
	}
	eventually(r.T, func() string {
		if _, err := r.client.CoreV1().ServiceAccounts(r.namespace).Get(ctx, "default", metav1.GetOptions{}); err != nil {
			return err.Error()
		}
		return ""
	})
	if r.set == "existing-secret" {
		_, err := r.client.CoreV1().Secrets(r.namespace).Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "chat-secrets"},
			StringData: map[string]string{
				"signing-keys.json": `[{"kid":"2026-11","secret":"hunter2-signs-0123456789abcdefghijklmnopqr0"}]`,
				"redis-password":    "hunter2-redis",
				"scylla-password":   "hunter2-scylla",
			},
		}, metav1.CreateOptions{})
		if err != nil {
			r.Fatal(err)
		}
	}
	if !r.clustered {
		class, mode := "", corev1.ReadWriteOnce
		if r.set == "one-node-open" {
			class, mode = "fast", corev1.ReadWriteOncePod
		}
		_, err := r.client.CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: "volume-" + r.namespace},
			Spec: corev1.PersistentVolumeSpec{
				Capacity:                      corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("20Gi")},
				AccessModes:                   []corev1.PersistentVolumeAccessMode{mode},
				StorageClassName:              class,
				PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
				PersistentVolumeSource:        corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/nonexistent"}},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			r.Fatal(err)
		}
	}
}

func (r *release) helm(args ...string) string {
	r.Helper()
	printed, err := tryHelm(append(args, "--namespace", r.namespace)...)
	// What the API server finds out of date, or wrong and still takes.
	if strings.Contains(printed, "warnings.go") {
		r.Errorf("helm %s: %s", strings.Join(args, " "), printed)
	}
	if err != nil {
		r.machines.mutex.Lock()
		waits := fmt.Sprint(r.machines.waits)
		r.machines.mutex.Unlock()
		r.Fatalf("helm %s: %v\n%s\npods wait for: %s", strings.Join(args, " "), err, printed, waits)
	}
	return printed
}

// The API server takes each object, and knows each of its fields. Helm's own trial agrees.
func (r *release) isTakenOnTrial() {
	rendered := r.helm("template", name, chartFolder, "--values", valuesOf(r.set), "--validate")
	objects := documents(r.T, rendered)
	if len(objects) < 4 {
		r.Fatalf("only %d objects", len(objects))
	}
	for _, object := range objects {
		options := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict}
		if err := r.create(object, r.namespace, options); err != nil {
			r.Errorf("%s %s: %v", object.GetKind(), object.GetName(), err)
		}
	}
	if r.Failed() {
		r.FailNow()
	}
	r.helm("install", name, chartFolder, "--values", valuesOf(r.set), "--dry-run=server")
	if left := r.objects(); len(left) != 0 {
		r.Fatalf("a trial made %v", left)
	}
}

func (r *release) isInstalled() {
	printed := r.helm("install", name, chartFolder, "--values", valuesOf(r.set), "--wait", "--timeout", "120s")
	kind := map[bool]string{true: "deployment", false: "statefulset"}[r.clustered]
	if !strings.Contains(printed, "rollout status "+kind+"/"+r.full) {
		r.Errorf("the notes don't say what to do next: %s", printed)
	}
	r.hasItsNodes()
	r.podsKeepToThemselves()
	r.probesFind()
	r.stopsInTime()
	r.servicesLeadToTheNodes()
	r.secretsStayInSecrets()
	r.migratedFirst()
	r.labelsAreThere()
	claims, err := r.client.CoreV1().PersistentVolumeClaims(r.namespace).List(ctx, metav1.ListOptions{})
	if err != nil || len(claims.Items) != map[bool]int{true: 0, false: 1}[r.clustered] {
		r.Errorf("%d volumes are claimed (%v)", len(claims.Items), err)
	}
	for _, claim := range claims.Items {
		if claim.Status.Phase != corev1.ClaimBound {
			r.Errorf("the claim is %s", claim.Status.Phase)
		}
	}
	if r.set == "everything" {
		r.hasEverything()
	}
	if r.set == "one-node-open" {
		policy, err := r.client.NetworkingV1().NetworkPolicies(r.namespace).Get(ctx, r.full, metav1.GetOptions{})
		if err != nil || len(policy.Spec.Egress) != 0 || len(policy.Spec.PolicyTypes) != 2 {
			r.Errorf("a single node may talk to others: %+v %v", policy, err)
		}
	}
}

func (r *release) wantedNodes() int {
	return map[string]int{"embedded": 1, "one-node-open": 1, "cluster": 3, "existing-secret": 2, "everything": 3}[r.set]
}

func (r *release) serverPods() []corev1.Pod {
	r.Helper()
	pods, err := r.client.CoreV1().Pods(r.namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=server"})
	if err != nil {
		r.Fatal(err)
	}
	return pods.Items
}

func (r *release) hasItsNodes() {
	eventually(r.T, func() string {
		ready := 0
		for _, pod := range r.serverPods() {
			if pod.DeletionTimestamp == nil && pod.Status.Phase == corev1.PodRunning {
				ready++
			}
		}
		if ready != r.wantedNodes() {
			return fmt.Sprintf("%d nodes run, not %d", ready, r.wantedNodes())
		}
		return ""
	})
	if r.set != "cluster" {
		return
	}
	on := map[string]bool{}
	for _, pod := range r.serverPods() {
		on[pod.Spec.NodeName] = true
	}
	if len(on) != 3 {
		r.Errorf("three nodes are on %v", slices.Collect(maps.Keys(on)))
	}
}

// Beyond `restricted`, which the namespace enforces.
func (r *release) podsKeepToThemselves() {
	for _, pod := range r.allPods() {
		spec := pod.Spec
		if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
			r.Errorf("%s mounts a token", pod.Name)
		}
		for _, volume := range spec.Volumes {
			if volume.Projected != nil {
				r.Errorf("%s has the volume %s", pod.Name, volume.Name)
			}
		}
		if spec.EnableServiceLinks == nil || *spec.EnableServiceLinks {
			r.Errorf("%s gets variables of Services", pod.Name)
		}
		user := int64(10001)
		if r.set == "one-node-open" {
			user = 20002
		}
		if spec.SecurityContext.RunAsUser == nil || *spec.SecurityContext.RunAsUser != user || *spec.SecurityContext.FSGroup != user {
			r.Errorf("%s runs as %v", pod.Name, spec.SecurityContext.RunAsUser)
		}
		for _, container := range append(spec.InitContainers, spec.Containers...) {
			if root := container.SecurityContext.ReadOnlyRootFilesystem; root == nil || !*root {
				r.Errorf("%s can write to its image", container.Name)
			}
			if container.Resources.Limits.Memory().IsZero() || container.Resources.Requests.Cpu().IsZero() {
				r.Errorf("%s has no bounds", container.Name)
			}
		}
	}
}

// The pods of the nodes, and those of the migration, which are gone.
func (r *release) allPods() []corev1.Pod {
	return append(r.serverPods(), r.ranJobs()...)
}

func (r *release) ranJobs() []corev1.Pod {
	r.machines.mutex.Lock()
	defer r.machines.mutex.Unlock()
	return slices.Clone(r.machines.ran[r.namespace])
}

func server(pod corev1.Pod) corev1.Container {
	return pod.Spec.Containers[0]
}

func (r *release) probesFind() {
	openapi := struct {
		Paths map[string]any `json:"paths"`
	}{}
	if err := json.Unmarshal([]byte(readText(r.T, "../../docs/openapi.json")), &openapi); err != nil {
		r.Fatal(err)
	}
	container := server(r.serverPods()[0])
	_, listens, _ := strings.Cut(variable(container, "STARLING_LISTEN"), ":")
	for what, probe := range map[string]*corev1.Probe{
		"/health/live startup": container.StartupProbe, "/health/live liveness": container.LivenessProbe, "/health/ready readiness": container.ReadinessProbe,
	} {
		if probe == nil || probe.HTTPGet == nil {
			r.Errorf("there is no probe: %s", what)
			continue
		}
		path, _, _ := strings.Cut(what, " ")
		if _, served := openapi.Paths[path]; probe.HTTPGet.Path != path || !served {
			r.Errorf("%s asks for %s", what, probe.HTTPGet.Path)
		}
		if port := namedPort(container, probe.HTTPGet.Port.StrVal); port != listens {
			r.Errorf("%s asks port %s, the server listens on %s", what, port, listens)
		}
	}
}

func variable(container corev1.Container, name string) string {
	for _, variable := range container.Env {
		if variable.Name == name {
			return variable.Value
		}
	}
	return ""
}

func namedPort(container corev1.Container, name string) string {
	for _, port := range container.Ports {
		if port.Name == name {
			return strconv.Itoa(int(port.ContainerPort))
		}
	}
	return "none"
}

// docs/operations.md: a stop takes at most `--drain-ms` and ten seconds.
func (r *release) stopsInTime() {
	pod := r.serverPods()[0]
	drain, err := strconv.ParseInt(variable(server(pod), "STARLING_DRAIN_MS"), 10, 64)
	if err != nil {
		r.Fatal(err)
	}
	sleeps := int64(0)
	if hook := server(pod).Lifecycle; hook != nil {
		sleeps = hook.PreStop.Sleep.Seconds
	}
	if (sleeps > 0) != r.clustered {
		r.Errorf("before it stops it sleeps for %d s", sleeps)
	}
	if least := sleeps + (drain+999)/1000 + 10; *pod.Spec.TerminationGracePeriodSeconds < least {
		r.Errorf("it is killed after %d s, and may take %d", *pod.Spec.TerminationGracePeriodSeconds, least)
	}
}

func (r *release) servicesLeadToTheNodes() {
	service, err := r.client.CoreV1().Services(r.namespace).Get(ctx, r.full, metav1.GetOptions{})
	if err != nil {
		r.Fatal(err)
	}
	if service.Spec.SessionAffinity != corev1.ServiceAffinityNone {
		r.Errorf("the Service is sticky: %s", service.Spec.SessionAffinity)
	}
	metrics, err := r.client.CoreV1().Services(r.namespace).Get(ctx, r.full+"-metrics", metav1.GetOptions{})
	if err != nil {
		r.Fatal(err)
	}
	// Nobody outside reaches a Service that has no address.
	if metrics.Spec.ClusterIP != corev1.ClusterIPNone {
		r.Errorf("the metrics are at %s", metrics.Spec.ClusterIP)
	}
	_, listens, _ := strings.Cut(variable(server(r.serverPods()[0]), "STARLING_METRICS_LISTEN"), ":")
	for port, service := range map[string]*corev1.Service{"8080": service, listens: metrics} {
		r.leadsToTheNodes(service, port)
	}
}

// Each node's port, and no other of its ports.
func (r *release) leadsToTheNodes(service *corev1.Service, port string) {
	r.selectsTheNodes(service.Name, service.Spec.Selector)
	eventually(r.T, func() string {
		slices, err := r.client.DiscoveryV1().EndpointSlices(r.namespace).List(ctx, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + service.Name})
		if err != nil {
			return err.Error()
		}
		ready := 0
		for _, slice := range slices.Items {
			for _, endpoint := range slice.Endpoints {
				if endpoint.Conditions.Ready != nil && *endpoint.Conditions.Ready && len(slice.Ports) == 1 && strconv.Itoa(int(*slice.Ports[0].Port)) == port {
					ready++
				}
			}
		}
		if ready != r.wantedNodes() {
			return fmt.Sprintf("%s has %d endpoints with port %s, not %d", service.Name, ready, port, r.wantedNodes())
		}
		return ""
	})
}

// Exactly the nodes: no pod of the migration, nothing of another release.
func (r *release) selectsTheNodes(who string, selector map[string]string) {
	chosen := labels.SelectorFromSet(selector)
	for _, pod := range r.allPods() {
		if serves := pod.Labels["app.kubernetes.io/component"] == "server"; chosen.Matches(labels.Set(pod.Labels)) != serves {
			r.Errorf("%s chooses by %v, and the pod %s has %v", who, selector, pod.Name, pod.Labels)
		}
	}
	other := maps.Clone(r.serverPods()[0].Labels)
	other["app.kubernetes.io/instance"] = "another"
	if chosen.Matches(labels.Set(other)) {
		r.Errorf("%s chooses nodes of another release", who)
	}
}

// All passwords and keys of these values have one word in them. Nothing but a Secret says it, be it
// plainly or as the Secret writes it.
func (r *release) secretsStayInSecrets() {
	const word = "hunter2"
	everything := append(r.objects(), r.everyConfigMap()...)
	for _, pod := range r.ranJobs() {
		everything = append(everything, mustUnstructured(r.T, pod))
	}
	secrets, err := r.client.CoreV1().Secrets(r.namespace).List(ctx, metav1.ListOptions{FieldSelector: "type=Opaque"})
	if err != nil {
		r.Fatal(err)
	}
	told := []string{word}
	for _, secret := range secrets.Items {
		for key, value := range secret.Data {
			if !bytes.Contains(value, []byte(word)) {
				r.Errorf("%s of the Secret %s is not of these values", key, secret.Name)
			}
			told = append(told, base64.StdEncoding.EncodeToString(value))
		}
	}
	if len(secrets.Items) != map[bool]int{true: 0, false: 1}[r.set == "embedded"] {
		r.Errorf("there are %d Secrets", len(secrets.Items))
	}
	for _, object := range everything {
		text, err := object.MarshalJSON()
		if err != nil {
			r.Fatal(err)
		}
		for _, secret := range told {
			if object.GetKind() != "Secret" && bytes.Contains(text, []byte(secret)) {
				r.Errorf("%s %s tells a secret", object.GetKind(), object.GetName())
			}
		}
	}
}

func mustUnstructured(t *testing.T, pod corev1.Pod) *unstructured.Unstructured {
	text, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal(text, &object.Object); err != nil {
		t.Fatal(err)
	}
	object.SetKind("Pod")
	return object
}

// Every object in the namespace that has the release's label, whoever made it.
func (r *release) objects() []*unstructured.Unstructured {
	return r.list("app.kubernetes.io/instance=" + name)
}

func (r *release) everyConfigMap() []*unstructured.Unstructured {
	return slices.DeleteFunc(r.list(""), func(object *unstructured.Unstructured) bool { return object.GetKind() != "ConfigMap" })
}

func (r *release) list(selector string) []*unstructured.Unstructured {
	r.Helper()
	lists, err := discovery.ServerPreferredNamespacedResources(r.client.Discovery())
	if err != nil {
		r.Fatal(err)
	}
	var found []*unstructured.Unstructured
	for _, list := range lists {
		group, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			r.Fatal(err)
		}
		for _, kind := range list.APIResources {
			if !slices.Contains(kind.Verbs, "list") || !slices.Contains(kind.Verbs, "watch") || kind.Name == "events" || kind.Name == "endpoints" {
				continue
			}
			objects, err := r.dynamic.Resource(group.WithResource(kind.Name)).Namespace(r.namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
			if err != nil {
				r.Fatal(err)
			}
			for _, object := range objects.Items {
				found = append(found, &object)
			}
		}
	}
	return found
}

// Before the first node there was a Job with the migration's task, and how ScyllaDB is reached; what was
// made for it is gone.
func (r *release) migratedFirst() {
	jobs := r.ranJobs()
	if (len(jobs) == 1) != r.clustered {
		r.Fatalf("%d migrations ran", len(jobs))
	}
	for _, object := range r.list("") {
		if strings.HasPrefix(object.GetName(), r.full+"-migrate") {
			r.Errorf("%s %s is left", object.GetKind(), object.GetName())
		}
	}
	if !r.clustered {
		return
	}
	job, pod := jobs[0], r.serverPods()[0]
	if !slices.Equal(server(job).Command, []string{"starling", "migrate"}) || server(job).Image != server(pod).Image {
		r.Errorf("the migration runs %v of %s", server(job).Command, server(job).Image)
	}
	for _, wanted := range server(pod).Env {
		if strings.HasPrefix(wanted.Name, "STARLING_SCYLLA_") && variable(server(job), wanted.Name) != wanted.Value {
			r.Errorf("the migration has %s=%q, the nodes %q", wanted.Name, variable(server(job), wanted.Name), wanted.Value)
		}
	}
	if !job.CreationTimestamp.Time.Before(pod.CreationTimestamp.Add(1)) {
		r.Errorf("the first node came before the migration")
	}
}

func (r *release) labelsAreThere() {
	for _, object := range r.objects() {
		if object.GetLabels()["app.kubernetes.io/managed-by"] != "Helm" && len(object.GetOwnerReferences()) == 0 {
			r.Errorf("%s %s belongs to nobody: %v", object.GetKind(), object.GetName(), object.GetLabels())
		}
	}
}

func (r *release) hasEverything() {
	eventually(r.T, func() string {
		budget, err := r.client.PolicyV1().PodDisruptionBudgets(r.namespace).Get(ctx, r.full, metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if status := budget.Status; status.ExpectedPods != 3 || status.DisruptionsAllowed != 1 {
			return fmt.Sprintf("the budget counts %+v", status)
		}
		return ""
	})
	scaler, err := r.client.AutoscalingV2().HorizontalPodAutoscalers(r.namespace).Get(ctx, r.full, metav1.GetOptions{})
	if err != nil || len(scaler.Spec.Metrics) != 2 || scaler.Spec.Metrics[1].Pods.Metric.Name != "starling_connections" {
		r.Errorf("the autoscaler looks at %+v (%v)", scaler.Spec.Metrics, err)
	}

	ingress, err := r.client.NetworkingV1().Ingresses(r.namespace).Get(ctx, r.full, metav1.GetOptions{})
	if err != nil {
		r.Fatal(err)
	}
	for _, wanted := range []string{"proxy-read-timeout", "proxy-send-timeout"} {
		// More than the 65 seconds after which the server ends a silent socket.
		if seconds, err := strconv.Atoi(ingress.Annotations["nginx.ingress.kubernetes.io/"+wanted]); err != nil || seconds <= 65 {
			r.Errorf("%s is %d (%v)", wanted, seconds, err)
		}
	}
	if _, sticky := ingress.Annotations["nginx.ingress.kubernetes.io/affinity"]; sticky {
		r.Errorf("the Ingress is sticky")
	}
	if ingress.Annotations["cert-manager.io/cluster-issuer"] != "letsencrypt" {
		r.Errorf("the operator's annotations are lost")
	}
	if tls := ingress.Spec.TLS; len(tls) != 1 || !slices.Equal(tls[0].Hosts, []string{"chat.example.org", "talk.example.org"}) || tls[0].SecretName != r.full+"-tls" {
		r.Errorf("TLS: %+v", tls)
	}
	for _, rule := range ingress.Spec.Rules {
		if paths := rule.HTTP.Paths; len(paths) != 1 || paths[0].Path != "/" || paths[0].Backend.Service.Name != r.full {
			r.Errorf("%s leads to %+v", rule.Host, paths)
		}
	}

	policy, err := r.client.NetworkingV1().NetworkPolicies(r.namespace).Get(ctx, r.full, metav1.GetOptions{})
	if err != nil {
		r.Fatal(err)
	}
	policySelector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
	if err != nil {
		r.Fatal(err)
	}
	for _, pod := range r.allPods() {
		if !policySelector.Matches(labels.Set(pod.Labels)) {
			r.Errorf("the policy does not hold for %s", pod.Name)
		}
	}
	var out []int
	for _, port := range policy.Spec.Egress[1].Ports {
		out = append(out, port.Port.IntValue())
	}
	if slices.Sort(out); !slices.Equal(out, []int{7000, 7001, 7002, 9142}) || len(policy.Spec.Egress[1].To) != 1 {
		r.Errorf("nodes may talk to %v of %v", out, policy.Spec.Egress[1].To)
	}
	in := map[int]string{}
	for _, rule := range policy.Spec.Ingress {
		if len(rule.Ports) != 1 || len(rule.From) != 1 {
			r.Fatalf("who may connect: %+v", policy.Spec.Ingress)
		}
		in[rule.Ports[0].Port.IntValue()] = rule.From[0].NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]
	}
	if !maps.Equal(in, map[int]string{8080: "ingress-nginx", 9090: "monitoring"}) {
		r.Errorf("who may connect: %v", in)
	}

	monitor := r.monitoring("servicemonitors")
	chosen, _, err := unstructured.NestedStringMap(monitor.Object, "spec", "selector", "matchLabels")
	if err != nil {
		r.Fatal(err)
	}
	services, err := r.client.CoreV1().Services(r.namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.SelectorFromSet(chosen).String()})
	if err != nil || len(services.Items) != 1 || services.Items[0].Name != r.full+"-metrics" {
		r.Fatalf("the monitor chooses %v (%v)", services, err)
	}
	endpoints, _, _ := unstructured.NestedSlice(monitor.Object, "spec", "endpoints")
	if endpoint := endpoints[0].(map[string]any); endpoint["port"] != services.Items[0].Spec.Ports[0].Name || endpoint["path"] != "/metrics" {
		r.Errorf("the monitor reads %v", endpoint)
	}
	groups, _, _ := unstructured.NestedSlice(r.monitoring("prometheusrules").Object, "spec", "groups")
	if len(groups) == 0 || len(groups[0].(map[string]any)["rules"].([]any)) < 5 {
		r.Errorf("there are no alerts: %v", groups)
	}
	dashboards, err := r.client.CoreV1().ConfigMaps(r.namespace).Get(ctx, r.full+"-dashboards", metav1.GetOptions{})
	if err != nil || dashboards.Labels["grafana_dashboard"] != "1" || len(dashboards.Data) == 0 {
		r.Fatalf("there is no dashboard: %v", err)
	}
	for file, text := range dashboards.Data {
		if written := readText(r.T, chartFolder+"/dashboards/"+file); text != written {
			r.Errorf("%s is not what is in the chart", file)
		}
	}
}

func (r *release) monitoring(kind string) *unstructured.Unstructured {
	r.Helper()
	object, err := r.dynamic.Resource(schema.GroupVersionResource{Group: "monitoring.coreos.com", Version: "v1", Resource: kind}).Namespace(r.namespace).Get(ctx, r.full, metav1.GetOptions{})
	if err != nil {
		r.Fatal(err)
	}
	if object.GetLabels()["release"] != "prometheus" {
		r.Errorf("%s has not the label that Prometheus looks for", kind)
	}
	return object
}

func (r *release) isUpgradedAndRolledBack() {
	before := r.sessionDays()
	pods := r.podUIDs()
	jobs := len(r.ranJobs())
	r.helm("upgrade", name, chartFolder, "--values", valuesOf(r.set), "--set", "config.sessionDays=11", "--wait", "--timeout", "120s")
	r.settled()
	if days := r.sessionDays(); days != "11" {
		r.Errorf("after the upgrade sessions last %s days", days)
	}
	if after := r.podUIDs(); !disjoint(pods, after) {
		r.Errorf("nodes were not replaced: %v, %v", pods, after)
	}
	if r.clustered && len(r.ranJobs()) != jobs+1 {
		r.Errorf("%d migrations ran for an install and an upgrade", len(r.ranJobs()))
	}
	r.helm("rollback", name, "1", "--wait", "--timeout", "120s")
	r.settled()
	if days := r.sessionDays(); days != before {
		r.Errorf("after the way back sessions last %s days, not %s", days, before)
	}
}

func (r *release) podUIDs() []string {
	var uids []string
	for _, pod := range r.serverPods() {
		if pod.DeletionTimestamp == nil {
			uids = append(uids, string(pod.UID))
		}
	}
	return uids
}

func disjoint(a, b []string) bool {
	return !slices.ContainsFunc(a, func(one string) bool { return slices.Contains(b, one) })
}

// Pods of the state before are gone, and as many nodes are there as at first.
func (r *release) settled() {
	r.Helper()
	eventually(r.T, func() string {
		pods := r.serverPods()
		for _, pod := range pods {
			if pod.DeletionTimestamp != nil || variable(server(pod), "STARLING_SESSION_DAYS") != r.sessionDays() {
				return pod.Name + " is of the state before"
			}
		}
		if len(pods) != r.wantedNodes() {
			return fmt.Sprintf("%d nodes, not %d", len(pods), r.wantedNodes())
		}
		return ""
	})
}

// As the Deployment or the StatefulSet has it.
func (r *release) sessionDays() string {
	r.Helper()
	return variable(r.podTemplate().Spec.Containers[0], "STARLING_SESSION_DAYS")
}

func (r *release) podTemplate() corev1.PodTemplateSpec {
	r.Helper()
	var err error
	if r.clustered {
		var deployment *appsv1.Deployment
		if deployment, err = r.client.AppsV1().Deployments(r.namespace).Get(ctx, r.full, metav1.GetOptions{}); err == nil {
			return deployment.Spec.Template
		}
	} else {
		var set *appsv1.StatefulSet
		if set, err = r.client.AppsV1().StatefulSets(r.namespace).Get(ctx, r.full, metav1.GetOptions{}); err == nil {
			return set.Spec.Template
		}
	}
	r.Fatal(err)
	return corev1.PodTemplateSpec{}
}

// Nothing is left but a volume that is to be kept, and that is taken up again.
func (r *release) isRemoved() {
	r.helm("uninstall", name, "--wait", "--timeout", "60s")
	kept := r.set == "embedded"
	eventually(r.T, func() string {
		var left []string
		for _, object := range r.objects() {
			if object.GetKind() != "PersistentVolumeClaim" || !kept {
				left = append(left, object.GetKind()+" "+object.GetName())
			}
		}
		return strings.Join(left, ", ")
	})
	if !kept {
		return
	}
	claims := r.client.CoreV1().PersistentVolumeClaims(r.namespace)
	before, err := claims.Get(ctx, r.full+"-data", metav1.GetOptions{})
	if err != nil {
		r.Fatalf("the volume is gone: %v", err)
	}
	r.helm("install", name, chartFolder, "--values", valuesOf(r.set), "--wait", "--timeout", "120s")
	after, err := claims.Get(ctx, r.full+"-data", metav1.GetOptions{})
	if err != nil || after.UID != before.UID {
		r.Errorf("another volume was claimed: %v", err)
	}
	r.helm("uninstall", name, "--wait", "--timeout", "60s")
	if _, err := claims.Get(ctx, r.full+"-data", metav1.GetOptions{}); apierrors.IsNotFound(err) {
		r.Errorf("the volume is gone after the second time")
	}
}
