package identity

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

const certificateLife = 24 * time.Hour

// root signs the certificates by which services know one another.
type root struct {
	certificate *x509.Certificate
	key         ed25519.PrivateKey
}

func newRoot() (*root, error) {
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("make a root certificate: %w", err)
	}
	template := certificate("root")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(nil, template, template, public, key)
	if err != nil {
		return nil, fmt.Errorf("make a root certificate: %w", err)
	}
	own, err := x509.ParseCertificate(der)
	return &root{certificate: own, key: key}, err
}

// certify says whose the key is.
func (r *root) certify(name string, key ed25519.PublicKey) ([]byte, error) {
	template := certificate(name)
	template.DNSNames = []string{name}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	return x509.CreateCertificate(nil, template, r.certificate, key, r.key)
}

func certificate(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Minute), // clocks differ
		NotAfter:     now.Add(certificateLife),
	}
}

// mutual is what both ends need to know one another by certificates of the same root.
func mutual(key ed25519.PrivateKey, told enrolment) (*tls.Config, error) {
	trusted, err := x509.ParseCertificate(told.Root)
	own, err2 := x509.ParseCertificate(told.Certificate)
	if err := errors.Join(err, err2); err != nil {
		return nil, fmt.Errorf("a certificate: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(trusted)
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{{Certificate: [][]byte{own.Raw}, PrivateKey: key, Leaf: own}},
		RootCAs:      pool,
		ClientCAs:    pool,
		ClientAuth:   tls.VerifyClientCertIfGiven,
	}, nil
}
