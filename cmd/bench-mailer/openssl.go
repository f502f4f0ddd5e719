//go:build cgo && linux

package main

import (
	"github.com/golang-fips/openssl/v2"
)

// libraryNowhere is no library: whoever has asked for it gets no other in this process.
const libraryNowhere = "no-openssl-for-this-run"

// opensslThere says whether the mailer finds OpenSSL's library, which it then signs with.
func opensslThere() bool {
	exists, _ := openssl.CheckVersion("libcrypto.so.3")
	return exists
}

// forgoOpenSSL has this process sign with Go: only the first library that is asked for counts.
func forgoOpenSSL() { _ = openssl.Init(libraryNowhere) }
