package enquiry

import (
	"regexp"
	"strings"
)

// Format is what kind of advert is wanted.
type Format struct {
	Kind string `json:"kind"` // banner, sponsored_post, newsletter, link, social_post, event, promo or notice
}

var formatKinds = []struct {
	kind    string
	pattern *regexp.Regexp
}{
	{"banner", regexp.MustCompile(`(?i)\b(?:banners?(?: (?:ad|advert)s?)?|leaderboard|skyscraper|billboard|roadblock|pop-?ups?|display (?:ads?|advert(?:s|ising)?))\b`)},
	{"newsletter", regexp.MustCompile(`(?i)\bnewsletter (?:place(?:ment)?|slot|ad|advert|sponsorship|mention)s?\b`)},
	{"link", regexp.MustCompile(`(?i)\b(?:link insertions?|text links?|sponsored links?|niche edits?|editorial links?)\b`)},
	{"sponsored_post", regexp.MustCompile(`(?i)\b(?:(?:sponsored|guest|paid) (?:posts?|articles?|stor(?:y|ies)|features?|content|guest posts?)|advertorials?|native articles?)\b`)},
	{"social_post", regexp.MustCompile(`(?i)\b(?:(?:Facebook|Instagram|IG|Twitter|TikTok|WhatsApp|feed|story) (?:posts?|stor(?:y|ies)|reels?)|collab posts?|retweets?|reposts?)\b`)},
	{"notice", regexp.MustCompile(`(?i)\b(?:(?:public|appreciation|obituary|change of name) (?:notice|announcement)|obituary|obituar(?:y|ies)|vacancy adverts?)\b`)},
}

var (
	wanted = regexp.MustCompile(`(?i)(?:want|need|like|interested in|looking (?:for|to)|book|place|buy|order|cost of|how much (?:for|is|be|to)|price (?:for|of)|rates? for|charge for|accept|offer|do you do|run|pay(?: you)? for|put|publish|sponsor|wan|get|fee for|post) (?:to )?(?:(?:a|an|the|una|your|my|our) )?$|[:•*-] ?$`)
	more   = regexp.MustCompile(`(?i)(?:\band|\bor|\bplus|\+|&|,|\d+ ?x ?\d+) ?(?:a |an |the )?$`)
	ends   = regexp.MustCompile(`^ ?(?:$|[.,;:?!)\n])|^ (?i:for|from|between|to run|before|at|in|on|starting|this|next)\b`)
	joined = regexp.MustCompile(`^(?i:(?: ?,| ?\+| ?&| and| or| with| plus)[^.\n]{0,30}\b(?:banners?|posts?|articles?|links?|newsletter|stor(?:y|ies)|advertorials?|mentions?|interview|giveaway|IG|videos?|reels?|write-?up|pictures?|photos?|words|images?)\b)`)
)

// shortBody is the length in bytes up to which the subject may name the format.
const shortBody = 60

// format takes what stands where a wish stands, or the only format that the
// mail names. If more is wished for in the same breath, or another kind
// elsewhere, the words do not hold all of it and there is no fact.
func (t *text) format() *Fact {
	var found *Fact
	kind, wishes, mentions := "", 0, map[string]bool{}
	for _, k := range formatKinds {
		for _, at := range k.pattern.FindAllStringIndex(t.all, 30) {
			from, to := t.phraseStart(at[0]), at[1]
			if t.quoted(from) || from < t.body && len(t.all)-t.body > shortBody {
				continue // a long body says it better than the subject
			}
			before := t.before(from, 40)
			if kind != "" && kind != k.kind || more.MatchString(before) || joined.MatchString(t.all[to:]) {
				return nil
			}
			kind = k.kind
			if !ends.MatchString(t.all[to:]) {
				return nil
			}
			mentions[strings.ToLower(t.all[from:to])] = true
			wish := wanted.MatchString(before)
			f := t.fact(from, to, Format{Kind: k.kind})
			if wish && wishes == 0 || found == nil {
				found = f
			}
			if wish {
				wishes++
			}
		}
	}
	if wishes == 0 && len(mentions) > 1 {
		return nil
	}
	return found
}

var wordBefore = regexp.MustCompile(`[\p{L}\d][\p{L}\d'×-]* $`)

// phraseStart walks back from a noun over up to four words that tell more of
// it, as "two small sidebar" of a banner.
func (t *text) phraseStart(at int) int {
	for range 4 {
		lead := t.all[max(0, at-24):at]
		word := wordBefore.FindString(lead)
		if word == "" || len(word) == len(lead) || notOfFormat[strings.ToLower(strings.TrimSpace(word))] {
			break
		}
		at -= len(word)
	}
	for _, article := range []string{"a ", "an "} {
		if start := at - len(article); start > 0 && strings.EqualFold(t.all[start:at], article) && !isAlnum(t.all[start-1]) {
			return start
		}
	}
	return at
}

// notOfFormat end the walk: they belong to the wish, not to what is wished.
var notOfFormat = wordSet(`a an the your you our my we i una am for of to and or plus with in on at by from as is are be na dey go want wants need like
	likes place run put publish post book buy order pay sponsor accept take get offer do does have has send please pls abeg kindly price prices cost costs
	rate rates fee fees charge charges much about regarding advertise advertising advert wan use this that these those any some per each every no not only
	still also just more another permanent renew extend budget client client's seeking looking interested in if it up how what wetin via would could can will
	placing posting running sponsoring buying one's mo fe muna ina daya nke maka ole bu bụ sell re fwd option new`)
