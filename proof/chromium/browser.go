package chromium

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/chromedp/chromedp"
)

const (
	startWait  = 60 * time.Second // a cold start on a busy machine of two cores
	closeWait  = 10 * time.Second
	actionWait = 20 * time.Second
)

// What Chromium would ask its makers for by itself is turned off, or sent to a port where nobody listens: Foreign is about the pages.
const (
	nowhere       = "http://127.0.0.1:1/"
	quietFeatures = "AutofillServerCommunication,Translate,OptimizationHints,MediaRouter,NetworkTimeServiceQuerying,CertificateTransparencyComponentUpdater"
)

// A Browser is a running Chromium. Its methods may be called from several goroutines; each Page belongs to one.
type Browser struct {
	ctx     context.Context // chromedp's; it lives as long as the browser
	cancel  func()
	dir     string
	refuser *refuser
}

// Installed returns nil, or an error that says what to install.
func Installed() error {
	_, err := binary()
	return err
}

func binary() (string, error) {
	for _, name := range []string{"chromium", "/usr/bin/chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("chromium is not installed: install it with apt-get install chromium")
}

// Start runs Chromium and waits, at most a minute, until it answers.
func Start() (*Browser, error) {
	path, err := binary()
	if err != nil {
		return nil, err
	}
	refuser, err := startRefuser()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "chromium-")
	if err != nil {
		return nil, errors.Join(err, refuser.close())
	}
	b := &Browser{dir: dir, refuser: refuser}
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(), b.flags(path)...)
	ctx, cancel := chromedp.NewContext(allocator)
	b.ctx = ctx
	b.cancel = func() {
		cancel()
		cancelAllocator()
	}
	// The browser lives as long as the context of its first action, so that one cannot carry the time limit.
	late := time.AfterFunc(startWait, cancel)
	err = chromedp.Do(ctx)
	late.Stop()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start chromium: %w", err), b.Close())
	}
	return b, nil
}

func (b *Browser) flags(path string) []chromedp.ExecAllocatorOption {
	options := append([]chromedp.ExecAllocatorOption(nil), chromedp.DefaultExecAllocatorOptions[:]...)
	options = append(options,
		chromedp.ExecPath(path),
		chromedp.UserDataDir(b.dir),
		chromedp.DisableGPU,
		chromedp.ProxyServer("http://"+b.refuser.listener.Addr().String()),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-domain-reliability", true),
		chromedp.Flag("no-pings", true),
		chromedp.Flag("disable-features", quietFeatures),
		chromedp.Flag("component-updater", "url-source="+nowhere),
		chromedp.Flag("gaia-url", nowhere),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to sandbox root
	}
	return options
}

// Foreign lists the hosts (with ports, in order, as often as asked) beyond loopback that the browser wanted since the start or
// the last ForgetForeign. None of them was reached.
func (b *Browser) Foreign() []string { return b.refuser.asked() }

// ForgetForeign empties the list.
func (b *Browser) ForgetForeign() { b.refuser.forget() }

// Close ends the browser, by force after ten seconds, and removes its profile. It may be called twice.
func (b *Browser) Close() error {
	if b.dir == "" {
		return nil
	}
	polite, cancel := context.WithTimeout(b.ctx, closeWait)
	err := chromedp.Cancel(polite)
	cancel()
	b.cancel()
	if errors.Is(err, context.Canceled) {
		err = nil // it had ended by itself
	}
	if allocated := chromedp.FromContext(b.ctx); allocated != nil && allocated.Allocator != nil {
		allocated.Allocator.Wait()
	}
	err = errors.Join(err, b.refuser.close(), os.RemoveAll(b.dir))
	b.dir = ""
	return err
}

// Screenshot opens url in a window of width by height CSS pixels and returns a PNG. Height 0 takes the whole page; dark asks for the page's
// dark colours.
func (b *Browser) Screenshot(url string, width, height int, dark bool) ([]byte, error) {
	p, err := b.Page()
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if err := errors.Join(p.Window(width, height), p.Dark(dark), p.Open(url)); err != nil {
		return nil, err
	}
	if height == 0 {
		return p.WholeScreenshot()
	}
	return p.Screenshot()
}
