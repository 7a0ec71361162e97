package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"time"

	certutil "k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// subject describes the holder of a certificate.
type subject struct {
	user   string
	groups []string
	// hosts are the names and addresses of a server.
	hosts []string
}

// authority is a certificate authority with its key.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(l layout, name string) (*authority, error) {
	key, err := newKey(l.key(name))
	if err != nil {
		return nil, err
	}
	certificate, err := certutil.NewSelfSignedCACert(certutil.Config{CommonName: "daemonset-job " + name}, key)
	if err != nil {
		return nil, err
	}
	return &authority{certificate, key}, writeCertificate(l.cert(name), certificate.Raw)
}

// readAuthority reads a certificate authority from its files, for nodes that join
// later.
func readAuthority(l layout, name string) (*authority, error) {
	certificates, err := certutil.CertsFromFile(l.cert(name))
	if err != nil {
		return nil, err
	}
	key, err := keyutil.PrivateKeyFromFile(l.key(name))
	if err != nil {
		return nil, err
	}
	private, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s is no ECDSA key", l.key(name))
	}
	return &authority{certificates[0], private}, nil
}

func newKey(file string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	encoded, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return nil, err
	}
	return key, writeFile(file, encoded, 0o600)
}

func writeCertificate(file string, der []byte) error {
	encoded, err := certutil.EncodeCertificates(&x509.Certificate{Raw: der})
	if err != nil {
		return err
	}
	return writeFile(file, encoded, 0o644)
}

// issue writes a key and a certificate for both server and client use, because most
// components are both.
func (a *authority) issue(l layout, name string, s subject) error {
	key, err := newKey(l.key(name))
	if err != nil {
		return err
	}
	const serialBits = 120
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), serialBits))
	if err != nil {
		return err
	}
	const validity = 10 * 365 * 24 * time.Hour
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: s.user, Organization: s.groups},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(validity),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, host := range s.hosts {
		if address := net.ParseIP(host); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return err
	}
	return writeCertificate(l.cert(name), der)
}
