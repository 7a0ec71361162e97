package job

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/internal/daemonset"
	wrappers "github.com/darkowlzz/daemonset-job/internal/testing"
)

func TestApplyConfiguration(t *testing.T) {
	g := NewWithT(t)
	desired, err := daemonset.Desired(wrappers.Job("ns", "j").UID("u").MountPath("/tmp").Obj(), "h1", daemonset.Pause{Image: "pause:v1"})
	g.Expect(err).NotTo(HaveOccurred())
	config, err := applyConfiguration(desired)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(config.Status).To(BeNil())
	g.Expect(*config.Name).To(Equal("j-daemonset-job"))
	g.Expect(config.Spec.Template.Spec.Containers).To(HaveLen(1))
}
