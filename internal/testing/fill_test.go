package testing

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
)

func TestFillIsReproducible(t *testing.T) {
	g := NewWithT(t)
	pods := [3]corev1.Pod{}
	for i, data := range []string{"some bytes", "some bytes", "others"} {
		Fill([]byte(data), &pods[i])
	}
	g.Expect(pods[0]).To(Equal(pods[1]))
	g.Expect(pods[0]).NotTo(Equal(pods[2]))
}
