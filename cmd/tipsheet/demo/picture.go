package demo

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"net/http"
	"path"
	"strings"
)

// pictureSalt was searched for: under it no two stories share both their palette and their composition,
// and neighbours in the feed seldom share either.
const pictureSalt = 1521

// Picture draws the abstract composition that belongs to name, in the given size in pixels. The same
// name and size always give the same picture; another size shows the same composition.
func Picture(name string, width, height int) image.Image {
	dice := rand.New(rand.NewPCG(hash(name), pictureSalt))
	p := palettes()[dice.IntN(len(palettes()))]
	compose := compositions()[dice.IntN(len(compositions()))]
	c := &canvas{
		img:  image.NewRGBA(image.Rect(0, 0, width, height)),
		unit: float64(width) / 640,
	}
	c.offset = (360 - float64(height)/c.unit) / 2
	compose(c, p, dice)
	return c.img
}

// palette is a ground that runs from top to bottom, and inks laid over it from far to near.
type palette struct {
	top, bottom color.RGBA
	inks        []color.RGBA
}

func palettes() []palette {
	return []palette{
		{rgb(0xF6E3C5), rgb(0xE9A66A), []color.RGBA{rgb(0xC8553D), rgb(0x8C2F39), rgb(0x461220), rgb(0xF7F0DC)}},
		{rgb(0xDCEBEA), rgb(0x7FB3B8), []color.RGBA{rgb(0x3C7A89), rgb(0x1F4E5F), rgb(0x0F2B3A), rgb(0xF2C57C)}},
		{rgb(0xF4EFE1), rgb(0xC9CBA3), []color.RGBA{rgb(0x7A8B52), rgb(0x4A5D3A), rgb(0x26351F), rgb(0xE26D5C)}},
		{rgb(0x2B2D55), rgb(0xC06C84), []color.RGBA{rgb(0xF2A07B), rgb(0x6C5B7B), rgb(0x1B1C3A), rgb(0xF8E0B0)}},
		{rgb(0xFBEEDB), rgb(0xF2C14E), []color.RGBA{rgb(0xF08A4B), rgb(0x4D7C8A), rgb(0x1B4079), rgb(0xFFF7E6)}},
		{rgb(0xE7E3EE), rgb(0xA9A4C9), []color.RGBA{rgb(0x6D6AA8), rgb(0x433E7C), rgb(0x1F1B45), rgb(0xF3B391)}},
		{rgb(0x12343B), rgb(0x2D6E6E), []color.RGBA{rgb(0xE1B382), rgb(0xC89666), rgb(0x0B2027), rgb(0xF4E8D0)}},
	}
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

// canvas is drawn on in units of a picture 640 wide and 360 high, whatever its size in pixels; a
// picture of another shape shows more or less above and below.
type canvas struct {
	img    *image.RGBA
	unit   float64 // pixels a unit
	offset float64 // units that the pixels' top lies below the composition's
}

// shape gives the signed distance, in units, of a point from its edge: below zero is inside.
type shape func(x, y float64) float64

// ground fills the canvas from top to bottom.
func (c *canvas) ground(p palette) {
	b := c.img.Bounds()
	for y := range b.Dy() {
		t := (float64(y) + 0.5) / float64(b.Dy())
		ink := mix(p.top, p.bottom, t)
		for x := range b.Dx() {
			c.img.SetRGBA(x, y, ink)
		}
	}
}

// fill lays ink over the inside of a shape, with an edge one pixel soft.
func (c *canvas) fill(s shape, ink color.RGBA, opacity float64) {
	b := c.img.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			d := s((float64(x)+0.5)/c.unit, (float64(y)+0.5)/c.unit+c.offset)
			cover := math.Min(1, math.Max(0, 0.5-d*c.unit)) * opacity
			if cover > 0 {
				c.img.SetRGBA(x, y, mix(c.img.RGBAAt(x, y), ink, cover))
			}
		}
	}
}

func mix(a, b color.RGBA, t float64) color.RGBA {
	part := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*t)) }
	return color.RGBA{R: part(a.R, b.R), G: part(a.G, b.G), B: part(a.B, b.B), A: 255}
}

// servePicture answers in the sizes that Blogger's addresses name: s640, s1600 and s72-c.
func servePicture(w http.ResponseWriter, r *http.Request) {
	sizes := map[string]image.Point{"s640": {X: 640, Y: 360}, "s1600": {X: 1600, Y: 900}, "s72-c": {X: 72, Y: 72}}
	size, known := sizes[r.PathValue("size")]
	name, isJPEG := strings.CutSuffix(path.Base(r.PathValue("file")), ".jpg")
	if !known || !isJPEG || !pictured(name) {
		http.NotFound(w, r)
		return
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, Picture(name, size.X, size.Y), &jpeg.Options{Quality: 88}); err != nil {
		http.Error(w, "this picture cannot be drawn", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Content-Length", fmt.Sprint(out.Len()))
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = out.WriteTo(w) // an error says that the visitor has gone, and nobody is left to tell
}

// pictured tells whether a story shows the picture of that name.
func pictured(name string) bool {
	for _, s := range Stories() {
		if s.Image != "" && path.Base(s.Image) == name+".jpg" {
			return true
		}
	}
	return false
}
