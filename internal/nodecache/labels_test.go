package nodecache

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func TestLabels(t *testing.T) {
	g, set := NewWithT(t), map[string]string{"zone": "a", "pool": "", "cores": "8", "kubernetes.io/os": "linux"}
	kept := Of(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: set}}).Labels()
	for _, key := range []string{"zone", "pool", "cores", "kubernetes.io/os", "", "a", "poo", "zonee"} {
		value, exists := set[key]
		g.Expect(kept.Has(key)).To(Equal(exists), key)
		g.Expect(kept.Get(key)).To(Equal(value), key)
	}
	for _, text := range []string{"zone=a", "zone=b", "pool", "!pool", "!arch", "cores>4", "cores>8", "zone in (b,a),kubernetes.io/os!=windows"} {
		selector, err := labels.Parse(text)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(selector.Matches(kept)).To(Equal(selector.Matches(labels.Set(set))), text)
	}
	g.Expect(labels.Everything().Matches(Of(&corev1.Node{}).Labels())).To(BeTrue())
}
