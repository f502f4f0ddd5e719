package enquiry

import (
	"regexp"
	"strconv"
	"strings"
)

// Money is a sum or a range of sums.
type Money struct {
	Currency *string `json:"currency"` // ISO 4217, null where the mail does not say
	From     float64 `json:"from"`     // in whole units of the currency
	To       float64 `json:"to"`       // the same as From where it is one sum
	Per      *string `json:"per"`      // post, piece, day, week, month, year or null
}

const (
	figure = `\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?`
	scale  = `(?: ?(?:k|m|million|thousand)\b)?`
	sign   = `[₦$£€#]|(?:US|A|C)\$|\b(?i:dola|shilingi|naira) |\b(?:N|NGN|USD|GBP|EUR|GHS|GH₵|KES|KSh|Ksh|ZAR|R|INR|CFA|FCFA|XOF) ?`
	name   = ` ?(?:₦|€|£|naira|dollars?|pounds|euros?|cedis|shillings|(?:F )?CFA|FCFA|F\b|USD|GBP|EUR|NGN|escudos|dólares|rand)`
)

// sumPattern: sign and figure, figure and currency's name, or a figure with k
// or m; then perhaps a range, and what it is for.
var (
	sumPattern = regexp.MustCompile(`(?:(` + sign + `)(` + figure + `)(?i:(` + scale + `))` +
		`|(` + figure + `)(?i:(` + scale + `))(?i:(` + name + `))` +
		`|\b(\d+(?:\.\d+)?|\d{1,3}(?:,\d{3})+)(?i:( ?[km]))\b|\b(\d{1,3}(?:,\d{3})+)\b)(?:[-–](` + figure + `)(?i:(` + scale + `)))?` +
		`(?i: ?(?:(?:per|a|an|/|each|every|par) ?(?:post|piece|article|link|day|week|month|year|send|issue|mois|semaine)s?\b|/(?:post|month|week)|(?:monthly|weekly|daily|each)\b))?(?i:,? (?:max(?:imum)?|flat|all-in)\b)?`)
	perPattern = regexp.MustCompile(`(?i)(?:per|a|an|/|each|every|par) ?(post|piece|article|link|day|week|month|year|send|issue|mois|semaine)s?\b|(monthly|weekly|daily|each)\b`)

	offered = regexp.MustCompile(`budget|ceiling|our limit|limit is|maximum|\bmax\b|can (?:only )?(?:pay|afford|spend|do|offer|stretch)|(?:could|will|would|'ll|we|i|to|go|fit) pay\b|` +
		`\b(?:i|we) (?:only )?(?:have|get|hold|see)\b|\bi've\b|\bwe've\b|have got|offer(?:ing)?\b|approv|set aside|released|afford|stretch to|agree on|agreed:|` +
		`(?:fit|go) (?:give|drop|dey pay)|dey pay\b|contributed|give you|no wan pass|(?:range|total|fund|vote|fee|gross|amount)(?: is|:| of)|sign off|can we (?:do|agree)|would $|if $|in total|spend up|` +
		`do it for|could you do|can you do|bring it (?:down )?to|leave it at|my money|money no pass|all we have|is what we|thinking|prepared to|` +
		`disposons de|nous avons|j'ai|orçamento|\btenho|\btemos|gastar|\bnina\b|\btuna\b|bajeti|\bmo ni\b|lowo mi|owo mi|ina da|muna da|kudina|enwere m|anyị nwere|\bni mo ni`)
	offeredAfter = regexp.MustCompile(`^[ ,]*(?:is |na )?(?:okay|ok\b|enough|max\b|maximum|is what (?:we|i)|is all (?:we|i)|in mind|be (?:enough|sufficient|okay)|has been|zai isa|dey ground|dey my hand|for hand|i get|ni mo ni|is our (?:budget|limit|maximum)|na my budget)`)
	notOffered   = regexp.MustCompile(`quot|your (?:price|rate|fee|charge)|you (?:charge|said|ask|collect|dey charge)|we charge|ticket|\bsell|\bsale|from $|worth|\bprices?\b|\bcost|\brent\b|prize|winner|competitor|` +
		`other (?:blog|site|people|lady)|another (?:blog|site)|\bthey|usually|too much|instead of|\bnot $|last (?:time|year)|starts? (?:at|from)|at just|discount|fee of|invoice|paid |was `)
	notOfferedAfter = regexp.MustCompile(`^.{0,12}(?:in all, of which|per (?:night|plate|plot|ticket|head|person|bag|kg|litre)|for (?:ticket|regular|vip|one room)|tickets?\b|is (?:too|beyond)|gate|and above|worth)`)
)

