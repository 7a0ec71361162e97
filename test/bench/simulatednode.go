package main

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// nodeImages is how many images a kubelet reports of its node by default.
const nodeImages = 50

// images returns the images of each node.
var images = sync.OnceValue(func() []corev1.ContainerImage {
	var all []corev1.ContainerImage
	for i := range nodeImages {
		name := fmt.Sprintf("registry.example.com/platform/component-%02d", i)
		all = append(all, corev1.ContainerImage{
			Names: []string{fmt.Sprintf("%s@sha256:%s%02d", name, strings.Repeat("0", 62), i), name + ":v1.0.0"}, SizeBytes: int64(i+1) << 20,
		})
	}
	return all
})

// simulatedNode returns the node with this index, as it joins. It is as large as a real
// one: most of a Node is the list of its images.
func simulatedNode(index int) *corev1.Node {
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%04d", index), Labels: map[string]string{labelTenth: strconv.Itoa(index % 10)}},
		Status:     corev1.NodeStatus{Images: images()},
	}
	for _, size := range groupSizes {
		node.Labels[labelGroup(size)] = strconv.Itoa(index / size)
	}
	return node
}

// labelGroup returns the label that has one value for each group of so many nodes.
func labelGroup(size int) string { return fmt.Sprintf("bench/group-of-%d", size) }
