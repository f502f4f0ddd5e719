package feed_test

import (
	"fmt"
	"testing"

	"github.com/olomotimes/tipsheet/digest/feed"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

func TestCharacterSetsAreFoundOut(t *testing.T) {
	utf16le := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	cases := []struct {
		name, header, prolog string
		enc                  encoding.Encoding
		title                string
		warned               bool
	}{
		{"UTF-8, said by nobody", "", "", nil, "Ọjọ́ – día", false},
		{"UTF-8, said by the header", "application/xml; charset=utf-8", "", nil, "Ọjọ́", false},
		{"UTF-8, denied by the prolog", "", "iso-8859-1", nil, "Ọjọ́", true},
		{"UTF-8, denied by the header", "text/xml; charset=ISO-8859-1", "utf-8", nil, "Ọjọ́", false},
		{"UTF-8, denied by both", "text/xml; charset=windows-1251", "windows-1251", nil, "Ọjọ́", true},
		{"Latin-1, said by the prolog", "", "ISO-8859-1", charmap.ISO8859_1, "Zoë à Köln", false},
		{"Latin-1, said by the header alone", `text/xml; charset="iso-8859-1"`, "", charmap.ISO8859_1, "Zoë à Köln", false},
		{"Latin-1, said by nobody", "text/xml", "", charmap.Windows1252, "Zoë – Köln", true},
		{"Latin-1, called UTF-8", "text/xml; charset=utf-8", "utf-8", charmap.Windows1252, "Zoë à Köln", true},
		{"Cyrillic: the header is right", "text/xml; charset=koi8-r", "utf-8", charmap.KOI8R, "Слухи", false},
		{"Cyrillic: the header is a server's blanket", "text/xml; charset=iso-8859-1", "windows-1251", charmap.Windows1251, "Слухи", false},
		{"Cyrillic: the header does not exist", "text/xml; charset=foo", "windows-1251", charmap.Windows1251, "Слухи", true},
		{"Japanese, in bytes that look like ASCII", "text/xml; charset=iso-2022-jp", "", japanese.ISO2022JP, "噂話", false},
		{"Japanese, Shift JIS", "", "shift_jis", japanese.ShiftJIS, "噂話", false},
		{"Korean", "", "euc-kr", korean.EUCKR, "소문", false},
		{"Chinese", "", "gb2312", simplifiedchinese.GBK, "传闻", false},
		{"UTF-16 without a mark", "", "utf-16", utf16le, "Ọjọ́", false},
		{"UTF-16 against the header", "text/xml; charset=utf-8", "", unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "Ọjọ́", false},
		{"UTF-32", "", "", utf32.UTF32(utf32.BigEndian, utf32.UseBOM), "Ọjọ́", false},
		{"a header that cannot be read", "text/xml; charset=", "iso-8859-1", charmap.ISO8859_1, "Zoë", false},
	}
	for _, c := range cases {
		prolog := ""
		if c.prolog != "" {
			prolog = fmt.Sprintf("<?xml version='1.0' encoding='%s'?>\n", c.prolog)
		}
		body := []byte(prolog + `<rss version="2.0"><channel><title>` + c.title + `</title><item><title>` + c.title + `</title><link>https://x.example.com/1</link><pubDate>Thu, 01 Oct 2026 08:00:00 GMT</pubDate></item></channel></rss>`)
		if c.enc != nil {
			var err error
			if body, err = c.enc.NewEncoder().Bytes(body); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		f, err := feed.Parse(body, c.header, "")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if f.Title != c.title || f.Items[0].Title != c.title {
			t.Errorf("%s: got %q", c.name, f.Title)
		}
		if (len(f.Warnings) > 0) != c.warned {
			t.Errorf("%s: warnings %q", c.name, f.Warnings)
		}
	}
}

func TestDamagedUTF8LosesOnlyTheDamage(t *testing.T) {
	f, err := feed.Parse([]byte("<rss><channel><title>Ọjọ́ òní, ọ̀sẹ̀ yìí \xe1 ó</title></channel></rss>"), "", "")
	if err != nil || f.Title != "Ọjọ́ òní, ọ̀sẹ̀ yìí \ufffd ó" {
		t.Errorf("got %q, %v", f.Title, err)
	}
}
