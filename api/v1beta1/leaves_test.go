package v1beta1_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
	"github.com/darkowlzz/daemonset-job/internal/jobcache"
)

var (
	numbers = []any{int64(-1), int64(0), int64(1) << 31, int64(3000000000), int64(-3000000000), int64(math.MaxInt64), int64(math.MinInt64),
		1e19, -1e19, 1e300, 0.5, 1e-7}
	quantities = []any{"", "1.5", ".5", "5.", "-1", "+1m", "1e3", "1E+99", "1e1.5", "1e1000000000", "1e.5", "1e", "1e100000", "1e99999999999999999999", "9Ei", "9999999Ei",
		"0.000000000000000001Ki", strings.Repeat("9", 19), strings.Repeat("9", 40), "0." + strings.Repeat("1", 40), "1 ", "1\n", "0x1", "Ki"}
	times = []any{"", "2026-01-02T03:04:05.123456789+05:30", "2026-01-02t03:04:05z", "2026-01-02T03:04:05", "2026-01-02", "2026-01-02 03:04:05Z",
		"2026-02-30T03:04:05Z", "2026-01-02T24:00:00Z", "2026-01-02T03:04:60Z", "10000-01-02T03:04:05Z", "0000-01-01T00:00:00Z", "2026-01-02T03:04:05,5Z",
		"2026-01-02T03:04:05.Z", "2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+0000", "2026-01-02T3:04:05Z", "2026-01-02T03:04Z"}
	others = []any{nil, true, "word"}
)

// extremes returns values of a leaf that a schema may accept and Go may not decode.
func extremes(s *schema) []any {
	switch {
	case s.XIntOrString:
		return append(append(append([]any{}, numbers...), quantities...), others...)
	case s.Type == "integer", s.Type == "number":
		return append(append([]any{}, numbers...), others...)
	case s.Format == "date-time":
		return append(append([]any{}, times...), others...)
	}
	return []any{int64(1), strings.Repeat("é", 300)}
}

// ruled are values of leaves for which rules of the CRD leave no ordinary one.
var ruled = map[string]any{
	"spec.mountPath":                                     "/tmp",
	"spec.template.spec.restartPolicy":                   "Always",
	"spec.template.spec.initContainers.[].restartPolicy": "Always",
}

// refused are leaves that no Job may have.
var refused = regexp.MustCompile(`^spec\.template\.(metadata\.finalizers|spec\.(activeDeadlineSeconds|containers\.\[\]\.restartPolicy|initContainers\.\[\]\.restartPolicyRules))`)

// A Job that the API server accepts and Go cannot decode reaches no controller.
var _ = Describe("each leaf of the CRD's schema", func() {
	It("takes no value that Go cannot decode", func() {
		root, stored := crdSchema(), manifest("leaves", short)
		Expect(k8s.Create(context.Background(), stored)).To(Succeed())
		DeferCleanup(func() { Expect(k8s.Delete(context.Background(), stored)).To(Succeed()) })
		group, wrong := errgroup.Group{}, make(chan string, 10000)
		group.SetLimit(8)
		leaves := 0
		visit(root, nil, func(path []string, s *schema) {
			if !isScalar(s) || len(path) < 2 {
				return
			}
			leaves++
			group.Go(func() error {
				defer GinkgoRecover()
				tryLeaf(stored, root, path, s, wrong)
				return nil
			})
		})
		Expect(group.Wait()).To(Succeed())
		close(wrong)
		var all []string
		for text := range wrong {
			all = append(all, text)
		}
		Expect(leaves).To(BeNumerically(">", 800))
		if len(all) > 0 {
			Fail(strings.Join(all, "\n"))
		}
	})
})

// tryLeaf offers values for one leaf to the API server, and decodes what it accepts.
// It reports each value that Go cannot decode, and an ordinary one that is refused.
func tryLeaf(stored *unstructured.Unstructured, root *schema, path []string, s *schema, wrong chan<- string) {
	name := strings.Join(path, ".")
	plain, ok := ruled[name]
	if !ok {
		plain = ordinary(s)
	}
	if err := try(stored, root, path, plain); (err != nil) != refused.MatchString(name) {
		wrong <- fmt.Sprintf("%s: the ordinary value %v: %v", name, plain, err)
	}
	for _, extreme := range extremes(s) {
		if err := try(stored, root, path, extreme); err != nil && !apierrors.IsInvalid(err) {
			wrong <- fmt.Sprintf("%s: %T %.60s: %v", name, extreme, fmt.Sprint(extreme), err)
		}
	}
}

// try sends a Job that has v at the path to the API server, and decodes the answer.
func try(stored *unstructured.Unstructured, root *schema, path []string, v any) error {
	job := stored.DeepCopy()
	part := around(child(root, path[0]), path[1:], v)
	var err error
	if path[0] == "status" {
		job.Object["status"] = part
		err = k8s.Status().Update(context.Background(), job, client.DryRunAll)
	} else {
		job = &unstructured.Unstructured{Object: map[string]any{"spec": part}}
		job.SetGroupVersionKind(v1beta1.GroupVersion.WithKind("Job"))
		job.SetNamespace("default")
		job.SetName("leaf")
		if spec, ok := part.(map[string]any); ok && path[1] != "template" && path[1] != "image" {
			spec["image"] = "busybox"
		}
		err = apply(job)
	}
	if err != nil {
		return err
	}
	start := time.Now()
	decoded, err := jobcache.Decode(job)
	if err != nil {
		return fmt.Errorf("accepted, but %w", err)
	}
	if _, err := json.Marshal(decoded); err != nil || time.Since(start) > 5*time.Second {
		return fmt.Errorf("accepted, but encoded again after %s: %w", time.Since(start), err)
	}
	return nil
}
