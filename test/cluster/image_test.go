package cluster

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"testing"

	certutil "k8s.io/client-go/util/cert"
)

func untar(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for reader := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}

func TestImageArchive(t *testing.T) {
	archive, err := imageArchive("example.com/x:v1", "x", []byte("program"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := imageArchive("example.com/x:v1", "x", []byte("program"))
	if err != nil || !bytes.Equal(archive, again) {
		t.Error("the same program makes another image")
	}
	files := untar(t, archive)
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest) != 1 || len(manifest[0].RepoTags) != 1 || manifest[0].RepoTags[0] != "example.com/x:v1" {
		t.Fatalf("%+v", manifest)
	}
	layer := files[manifest[0].Layers[0]]
	if program := untar(t, layer)["x"]; string(program) != "program" {
		t.Errorf("the program is %q", program)
	}
	var config struct {
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
		Config struct{ Entrypoint []string } `json:"config"`
	}
	if err := json.Unmarshal(files[manifest[0].Config], &config); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(layer)
	if want := "sha256:" + hex.EncodeToString(sum[:]); len(config.RootFS.DiffIDs) != 1 || config.RootFS.DiffIDs[0] != want {
		t.Errorf("layers %v, want %s", config.RootFS.DiffIDs, want)
	}
	if len(config.Config.Entrypoint) != 1 || config.Config.Entrypoint[0] != "/x" {
		t.Errorf("entrypoint %v", config.Config.Entrypoint)
	}
}

// TestCertificates uses a temporary folder in place of the cluster's, because the
// functions take whole paths.
func TestCertificates(t *testing.T) {
	folder := t.TempDir()
	l := layout{name: "../../../" + folder}
	made, err := newAuthority(l, authorityName)
	if err != nil {
		t.Fatal(err)
	}
	read, err := readAuthority(l, authorityName)
	if err != nil || !read.key.Equal(made.key) {
		t.Fatalf("the authority was not kept: %v", err)
	}
	if err := read.issue(l, "server", subject{user: "u", groups: []string{"g"}, hosts: []string{"10.1.2.3", "name"}}); err != nil {
		t.Fatal(err)
	}
	certificates, err := certutil.CertsFromFile(l.cert("server"))
	if err != nil {
		t.Fatal(err)
	}
	certificate := certificates[0]
	roots := x509.NewCertPool()
	roots.AddCert(made.certificate)
	for _, host := range []string{"10.1.2.3", "name"} {
		for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
			_, err := certificate.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, KeyUsages: []x509.ExtKeyUsage{usage}})
			if err != nil {
				t.Error(err)
			}
		}
	}
	if err := certificate.VerifyHostname("10.1.2.4"); err == nil {
		t.Error("the certificate is good for an address that is not in it")
	}
	if certificate.Subject.CommonName != "u" || certificate.Subject.Organization[0] != "g" {
		t.Errorf("subject %s", certificate.Subject)
	}
}
