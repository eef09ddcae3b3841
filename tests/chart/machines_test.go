package chart

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Plays the machines of the cluster: a pod that was scheduled to one runs and is ready at once, and
// one of a Job has done its work. Like a kubelet, it starts no pod whose Secrets, ConfigMaps, keys of
// those, or volumes are missing; that is why it is not left to a tool that looks at nothing.
type machines struct {
	client *kubernetes.Clientset
	done   chan struct{}
	ended  sync.WaitGroup

	mutex sync.Mutex
	// Pods of Jobs that ran, by namespace: Helm removes them when they have succeeded.
	ran map[string][]corev1.Pod
	// Why a pod was not started, by namespace and name.
	waits map[string]string
	pods  int
}

func startMachines(client *kubernetes.Clientset, number int) (*machines, error) {
	capacity := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("16"),
		corev1.ResourceMemory: resource.MustParse("64Gi"),
		corev1.ResourcePods:   resource.MustParse("110"),
	}
	for i := range number {
		name := fmt.Sprintf("machine-%d", i)
		node, err := client.CoreV1().Nodes().Create(context.Background(), &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
				corev1.LabelHostname:     name,
				corev1.LabelTopologyZone: fmt.Sprintf("zone-%d", i),
				corev1.LabelOSStable:     "linux",
				corev1.LabelArchStable:   "amd64",
			}},
		}, metav1.CreateOptions{})
		if err != nil {
			return nil, err
		}
		node.Status = corev1.NodeStatus{Capacity: capacity, Allocatable: capacity, Conditions: []corev1.NodeCondition{
			{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastHeartbeatTime: metav1.Now(), LastTransitionTime: metav1.Now()},
		}}
		if _, err := client.CoreV1().Nodes().UpdateStatus(context.Background(), node, metav1.UpdateOptions{}); err != nil {
			return nil, err
		}
	}
	m := &machines{client: client, done: make(chan struct{}), ran: map[string][]corev1.Pod{}, waits: map[string]string{}}
	m.ended.Add(1)
	go m.play()
	return m, nil
}

func (m *machines) stop() {
	close(m.done)
	m.ended.Wait()
}

func (m *machines) play() {
	defer m.ended.Done()
	for {
		select {
		case <-m.done:
			return
		case <-time.After(100 * time.Millisecond):
		}
		pods, err := m.client.CoreV1().Pods("").List(context.Background(), metav1.ListOptions{})
		if err != nil {
			continue
		}
		for _, pod := range pods.Items {
			if pod.Spec.NodeName == "" {
				continue
			}
			if pod.DeletionTimestamp != nil {
				now := int64(0)
				_ = m.client.CoreV1().Pods(pod.Namespace).Delete(context.Background(), pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
			} else if pod.Status.Phase == corev1.PodPending {
				m.startPod(pod)
			}
		}
	}
}

func (m *machines) startPod(pod corev1.Pod) {
	if missing := m.missing(pod); missing != "" {
		m.mutex.Lock()
		m.waits[pod.Namespace+"/"+pod.Name] = missing
		m.mutex.Unlock()
		return
	}
	now := metav1.Now()
	ofJob := len(pod.OwnerReferences) > 0 && pod.OwnerReferences[0].Kind == "Job"
	state := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}}
	pod.Status.Phase = corev1.PodRunning
	if ofJob {
		state = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed", StartedAt: now, FinishedAt: now}}
		pod.Status.Phase = corev1.PodSucceeded
	}
	ready := corev1.ConditionTrue
	if ofJob {
		ready = corev1.ConditionFalse
	}
	pod.Status.Conditions = append(pod.Status.Conditions,
		corev1.PodCondition{Type: corev1.PodInitialized, Status: corev1.ConditionTrue, LastTransitionTime: now},
		corev1.PodCondition{Type: corev1.ContainersReady, Status: ready, LastTransitionTime: now},
		corev1.PodCondition{Type: corev1.PodReady, Status: ready, LastTransitionTime: now})
	pod.Status.StartTime = &now
	m.mutex.Lock()
	m.pods++
	pod.Status.PodIP = fmt.Sprintf("10.244.%d.%d", m.pods/250, m.pods%250+1)
	m.mutex.Unlock()
	pod.Status.PodIPs = []corev1.PodIP{{IP: pod.Status.PodIP}}
	for _, container := range pod.Spec.Containers {
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses,
			corev1.ContainerStatus{Name: container.Name, Image: container.Image, Ready: !ofJob, State: state})
	}
	if _, err := m.client.CoreV1().Pods(pod.Namespace).UpdateStatus(context.Background(), &pod, metav1.UpdateOptions{}); err != nil {
		return
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.waits, pod.Namespace+"/"+pod.Name)
	if ofJob {
		m.ran[pod.Namespace] = append(m.ran[pod.Namespace], pod)
	}
}

// What a kubelet would wait for before it starts the pod.
func (m *machines) missing(pod corev1.Pod) string {
	for _, volume := range pod.Spec.Volumes {
		switch {
		case volume.Secret != nil:
			for _, item := range volume.Secret.Items {
				if missing := m.missingInSecret(pod.Namespace, volume.Secret.SecretName, item.Key); missing != "" {
					return missing
				}
			}
		case volume.ConfigMap != nil:
			if _, err := m.client.CoreV1().ConfigMaps(pod.Namespace).Get(context.Background(), volume.ConfigMap.Name, metav1.GetOptions{}); err != nil {
				return err.Error()
			}
		case volume.PersistentVolumeClaim != nil:
			claim, err := m.client.CoreV1().PersistentVolumeClaims(pod.Namespace).Get(context.Background(), volume.PersistentVolumeClaim.ClaimName, metav1.GetOptions{})
			if err != nil {
				return err.Error()
			}
			if claim.Status.Phase != corev1.ClaimBound {
				return claim.Name + " is not bound"
			}
		case volume.EmptyDir == nil:
			return "the volume " + volume.Name + " is of a kind that is not known here"
		}
	}
	for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
		for _, variable := range container.Env {
			if variable.ValueFrom == nil {
				continue
			}
			key := variable.ValueFrom.SecretKeyRef
			if key == nil {
				return "the variable " + variable.Name + " comes from where nothing is known here"
			}
			if missing := m.missingInSecret(pod.Namespace, key.Name, key.Key); missing != "" {
				return missing
			}
		}
	}
	return ""
}

func (m *machines) missingInSecret(namespace, name, key string) string {
	secret, err := m.client.CoreV1().Secrets(namespace).Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		return err.Error()
	}
	if len(secret.Data[key]) == 0 {
		return fmt.Sprintf("the Secret %s has no %s", name, key)
	}
	return ""
}
