package enquiry

import (
	"regexp"
	"strings"
)

// Phone is a number to call.
type Phone struct {
	Digits string  `json:"digits"` // as written, digits only
	E164   *string `json:"e164"`   // international form, null where the country is not certain
}

var (
	phonePattern = regexp.MustCompile(`\+?\d(?:[ .()-]{0,2}\d){7,14}`)
	notAPhone    = regexp.MustCompile(`(?:account|acct|a/c|invoice|inv|ref|order|receipt|rc|nin|bvn|pin|no\.? of|[₦$£€#]|\bn|ngn|usd)[\s:.#]*(?:number|no)?[\s:.#]*$`)
	phoneCue     = regexp.MustCompile(`(?:call|phone|tel|whatsapp|mobile|reach|contact|line|number|text|\bdm|ligue|appel|kira|lamba|simu|هاتف|واتساب|fone)`)
	nigerian     = regexp.MustCompile(`^0[789][01]\d{8}$`)
)

// phone takes the first number that is one: it starts with 0 or +, or a word
// just before it says so. Account and invoice numbers and sums are none.
func (t *text) phone() *Fact {
	for _, at := range phonePattern.FindAllStringIndex(t.all, 50) {
		from, to := at[0], at[1]
		words := t.all[from:to]
		digits := strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, words)
		before := t.before(from, 30)
		glued := from > 0 && isAlnum(t.all[from-1]) || to < len(t.all) && isAlnum(t.all[to])
		if glued || len(digits) < 8 || len(digits) > 15 || notAPhone.MatchString(before) || t.quoted(from) || inLink(t.all, from) {
			continue
		}
		if words[0] != '0' && words[0] != '+' && !phoneCue.MatchString(before) {
			continue
		}
		return t.fact(from, to, Phone{Digits: digits, E164: e164(words, digits)})
	}
	return nil
}

func e164(words, digits string) *string {
	switch {
	case words[0] == '+':
		full := "+" + digits
		return &full
	case nigerian.MatchString(digits):
		full := "+234" + digits[1:]
		return &full
	}
	return nil
}

func isAlnum(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'z'
}

// inLink says whether the word around at is a link.
func inLink(s string, at int) bool {
	word := s[strings.LastIndexAny(s[:at], " \n\t(")+1 : at]
	return strings.ContainsAny(word, "/@")
}
