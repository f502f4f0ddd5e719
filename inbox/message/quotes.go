package message

import (
	"regexp"
	"strings"
)

// wroteWords are how mail programs say "wrote" in the line above a quote.
const wroteWords = `wrote|writes|schrieb(?: am)?|geschrieben|a [ée]crit|[ée]crivait|escribi[óo]|ha escrito|escreveu|ha scritto|scrisse|` +
	`schreef|geschreven|skrev|kirjoitti|napisa[łl]\(?a?\)?|napsala?|je napisao|je napisala|nap[ií]sal\(?a?\)?|a scris|[íi]rta|yazd[ıi]|şunu yazdı|` +
	`написала?|пишет|писала?|έγραψε|menulis|đã viết|va escriure|idatzi du|rakstīja|rašė|kirjutas|写道|寫道|のメール|書きました|작성|כתב|כתבה|كتب`

var (
	// wroteLine ends an attribution: the verb, then a colon, perhaps words between (Dutch, French).
	wroteLine = regexp.MustCompile(`(?i)(?:^|[\s>,)])(?:` + wroteWords + `)[^:：]{0,40}[:：]\s*$`)
	// wroteRule is the form between dashes: "---- A. Bello wrote ----".
	wroteRule = regexp.MustCompile(`(?i)^\s*-{2,}.{1,200}\b(?:wrote|schrieb|a écrit|escribió|escreveu|ha scritto|schreef)\s*-{2,}\s*$`)
	// datedAddress is the form without a verb: "2014-10-17 11:28 GMT+03:00 A. Bello <a@example.org>:".
	datedAddress = regexp.MustCompile(`^\s*(?:\S+\s+){0,2}\d{1,4}(?:[-/.年]\d{1,2}[-/.月]|\.? \pL{3,12}\.?,? )\d{1,4}.{0,200}<[^<>]*@[^<>]*>\s*[:：]\s*$`)
	whoOrWhen    = regexp.MustCompile(`\d{1,2}[:.h]\d{2}|\b\d{4}\b|\S@\S|\d{1,2}[/.-]\d{1,2}[/.-]\d{2}|<.*>`)
	onDate       = regexp.MustCompile(`(?:^|[-–—\s])(On\s+(?:\w{3,9},?\s+)?\w{1,9}[./ -].*)$`)
	startsReply  = regexp.MustCompile(`(?i)^[\s*_#-]*(?:(?:on|le|am|el|em|il|op|den|på|w dniu|dnia|dne|pada|vào|στις|la|a|at|dana|tarihinde|в)[\s,]|\d{1,4}[-/.年]\d|\d{1,2}\.? \pL{3,12}\.?,? \d{4}|` +
		`(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|пн|вт|ср|чт|пт|сб|вс)\pL*[.,]\s)`)
	startsName = regexp.MustCompile(`^[\s*_#-]*"?[^\s:]{1,40}.{0,80}<[^<>]+>`)
)

// maxAttribution is over how many lines an "On … wrote:" line may be wrapped.
const maxAttribution = 6

// attribution says over how many lines an "On … wrote:" line runs from the first one, and what stands
// before it on that line. Zero: there is none here.
func attribution(lines []string) (before string, length int) {
	first := lines[0]
	if strings.TrimSpace(first) == "" {
		return "", 0
	}
	if strings.Contains(first, "--") && wroteRule.MatchString(first) {
		return "", 1
	}
	joined, filled := "", 0
	for n := 0; n < min(maxAttribution+3, len(lines)) && filled < maxAttribution; n++ {
		line := strings.Trim(lines[n], " \t\u00a0*_")
		if line == "" && joined != "" && !whoOrWhen.MatchString(joined) {
			return "", 0
		} else if line == "" {
			continue
		}
		filled++
		joined = strings.TrimSpace(joined + " " + line)
		if len(joined) > 500 {
			return "", 0
		}
		ended := strings.HasSuffix(joined, ":") || strings.HasSuffix(joined, "：")
		if ended && datedAddress.MatchString(joined) {
			return "", n + 1
		}
		if ended && wroteLine.MatchString(joined) && whoOrWhen.MatchString(joined) {
			if opens(joined) {
				return "", n + 1
			}
			if m := onDate.FindStringIndex(first); m != nil {
				return strings.TrimRight(first[:m[0]], " -–—"), n + 1
			}
			return "", 0
		}
		if n == 0 && !mayBegin(line) {
			return "", 0
		}
	}
	return "", 0
}

// mayBegin spares ordinary lines the look at those after them.
func mayBegin(line string) bool {
	if len(line) > 500 || !strings.ContainsAny(line, "0123456789<@") {
		return false
	}
	return opens(line) || strings.Contains(line, "On ") && onDate.MatchString(line)
}

// opens says whether a line begins like an attribution: a preposition or a weekday, a date, a name with
// an address, or a phone's "Sent from" that ran into one.
func opens(line string) bool {
	return startsReply.MatchString(line) || strings.Contains(line, "<") && startsName.MatchString(line) ||
		strings.HasPrefix(strings.TrimSpace(line), "Sent from")
}

