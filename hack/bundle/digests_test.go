package main

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blang/semver/v4"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	. "github.com/onsi/gomega"
)

// pushed pushes an image to each of the repositories with a tag, and the first one for
// several platforms. It returns the host of their registry and their names by digest.
func pushed(t *testing.T, repositories ...string) (host string, digests map[string]string) {
	t.Helper()
	g := NewWithT(t)
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	host, digests = strings.TrimPrefix(server.URL, "http://"), map[string]string{}
	for i, repository := range repositories {
		ref, err := name.ParseReference(host + "/" + repository)
		g.Expect(err).NotTo(HaveOccurred())
		index, err := random.Index(64, 1, 2)
		g.Expect(err).NotTo(HaveOccurred())
		digest, err := index.Digest()
		g.Expect(err).NotTo(HaveOccurred())
		if i == 0 {
			g.Expect(remote.WriteIndex(ref, index)).To(Succeed())
		} else {
			image, err := random.Image(64, 1)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(remote.Write(ref, image)).To(Succeed())
			digest, err = image.Digest()
			g.Expect(err).NotTo(HaveOccurred())
		}
		digests[repository] = ref.Context().RepositoryStr() + "@" + digest.String()
	}
	return host, digests
}

// images returns the images of all references.
func (m *objects) images() (all []string) {
	for _, ref := range m.imageRefs() {
		all = append(all, ref.image)
	}
	return all
}

func collected(t *testing.T, input string) *objects {
	t.Helper()
	m, err := collect(strings.NewReader(input))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return m
}

// TestPin checks with a registry that each image keeps its repository's name and gets
// the digest of its tag, asked from its own registry or a mirror.
func TestPin(t *testing.T) {
	host, digests := pushed(t, "one:v1", "two:v2", "team/work:v3", "test:v4")
	for name, test := range map[string]struct{ mirror, thing, work, input string }{
		"own registry": {"", host + "/", host + "/", strings.NewReplacer(`"example.com/`, `"`+host+"/", "team/work", host+"/team/work").Replace(input)},
		"mirror":       {host, "example.com/", "docker.io/", input},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			m := collected(t, test.input)
			g.Expect(m.pinned()).To(BeFalse())
			g.Expect(m.pin(digestFrom(test.mirror))).To(Succeed())
			g.Expect(m.images()).To(Equal([]string{
				test.thing + digests["one:v1"], test.thing + digests["two:v2"], test.thing + digests["one:v1"],
				test.work + digests["team/work:v3"], test.thing + digests["test:v4"],
			}))
			types, err := loadTypes("./testdata/api")
			g.Expect(err).NotTo(HaveOccurred())
			csv, err := m.csv(&release{packageName: "thing", version: semver.MustParse("1.2.3")}, types)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(csv.Annotations).To(And(HaveKeyWithValue(disconnected, "true"), HaveKeyWithValue("containerImage", test.thing+digests["one:v1"]),
				HaveKeyWithValue("alm-examples", ContainSubstring(`"image": "`+test.work+digests["team/work:v3"]+`"`))))
			g.Expect(csv.Spec.RelatedImages).To(HaveExactElements(HaveField("Image", test.thing+digests["one:v1"]),
				HaveField("Image", test.thing+digests["two:v2"]), HaveField("Image", test.work+digests["team/work:v3"])))
		})
	}
}

// TestPinKeepsADigest checks that an image which is named by digest is not asked for.
func TestPinKeepsADigest(t *testing.T) {
	g := NewWithT(t)
	host, digests := pushed(t, "two:v2", "team/work:v3", "test:v4")
	given := "example.com/one@sha256:" + strings.Repeat("0123456789abcdef", 4)
	m := collected(t, strings.ReplaceAll(input, "example.com/one:v1", given))
	g.Expect(m.pin(digestFrom(host))).To(Succeed())
	g.Expect(m.images()).To(ContainElements(given, "example.com/"+digests["two:v2"]))
	g.Expect(m.pinned()).To(BeTrue())
}

// TestDisconnectedIsClaimedWithDigestsAlone checks the claim that OpenShift shows: one
// image with a tag refutes it, whatever the base says.
func TestDisconnectedIsClaimedWithDigestsAlone(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("0123456789abcdef", 4)
	claims := strings.Replace(input, "annotations: {", `annotations: {`+disconnected+`: "true", `, 1)
	tagged := []string{"one:v1", "two:v2", "work:v3", "test:v4"}
	for left := range len(tagged) + 1 {
		text, claim := claims, "true"
		for i, image := range tagged {
			if i == left {
				claim = "false"
				continue
			}
			repository, _, _ := strings.Cut(image, ":")
			text = strings.ReplaceAll(text, image, repository+digest)
		}
		_, csv := madeOf(t, &release{packageName: "thing", version: semver.MustParse("1.2.3")}, text)
		NewWithT(t).Expect(csv.Annotations).To(HaveKeyWithValue(disconnected, claim), "%d", left)
	}
}

// TestNothingIsWrittenWithoutADigest checks that the error has all images that are
// missing and says what to do.
func TestNothingIsWrittenWithoutADigest(t *testing.T) {
	g := NewWithT(t)
	host, _ := pushed(t, "one:v1", "test:v4")
	m := collected(t, input)
	g.Expect(m.pin(digestFrom(host))).NotTo(Succeed())
	g.Expect(m.images()).To(Equal(collected(t, input).images()))

	folder := t.TempDir()
	stdin, err := os.Create(filepath.Join(folder, "input"))
	g.Expect(err).NotTo(HaveOccurred())
	_, err = stdin.WriteString(input)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = stdin.Seek(0, io.SeekStart)
	g.Expect(err).NotTo(HaveOccurred())
	before := os.Stdin
	os.Stdin = stdin
	t.Cleanup(func() { os.Stdin = before; _ = stdin.Close() })
	output, dockerfile := filepath.Join(folder, "bundle"), filepath.Join(folder, "bundle.Dockerfile")
	err = generate([]string{"-version", "1.0.0", "-api", "./testdata/api", "-output", output, "-dockerfile", dockerfile, "-use-image-digests", "-digest-registry", host})
	g.Expect(err).To(MatchError(And(ContainSubstring("example.com/two:v2"), ContainSubstring("team/work:v3"), Not(ContainSubstring("one:v1")),
		ContainSubstring("push these images first, or name them by digest"))))
	g.Expect(output).NotTo(BeAnExistingFile())
	g.Expect(dockerfile).NotTo(BeAnExistingFile())
}