// budget takes the one sum that the sender offers. A sum beside words of
// asking, of selling or of somebody else's price is none; two different
// offers in one mail are an editor's to read.
func (t *text) budget() *Fact {
	var found *Fact
	for _, m := range sumPattern.FindAllStringSubmatchIndex(t.all, 50) {
		from, to := m[0], m[1]
		if from > 0 && (isAlnum(t.all[from-1]) || strings.IndexByte("-.,/+", t.all[from-1]) >= 0 && !strings.HasPrefix(t.all[from-1:], ", ")) || t.quoted(from) || inLink(t.all, from) {
			continue
		}
		before, after := t.before(from, 60), t.after(to, 40)
		// What stands nearer to the sum counts; a sum offered in the same
		// breath as another's price is left alone.
		good := offered.MatchString(before) || offeredAfter.MatchString(after) || t.alone(from, to)
		bad := notOffered.MatchString(before) || notOfferedAfter.MatchString(after)
		if !good || bad || m[18] >= 0 && !endsPhrase.MatchString(t.all[to:]) {
			continue
		}
		value, ok := t.money(m)
		if !ok {
			continue
		}
		if found != nil && found.Value.(Money).From != value.From {
			return nil
		}
		if found == nil {
			found = t.fact(from, to, value)
		}
	}
	return found
}

// endsPhrase follows a bare figure that is a sum: "25,000 readers" is none.
var endsPhrase = regexp.MustCompile(`^(?:[.,;!?)\n]|$| (?i:only|for|and|but|now)\b)`)

// alone says whether a sum in the body makes a sentence by itself, or its
// start: "N250k. Site: …" in a request is what the sender has in mind.
func (t *text) alone(from, to int) bool {
	return from > t.body && strings.TrimSpace(t.before(from, 60)) == "" && endsAlone.MatchString(t.all[to:])
}

var endsAlone = regexp.MustCompile(`^(?:[.?!\n]|$|, (?:half|one|\d|payment|is it|all))`)

// money computes the sum of a match of sumPattern.
func (t *text) money(m []int) (Money, bool) {
	group := func(i int) string {
		if m[2*i] < 0 {
			return ""
		}
		return t.all[m[2*i]:m[2*i+1]]
	}
	number, scaled := group(2)+group(4)+group(7)+group(9), group(3)+group(5)+group(8)
	low, ok := amount(number, scaled)
	money := Money{From: low, To: low, Currency: currency(group(1) + group(6))}
	if end := group(10); end != "" {
		high, fine := amount(end, group(11))
		if fine && high < low {
			return Money{}, false
		}
		if group(11) != "" && scaled == "" && low < 1000 {
			money.From, _ = amount(number, group(11))
		}
		money.To, ok = high, ok && fine
	}
	if p := perPattern.FindStringSubmatch(t.all[m[0]:m[1]]); p != nil {
		per := map[string]string{"monthly": "month", "mois": "month", "weekly": "week", "semaine": "week", "daily": "day", "each": "piece"}[strings.ToLower(p[1]+p[2])]
		if per == "" {
			per = strings.ToLower(p[1] + p[2])
		}
		money.Per = &per
	}
	return money, ok && low > 0
}

func amount(figure, scale string) (float64, bool) {
	f, err := strconv.ParseFloat(strings.NewReplacer(",", "", " ", "").Replace(figure), 64)
	if err != nil {
		return 0, false
	}
	switch strings.ToLower(strings.TrimSpace(scale)) {
	case "k", "thousand":
		f *= 1e3
	case "m", "million":
		f *= 1e6
	}
	return f, true
}

func currency(words string) *string {
	code := map[string]string{
		"₦": "NGN", "n": "NGN", "ngn": "NGN", "naira": "NGN", "#": "NGN", "£": "GBP", "gbp": "GBP", "pounds": "GBP", "€": "EUR", "eur": "EUR",
		"euro": "EUR", "euros": "EUR", "usd": "USD", "us$": "USD", "$": "USD", "dollar": "USD", "dollars": "USD", "dólares": "USD",
		"gh₵": "GHS", "ghs": "GHS", "cedis": "GHS", "kes": "KES", "ksh": "KES", "inr": "INR", "r": "ZAR", "zar": "ZAR", "rand": "ZAR", "fcfa": "XOF", "cfa": "XOF",
		"f cfa": "XOF", "f": "XOF", "xof": "XOF", "escudos": "CVE", "a$": "AUD", "c$": "CAD",
	}[strings.ToLower(strings.TrimSpace(words))]
	if code == "" {
		return nil
	}
	return &code
}
