package templates_test

import (
	"bytes"
	"errors"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/olomotimes/tipsheet/proof/chromium"
	"github.com/olomotimes/tipsheet/templates"
)

// go test ./templates -run Pictures -pictures takes the pictures of docs/img again: look at them.
var takePictures = flag.Bool("pictures", false, "take the digest's pictures for docs/img again")

// shot is a picture of a digest that the documentation keeps.
type shot struct {
	file, mail string
	look       chromium.Look
}

func shots() []shot {
	day, night := chromium.Look{Width: 360}, chromium.Look{Width: 360, Dark: true}
	wide, wideNight := chromium.Look{Width: 600}, chromium.Look{Width: 600, Dark: true}
	return []shot{
		{"digest-360-light.png", "sample", day}, {"digest-360-dark.png", "sample", night},
		{"digest-600-light.png", "sample", wide}, {"digest-600-dark.png", "sample", wideNight},
		{"digest-360-pictures-off.png", "pictures-off", day}, {"digest-600-pictures-off.png", "pictures-off", wide},
		{"digest-360-style-removed.png", "style-removed", day}, {"digest-600-style-removed.png", "style-removed", wide},
		{"digest-360-arabic.png", "arabic", day}, {"digest-360-yoruba.png", "yoruba", day}, {"digest-360-headlines.png", "headlines", day},
	}
}

var source = regexp.MustCompile(` src="[^"]*"`)

// shown are the mails of the pictures.
func shown(t *testing.T) map[string]string {
	t.Helper()
	yoruba, headlines := fullDigest(), fullDigest()
	yoruba.Language, yoruba.WhySubscribed, headlines.Edition = "yo", "", templates.EditionHeadlines
	mails := map[string]string{
		"sample": digest(t, withAdvert(fullDigest())).HTML, "arabic": digest(t, checkedDigests()["Arabic"]).HTML,
		"yoruba": digest(t, yoruba).HTML, "headlines": digest(t, headlines).HTML,
	}
	mails["pictures-off"] = source.ReplaceAllString(mails["sample"], "")
	mails["style-removed"] = withoutStyle(mails["sample"])
	return mails
}

func TestPicturesOfTheDigestAreKeptAndSmall(t *testing.T) {
	if *takePictures {
		takeAll(t)
	}
	for _, s := range shots() {
		raw, err := os.ReadFile("../docs/img/" + s.file)
		if err != nil {
			t.Error(err)
			continue
		}
		c, err := png.DecodeConfig(bytes.NewReader(raw))
		if err != nil || c.Width != s.look.Width || c.Height < 600 || len(raw) > 150_000 {
			t.Errorf("%s: %d bytes, %dx%d, %v", s.file, len(raw), c.Width, c.Height, err)
		}
	}
}

func takeAll(t *testing.T) {
	t.Helper()
	url, p := gallery(t, shown(t)), openBrowser(t)
	for _, s := range shots() {
		if err := errors.Join(p.Window(s.look.Width, 0), p.Dark(s.look.Dark), p.Open(url+"/"+s.mail)); err != nil {
			t.Fatal(err)
		}
		raw, err := p.WholeScreenshot()
		if err != nil {
			t.Fatal(err)
		}
		if raw, err = fewerColours(raw); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("../docs/img/"+s.file, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// fewerColours writes a PNG again with its 256 most frequent colours: a third of the bytes.
func fewerColours(raw []byte) ([]byte, error) {
	full, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	box, counts := full.Bounds(), map[color.RGBA]int{}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(full.At(x, y)).(color.RGBA) }
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			counts[at(x, y)]++
		}
	}
	var all []color.RGBA
	for c := range counts {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return slices.Compare([]uint8{a.R, a.G, a.B}, []uint8{b.R, b.G, b.B})
	})
	var palette color.Palette
	for _, c := range all[:min(len(all), 256)] {
		palette = append(palette, c)
	}
	small, index := image.NewPaletted(box, palette), map[color.RGBA]uint8{}
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			c := at(x, y)
			i, ok := index[c]
			if !ok {
				i = uint8(palette.Index(c))
				index[c] = i
			}
			small.SetColorIndex(x, y, i)
		}
	}
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small)
	return out.Bytes(), err
}
