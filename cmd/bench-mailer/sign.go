package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/olomotimes/tipsheet/mailer/smtp"
)

const (
	signsWithGo      = "go"
	signsWithOpenSSL = "openssl"
	bareFor          = 2 * time.Second // that a bare signing rate is measured
)

// errNoOpenSSL says that there is nothing to compare with, or to sign with.
var errNoOpenSSL = errors.New("there is no OpenSSL here")

// signer is the DKIM signer that was ordered; nil: none.
func (o order) signer() (*smtp.Signer, error) {
	if o.Key == "" {
		return nil, nil
	}
	if o.Signer == signsWithGo {
		forgoOpenSSL()
	}
	key, err := smtp.ReadKey(o.Key)
	if err != nil {
		return nil, err
	}
	return smtp.NewSigner(profile.Domain, "bench", key)
}

// makeKey makes an RSA key of 2048 bits and writes it to a file.
func makeKey(path string) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return key, os.WriteFile(path, pem.EncodeToMemory(block), 0o600)
}

// bareGo is how many signatures Go makes on all cores, with nothing else to do.
func bareGo(key *rsa.PrivateKey) (pace, error) {
	hash := sha256.Sum256([]byte("bench"))
	counts, failed := make([]int, runtime.GOMAXPROCS(0)), make([]error, runtime.GOMAXPROCS(0))
	began, used := time.Now(), cpuSeconds()
	var all sync.WaitGroup
	for i := range counts {
		all.Go(func() {
			for time.Since(began) < bareFor && failed[i] == nil {
				_, failed[i] = key.Sign(nil, hash[:], crypto.SHA256)
				counts[i]++
			}
		})
	}
	all.Wait()
	took, sum := time.Since(began).Seconds(), 0.0
	for _, n := range counts {
		sum += float64(n)
	}
	return pace{rate: sum / took, cpu: (cpuSeconds() - used) / sum * 1000}, errors.Join(failed...)
}

// bareOpenSSL is the same of OpenSSL, by its own measure, which says nothing of CPU time.
func bareOpenSSL(ctx context.Context) (pace, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "openssl", "speed", "-elapsed", "-seconds", "2", "-multi", strconv.Itoa(runtime.GOMAXPROCS(0)), "rsa2048").Output()
	if errors.Is(err, exec.ErrNotFound) {
		return pace{}, errNoOpenSSL
	}
	if err != nil {
		return pace{}, fmt.Errorf("openssl speed: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		// rsa 2048 bits 0.000257s 0.000008s   3899.0 130000.0
		if f := strings.Fields(line); len(f) == 7 && f[0] == "rsa" && f[1] == "2048" {
			rate, err := strconv.ParseFloat(f[5], 64)
			return pace{rate: rate}, err
		}
	}
	return pace{}, errors.New("openssl speed said nothing of rsa 2048")
}
