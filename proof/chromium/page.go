package chromium

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

const defaultHeight = 900 // of a window whose picture is to show the whole page

// A Page is one tab. It belongs to one goroutine. Selectors are CSS; an action on an element waits, at most 20 seconds, until it is there
// and visible.
type Page struct {
	ctx    context.Context
	cancel context.CancelFunc
}

// Page opens an empty tab. Close it.
func (b *Browser) Page() (*Page, error) {
	ctx, cancel := chromedp.NewContext(b.ctx)
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		return nil, fmt.Errorf("open a tab: %w", err)
	}
	p := &Page{ctx: ctx, cancel: cancel}
	if err := p.Window(1280, defaultHeight); err != nil {
		cancel()
		return nil, err
	}
	return p, nil
}

// Close closes the tab. It may be called twice.
func (p *Page) Close() { p.cancel() }

// Context is the tab's, for chromedp's own actions; bound them in time with a context derived from it.
func (p *Page) Context() context.Context { return p.ctx }

func (p *Page) do(what string, steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(p.ctx, actionWait)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func run[T any](p *Page, what string, action chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, actionWait)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		return value, fmt.Errorf("%s: %w", what, err)
	}
	return value, nil
}

// Open goes to url and waits until it has loaded.
func (p *Page) Open(url string) error { return p.do("open "+url, chromedp.Navigate(url)) }

// Window sets the size in CSS pixels. Height 0 is a usual one.
func (p *Page) Window(width, height int) error {
	if height == 0 {
		height = defaultHeight
	}
	return p.do("set the window's size", chromedp.EmulateViewport(int64(width), int64(height)))
}

// Dark asks the page for its dark colours, or for its light ones, and for no movement: a colour is looked at when it is there.
func (p *Page) Dark(dark bool) error {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	return p.do("set the colour scheme", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	}))
}

// Scripts allows or forbids the pages' scripts from the next Open on.
func (p *Page) Scripts(allowed bool) error {
	return p.do("switch scripts", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !allowed})
		return err
	}))
}

// Fill empties a field and types text into it.
func (p *Page) Fill(selector, text string) error {
	sel := chromedp.CSS(selector)
	return p.do("fill in "+selector, chromedp.Clear(sel), chromedp.SendKeys(sel, text))
}

// Click clicks an element. Where that opens another page, follow with WaitFor something on it, or use ClickThrough.
func (p *Page) Click(selector string) error {
	return p.do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// ClickThrough clicks an element that opens another page and waits until that has loaded.
func (p *Page) ClickThrough(selector string) error {
	ctx, cancel := context.WithTimeout(p.ctx, actionWait)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		return fmt.Errorf("click through %s: %w", selector, err)
	}
	return nil
}

// Press types keys into the page, whatever has the focus: a desk's shortcuts.
func (p *Page) Press(keys string) error { return p.do("press "+keys, chromedp.KeyEvent(keys)) }

// WaitFor waits until an element is visible.
func (p *Page) WaitFor(selector string) error {
	return p.do("wait for "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// Text is the visible text of an element.
func (p *Page) Text(selector string) (string, error) {
	return run(p, "read "+selector, chromedp.Text(chromedp.CSS(selector)))
}

// Value is what stands in a field.
func (p *Page) Value(selector string) (string, error) {
	return run(p, "read the field "+selector, chromedp.Value(chromedp.CSS(selector)))
}

// HTML is the page as it stands now.
func (p *Page) HTML() (string, error) {
	return run(p, "read the page", chromedp.OuterHTML(chromedp.CSS("html"), chromedp.NodeReady))
}

// Location is the page's address, and Title its title.
func (p *Page) Location() (string, error) {
	return run(p, "read the address", chromedp.Location())
}

// Title is the page's title.
func (p *Page) Title() (string, error) { return run(p, "read the title", chromedp.Title()) }

// Eval runs a script expression in the page and returns its value; a promise is waited for.
func Eval[T any](p *Page, expression string) (T, error) {
	return run(p, "run a script", chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Screenshot is a PNG of what the window shows.
func (p *Page) Screenshot() ([]byte, error) {
	return run(p, "take a picture", chromedp.CaptureScreenshot())
}

// WholeScreenshot is a PNG of the whole page.
func (p *Page) WholeScreenshot() ([]byte, error) {
	return run(p, "take a picture of the whole page", chromedp.FullScreenshot(100))
}