var (
	originalRule = regexp.MustCompile(`(?i)^[\s>]*[-_=*]{2,}\s*(?:(?:original|forwarded|reply|ursprüngliche|originale|weitergeleitete|vorherige|urspr\.?) ?-?(?:message|e?-?mail|nachricht|meddelande|msg)?|` +
		`message (?:d['’]origine|original|transféré|transmis)|mensaje (?:original|reenviado)|mensagem (?:original|encaminhada)|messaggio (?:originale|inoltrato)|` +
		`oorspronkelijk bericht|doorgestuurd bericht|original ?meddelelse|oprindelig meddelelse|videresendt melding|vidarebefordrat meddelande|ursprungligt meddelande|alkuperäinen viesti|wiadomość oryginalna|` +
		`пересланное сообщение|исходное сообщение|původní zpráva|eredeti üzenet|mesaj original|orijinal mesaj|邮件原件|原始邮件|元のメッセージ|원본 메(?:일|시지))\s*[-_=*:]*\s*$`)
	forwardRule = regexp.MustCompile(`(?i)^[\s>*_-]*(?:begin forwarded message|forwarded message|anfang der weitergeleiteten (?:nachricht|e-mail)|weitergeleitete nachricht|début du message (?:réexpédié|transféré)|` +
		`message transféré|mensaje reenviado|inicio del mensaje reenviado|mensagem encaminhada|início da mensagem (?:reencaminhada|encaminhada)|messaggio inoltrato|inizio messaggio inoltrato|doorgestuurd bericht|begin doorgestuurd bericht|пересылаемое сообщение)\s*[-_*]*\s*[:：]?[\s-]*$`)
	replyAbove  = regexp.MustCompile(`(?i)^\s*(?:[#=*>\[(_-]|please|bitte|merci|veuillez|por favor|responda).*(?:reply|type your (?:reply|response)|antwort\w*|réponse|respuesta|resposta)\W.{0,40}(?:above|oberhalb|über|au-dessus|encima|arriba|acima) .{0,20}(?:line|zeile|ligne|línea|linea|linha)`)
	historyHead = regexp.MustCompile(`(?i)^[\s*_#-]*(?:previous repl(?:y|ies)|previous messages?|vorherige (?:antworten|nachrichten)|réponses précédentes|respuestas (?:anteriores|previas)|respostas anteriores|risposte precedenti)[\s*_#:-]*$`)

	fromLabel  = regexp.MustCompile(`(?i)^[\s*>_|]*(?:from|von|de|da|van|fra|från|od|от|кому|kimden|lähettäjä|feladó|expeditor|expéditeur|remitente|remetente|mittente|afzender|发件人|寄件者|差出人|보낸 ?사람|מאת|من|από)\s*\*?\s*[:：]\*?\s*\S`)
	dateLabel  = regexp.MustCompile(`(?i)^[\s*>_|]*(?:date|sent|datum|gesendet|envoyé|enviado(?: el)?|fecha|data|inviato|verzonden|sendt|skickat|dato|wysłano|отправлено|дата|gönderildi|tarih|lähetetty|elküldve|发送时间|日期|寄件日期|送信日時|日時|날짜|보낸 ?날짜|נשלח)\s*\*?\s*[:：]\*?\s*\S`)
	otherLabel = regexp.MustCompile(`(?i)^[\s*>_|]*(?:to|an|à|a|para|per|aan|til|till|do|кому|kime|vastaanottaja|címzett|subject|betreff|objet|asunto|assunto|oggetto|onderwerp|emne|ämne|temat|тема|konu|aihe|tárgy|subiect|cc|kopie|reply-to|收件人|主题|主旨|宛先|件名|받는 ?사람|제목|אל|נושא)\s*\*?\s*[:：]\*?`)
)

// startsHistory says whether quoted history begins at the first line and runs to the end.
func startsHistory(lines []string) bool {
	line := strings.TrimSpace(lines[0])
	if line == "" {
		return false
	}
	if len(line) < 200 && (originalRule.MatchString(line) || forwardRule.MatchString(line) || historyHead.MatchString(line) || replyAbove.MatchString(line)) {
		return true
	}
	return headerBlock(lines) > 0
}

// headerBlock says over how many lines a copied mail header ("From: … Sent: … To: …") runs, as
// Outlook puts it above the mail that is answered. Zero: there is none here.
func headerBlock(lines []string) int {
	first := lines[0]
	if len(first) > 1000 || !strings.ContainsAny(first, ":：") {
		return 0
	}
	isFrom, isDate := fromLabel.MatchString(first), dateLabel.MatchString(first)
	if !isFrom && !isDate {
		return 0
	}
	labels, dated, end := 1, isDate, 1
	for n := 1; n < min(10, len(lines)); n++ {
		line := lines[n]
		switch {
		case dateLabel.MatchString(line):
			labels, dated, end = labels+1, true, n+1
		case otherLabel.MatchString(line) || fromLabel.MatchString(line):
			labels, end = labels+1, n+1
		case strings.TrimSpace(line) == "" && labels >= 2:
			n = len(lines)
		case n-end >= 2:
			n = len(lines)
		}
	}
	if labels >= 3 || labels == 2 && dated {
		return end
	}
	return 0
}
