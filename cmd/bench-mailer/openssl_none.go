//go:build !cgo || !linux

package main

// opensslThere is false: the mailer signs with Go.
func opensslThere() bool { return false }

func forgoOpenSSL() {}
