package demo

import (
	"math"
	"math/rand/v2"
)

// compositions are the ways in which a picture is built from a palette and dice.
func compositions() []func(*canvas, palette, *rand.Rand) {
	return []func(*canvas, palette, *rand.Rand){hills, discs, cloth, towers, ripples, sails}
}

// hills is a low sun behind four ridges.
func hills(c *canvas, p palette, dice *rand.Rand) {
	c.ground(p)
	sun := between(dice, 120, 520)
	c.fill(disc(sun, between(dice, 90, 170), between(dice, 46, 80)), p.inks[3], 0.95)
	for i := range 4 {
		base := 180 + float64(i)*48
		c.fill(ridge(dice, base, 34-float64(i)*5), p.inks[min(i, 2)], 0.55+float64(i)*0.15)
	}
}

// discs are large circles that show through each other.
func discs(c *canvas, p palette, dice *rand.Rand) {
	c.ground(p)
	for i := range 7 {
		c.fill(disc(between(dice, 20, 620), between(dice, 10, 350), between(dice, 50, 150)), p.inks[i%3], 0.42)
	}
	x, y := between(dice, 160, 480), between(dice, 100, 260)
	c.fill(disc(x, y, 58), p.inks[3], 0.92)
	c.fill(ring(x, y, 84, 3), p.inks[3], 0.8)
}

// cloth is a strip-woven wrapper: upright bands, each with its own rows of lozenges.
func cloth(c *canvas, p palette, dice *rand.Rand) {
	c.ground(p)
	for x, i := 0.0, 0; x < 640; i++ {
		w := between(dice, 44, 92)
		c.fill(box(x, -400, x+w-5, 800), p.inks[i%3], 0.9)
		if i%2 == dice.IntN(2) {
			step := between(dice, 46, 74)
			for y := -step; y < 440; y += step {
				c.fill(lozenge(x+w/2-2, y, w*0.32, step*0.36), p.inks[3], 0.88)
			}
		} else {
			c.fill(box(x+w*0.3, -400, x+w*0.36, 800), p.inks[3], 0.6)
			c.fill(box(x+w*0.56, -400, x+w*0.62, 800), p.inks[3], 0.6)
		}
		x += w
	}
}

// towers are two rows of a town against the sky.
func towers(c *canvas, p palette, dice *rand.Rand) {
	c.ground(p)
	c.fill(disc(between(dice, 100, 540), between(dice, 70, 130), between(dice, 30, 56)), p.inks[3], 0.9)
	for row := range 3 {
		floor := 210 + float64(row)*55
		for x := -between(dice, 0, 40); x < 640; {
			w := between(dice, 34, 84)
			top := floor - between(dice, 0, 110)
			c.fill(box(x, top, x+w, 800), p.inks[row], 0.72+float64(row)*0.12)
			if row == 2 && dice.IntN(2) == 0 {
				c.fill(box(x+w*0.3, top+14, x+w*0.3+9, top+26), p.inks[3], 0.85)
				c.fill(box(x+w*0.3+20, top+14, x+w*0.3+29, top+26), p.inks[3], 0.85)
			}
			x += w + between(dice, 0, 10)
		}
	}
}

// ripples are rings that run out from two points, as on water or on a record.
func ripples(c *canvas, p palette, dice *rand.Rand) {
	c.ground(p)
	for i := range 2 {
		x, y := between(dice, 60, 580), between(dice, 40, 320)
		gap := between(dice, 24, 38)
		for n := 1; n < 11; n++ {
			c.fill(ring(x, y, float64(n)*gap, 9-float64(n)*0.6), p.inks[(i+n)%3], 0.75-float64(n)*0.04)
		}
		c.fill(disc(x, y, gap*0.62), p.inks[3], 0.95)
	}
}

// sails are leaning triangles over a calm line.
func sails(c *canvas, p palette, dice *rand.Rand) {
	c.ground(p)
	for i := range 6 {
		x, foot, h := between(dice, 40, 560), between(dice, 236, 290), between(dice, 110, 230)
		lean := between(dice, -26, 26)
		c.fill(triangle(x, foot, x+h*0.52, foot, x+lean, foot-h), p.inks[i%3], 0.78)
	}
	x := between(dice, 140, 460)
	c.fill(triangle(x, 282, x+96, 282, x+10, 104), p.inks[3], 0.94)
	c.fill(box(-10, 284, 650, 800), p.inks[2], 0.82)
	for y := 300.0; y < 360; y += 16 {
		l := between(dice, 40, 420)
		c.fill(box(l, y, l+between(dice, 60, 180), y+2.5), p.inks[3], 0.45)
	}
}

func between(dice *rand.Rand, low, high float64) float64 { return low + dice.Float64()*(high-low) }

func disc(cx, cy, r float64) shape {
	return func(x, y float64) float64 { return math.Hypot(x-cx, y-cy) - r }
}

func ring(cx, cy, r, width float64) shape {
	return func(x, y float64) float64 { return math.Abs(math.Hypot(x-cx, y-cy)-r) - width/2 }
}

func box(left, top, right, bottom float64) shape {
	return func(x, y float64) float64 {
		return math.Max(math.Max(left-x, x-right), math.Max(top-y, y-bottom))
	}
}

func lozenge(cx, cy, w, h float64) shape {
	return func(x, y float64) float64 { return (math.Abs(x-cx)/w + math.Abs(y-cy)/h - 1) * math.Min(w, h) }
}

// ridge is everything below a wave of two lengths.
func ridge(dice *rand.Rand, base, height float64) shape {
	a, b := between(dice, 0, 2*math.Pi), between(dice, 0, 2*math.Pi)
	long, short := between(dice, 150, 240), between(dice, 46, 80)
	return func(x, y float64) float64 {
		return base - height*math.Sin(x/long*2+a) - height*0.3*math.Sin(x/short+b) - y
	}
}

// triangle is the inside of three corners, named in any order.
func triangle(ax, ay, bx, by, cx, cy float64) shape {
	edge := func(x0, y0, x1, y1 float64) shape {
		l := math.Hypot(x1-x0, y1-y0)
		return func(x, y float64) float64 { return ((x-x0)*(y1-y0) - (y-y0)*(x1-x0)) / l }
	}
	if (bx-ax)*(cy-ay)-(by-ay)*(cx-ax) < 0 {
		bx, by, cx, cy = cx, cy, bx, by
	}
	ab, bc, ca := edge(ax, ay, bx, by), edge(bx, by, cx, cy), edge(cx, cy, ax, ay)
	return func(x, y float64) float64 { return math.Max(ab(x, y), math.Max(bc(x, y), ca(x, y))) }
}
