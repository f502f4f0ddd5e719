//go:build cgo && linux

package smtp

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"io"
	"math/big"

	"github.com/golang-fips/openssl/v2"
	"github.com/golang-fips/openssl/v2/bbig"
)

// libcrypto is the library of OpenSSL 3, as the loader finds it.
const libcrypto = "libcrypto.so.3"

// opensslKey signs with OpenSSL, in a fraction of the time that crypto/rsa takes. PKCS #1 v1.5
// signatures have nothing random in them, so that both give the same bytes.
type opensslKey struct {
	public  crypto.PublicKey
	private *openssl.PrivateKeyRSA
}

// quickest returns a signer for key that uses OpenSSL where its library is there and gives the
// signature that crypto/rsa gives; else key itself.
func quickest(key *rsa.PrivateKey) crypto.Signer {
	if exists, _ := openssl.CheckVersion(libcrypto); !exists || openssl.Init(libcrypto) != nil || len(key.Primes) != 2 {
		return key
	}
	key.Precompute()
	enc := func(n *big.Int) openssl.BigInt { return bbig.Enc(n) }
	p := key.Precomputed
	private, err := openssl.NewPrivateKeyRSA(enc(key.N), enc(big.NewInt(int64(key.E))), enc(key.D),
		enc(key.Primes[0]), enc(key.Primes[1]), enc(p.Dp), enc(p.Dq), enc(p.Qinv))
	if err != nil {
		return key
	}
	quick := &opensslKey{public: key.Public(), private: private}
	hash := sha256.Sum256([]byte("the same signature"))
	want, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, hash[:])
	if err != nil {
		return key
	}
	if got, err := quick.Sign(nil, hash[:], crypto.SHA256); err != nil || !bytes.Equal(got, want) {
		return key
	}
	return quick
}

// Public is the public key.
func (k *opensslKey) Public() crypto.PublicKey { return k.public }

// Sign signs a SHA-256 hash.
func (k *opensslKey) Sign(_ io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	if options.HashFunc() != crypto.SHA256 {
		return nil, errors.New("only SHA-256 is signed here")
	}
	return openssl.SignRSAPKCS1v15(k.private, crypto.SHA256, digest)
}
