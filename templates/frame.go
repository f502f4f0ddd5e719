package templates

// What frames the stories: placements, corrections, the footer.

const (
	maxPlacement  = 320 // characters of a placement's text
	maxCorrection = 600 // characters of a correction
)

// foot says why the reader gets this and gives the reader's own addresses. An address that is not
// the web's is left out; the others stay byte for byte, for they may hold a placeholder.
func (s *sheet) foot(w *catalogue) {
	s.Why = oneLine(s.WhySubscribed)
	if s.Why == "" {
		name := s.NewsletterName
		if name == "" {
			name = w.OurNewsletter
		}
		s.Why = say(w.Why, "newsletter", name)
	}
	for _, l := range []footLink{
		{w.Unsubscribe, s.UnsubscribeURL}, {w.Preferences, s.PreferencesURL}, {w.View, s.ViewURL}, {w.Archive, s.ArchiveURL},
	} {
		if webURL(l.URL) != "" {
			s.Links = append(s.Links, l)
		}
	}
}

// corrections are those that say something.
func corrections(in []Correction) []Correction {
	var out []Correction
	for _, c := range in {
		c.Text, c.Link = cut(oneLine(c.Text), maxCorrection), webURL(c.Link)
		if c.Text != "" {
			out = append(out, c)
		}
	}
	return out
}

// place puts each placement that says something where it belongs. Where there is no section to
// stand between, it stands at the foot.
func (s *sheet) place(w *catalogue) {
	for _, p := range s.Placements {
		p.PaidBy, p.Title, p.Text = cut(oneLine(p.PaidBy), 80), cut(oneLine(p.Title), maxTitle), cut(oneLine(p.Text), maxPlacement)
		p.ImageAlt, p.Link, p.Image = cut(oneLine(p.ImageAlt), 200), webURL(p.Link), webURL(p.Image)
		if p.Title == "" && p.Text == "" {
			continue
		}
		if p.ImageAlt == "" {
			p.ImageAlt = p.PaidBy
		}
		if s.Headlines() {
			p.Image = ""
		}
		one := placed{Placement: p, Label: w.Advertisement, Accent: s.Accent}
		if p.PaidBy != "" {
			one.Label += " · " + say(w.PaidBy, "name", p.PaidBy)
		}
		middle := (len(s.Sections) - 1) / 2
		switch {
		case p.Place == PlaceTop:
			s.Top = append(s.Top, one)
		case p.Place == PlaceMiddle && len(s.Sections) > 0:
			s.Sections[middle].After = append(s.Sections[middle].After, one)
		default:
			s.Foot = append(s.Foot, one)
		}
	}
}
