package enquiry

import (
	"regexp"
	"strings"
)

// properName is one to five capitalised words, joined by & or "and" or "of".
const properName = `(\p{Lu}[\p{L}\p{M}\d'’+-]*(?:(?: (?:&|and|of) | )\p{Lu}[\p{L}\p{M}\d'’+-]*){0,4})`

// companyMark ends the name of a company beyond doubt.
const companyMark = `(?:Ltd|Limited|Plc|PLC|Inc|LLC|GmbH|Enterprises?|Ventures|Foundation|Academy|Schools?|College|University|Polytechnic|` +
	`Hotels?|Suites|Resort|Restaurant|Bank|Pharmacy|Motors|Autos|Properties|Realty|Homes|Estates|Records|Studios?|Boutique|Couture|` +
	`Foods|Farms|Kitchen|Bakery|Travels?|Tours|Airlines|Logistics|Solar|Energy|Paints|Media|PR|Events|Fashions?|Skincare|Cosmetics|` +
	`Gadgets|Phones|Stores?|Ministry|Ministries|Church|Assembly|Festival|Hospital|Clinic|Cinema|Books|Press|Agency|Group|Insurance|Furniture|Spa|Hair)`

// companyPatterns come in the order of trust; the name is their first group.
var companyPatterns = []*regexp.Regexp{
	regexp.MustCompile(`(?m)^[ \t*-]*(?:[Cc]lient|[Aa]dvertiser|[Bb]rand|[Cc]ompany|CLIENT|ADVERTISER|COMPANY)(?: name)? ?: *` + properName),
	regexp.MustCompile(`\b(?:on behalf of|retained agency of|agency for|acting for) (?:the |our client,? )?` + properName),
	regexp.MustCompile(`\b(?:[Oo]ur|[Mm]y) (?:company|client|brand|shop|business|firm|client's brand),? (?:is |is called |na )?` + properName),
	regexp.MustCompile(`\b(?:I (?:run|own|manage|represent)|I am from|I'm from|I'm with|I am with|[Ww]e are|[Ww]e're|[Tt]his is) ` + properName),
	regexp.MustCompile(`(?:^|[.!?,\n] ?)(?:The )?` + properName + `(?:,? \p{Lu}\p{L}+)?,? (?:here\b|would like to|wants? to|wishes to|is hosting|wan (?:advertise|run|do)|wants|requests|intends to)`),
	regexp.MustCompile(`\b((?:\p{Lu}[\p{L}\p{M}\d'’-]* (?:& |and )?){1,4}` + companyMark + `(?: (?:of|and|by) \p{Lu}\p{L}+(?: \p{Lu}\p{L}+)?| Hub| Palace| Empire| Buying)?)\b`),
}

// notCompanies start a sentence like a name does.
var notCompanies = wordSet(`i we our my good hello hi dear please pls kindly how the this that what which greetings sir madam ma am morning
	afternoon evening day he she they you your it if a an and but so for from in on at to is are can could do does regards thanks thank
	editor admin team advert adverts banner sponsored post facebook instagram twitter whatsapp google january february march april may june
	july august september october november december monday tuesday wednesday thursday friday saturday sunday nigeria lagos abuja ghana kenya
	africa accra nairobi london re fwd fw both all client everyone someone one two three now also yes no abeg oga mr mrs miss dr chief
	alhaji hajia pastor prof engr barr bonjour bonsoir bom boa habari salam jambo family management na hon prophet marketing department central`)

func (t *text) company() *Fact {
	for _, pattern := range companyPatterns {
		var found *Fact
		for _, m := range pattern.FindAllStringSubmatchIndex(t.all, 20) {
			from, to := m[2], m[3]
			if from < t.body || t.quoted(from) || !isCompany(t.all[from:to]) {
				continue
			}
			f := t.fact(from, to, Name{Name: strings.TrimSpace(t.all[from:to])})
			if found != nil && found.Text != f.Text {
				return nil
			}
			if found == nil {
				found = f
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}

var (
	shortened = regexp.MustCompile(`^(?:I|We|You|It|That)['’]|^N?\d`)
	onlyMark  = regexp.MustCompile(`^` + companyMark + `$`)
)

func isCompany(name string) bool {
	words := strings.Fields(name)
	for _, w := range words {
		if notCompanies[strings.ToLower(w)] || shortened.MatchString(w) {
			return false
		}
	}
	return !onlyMark.MatchString(name) && len(words) > 0 && len(name) > 2 && len(name) < 60
}

func wordSet(words string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}
