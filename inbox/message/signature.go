package message

import (
	"regexp"
	"strings"
)

var (
	// sentFrom are the lines that phones and mail programs add.
	sentFrom = regexp.MustCompile(`(?i)^[\s*_<>(\[]*(?:(?:sent|send) (?:from|via|with|by|using) (?:(?:my|a|the) (?:\w+ )?(?:i?phone|i?pad|ipod|mobile|cell|android|galaxy|samsung|blackberry|windows|huawei|xiaomi|redmi|tecno|infinix|itel|oppo|vivo|pixel|nokia|motorola|moto|htc|lg|sony|oneplus|device|tablet|mac|macbook|smartphone|handheld|palm|treo|watch|verizon|t-mobile|at&t)|mail|yahoo|outlook|samsung|proton|gmail|iphone|ipad|android|blackberry|windows|postbox|\w+ for|\w+ ?mail|mobile|sparrow|acompli)\b|get outlook for|` +
		`von meinem .{2,40} gesendet|gesendet (?:von|mit|über)|diese nachricht wurde von meinem|envoyé (?:de|depuis|à partir de) (?:mon|ma|mail|yahoo|l)|téléchargez outlook|provenance : courrier|` +
		`enviado (?:desde|do|de|a partir|pelo|via) |obter o outlook|obtener outlook|inviato da|scarica outlook|verzonden (?:vanaf|met|via)|verstuurd vanaf|outlook voor|skickat från|sendt fra|lähetetty|wysłane z|wysłano z|отправлено (?:с|из)|iphoneから送信|从我的|发自我的|나의 .{1,20}에서 보냄|` +
		`out of my (?:iphone|phone)|sent on the go)`)
	dashLine = regexp.MustCompile(`^--\s*$`)
	footLine = regexp.MustCompile(`^_{2,}\s*$`) // above the footer of a mailing list
)

// maxSignature is how many lines a signature may run after its mark. A longer rest is text.
const maxSignature = 20

// cutSignature ends the text at the signature mark (RFC 3676, section 4.3: two dashes, in practice
// also without the blank) or at a line that a phone adds at the end.
func cutSignature(lines []string) []string {
	for i, line := range lines {
		mark := dashLine.MatchString(line) || footLine.MatchString(line)
		if mark && i > 0 && filled(lines[i+1:], maxSignature) <= maxSignature {
			return lines[:i]
		}
	}
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.TrimSpace(lines[i]) == "" {
			continue
		}
		if sentFrom.MatchString(lines[i]) && len(lines[i]) < 120 && filled(lines[i+1:], 1) <= 1 {
			return lines[:i]
		}
		if filled(lines[i:], 2) > 2 {
			return lines
		}
	}
	return lines
}

// filled counts the lines that are not blank, up to one more than limit.
func filled(lines []string, limit int) int {
	n := 0
	for _, line := range lines {
		if strings.TrimSpace(line) != "" {
			if n++; n > limit {
				return n
			}
		}
	}
	return n
}
