//go:build !cgo || !linux

package smtp

import (
	"crypto"
	"crypto/rsa"
)

// quickest returns key: OpenSSL is called by cgo, on Linux.
func quickest(key *rsa.PrivateKey) crypto.Signer { return key }
