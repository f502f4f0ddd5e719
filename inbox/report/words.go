package report

import (
	"regexp"
	"strings"
)

// rule ties words of mail servers to a reason.
type rule struct {
	reason string
	words  *regexp.Regexp
}

func words(reason, pattern string) rule {
	return rule{reason, regexp.MustCompile(`(?i)` + pattern)}
}

// rules are tried in order; the first that matches names the reason. What is about us comes before
// what is about the reader where the same words can mean both ("sender address rejected: domain not
// found").
var rules = []rule{
	words(ReasonFull, `(?:mail ?box|inbox|user'?s? ?mail|maildir|account|disk|storage|recipient.{0,20}|user.{0,40}) (?:is |has been |has )?(?:currently )?(?:full|over ?quota|exceeded)|over ?quota|quota (?:is |has been )?(?:exceed|full|viol)|exceed\w* (?:\w+ ){0,4}(?:quota|storage|disk space|mailbox size)|out of (?:storage|disk) ?space|mailbox (?:size|storage) limit|not enough (?:storage|disk|free) ?space|insufficient (?:disk|mailbox|user) (?:space|storage)|mailfolder is full|full mailbox|mailbox.{0,20}would exceed|user has too many messages|bo[iî]te.{0,20}pleine|quota utilisateur|cuota|容量|disk quota|\bcuenta.{0,20}llena`),
	words(ReasonSize, `message (?:size |is )?(?:exceeds?|too (?:large|big|long))|(?:message|mail) (?:file )?size (?:exceeds|limit)|too (?:large|big) (?:message|mail)|exceeds? (?:\w+ ){0,3}(?:maximum|max\.?|size|fixed) (?:\w+ )?(?:message |size|limit)|size limit|message length exceeds|exceeded maximum inbound message size`),
	words(ReasonAuth, `\bspf\b|\bdkim\b|\bdmarc\b|authentication(?: check|-results| required for|.{0,10}fail)|unauthenticated (?:mail|email|sender)|reverse (?:dns|lookup|name|host)|\bptr\b|rdns|no ptr|cannot (?:find|resolve) your (?:reverse )?host ?name|unresolvable (?:relay )?host|cannot resolve your|does not pass (?:\w+ ){0,3}(?:checks?|verification)|fix reverse|access denied\. ip name lookup failed|client host rejected: cannot find`),
	words(ReasonBlocked, `blacklist|block ?list|blocklisted|black ?listed|\bdnsbl\b|\brbl\b|spamhaus|spamcop|barracuda ?central|\bsorbs\b|proofpoint|senderbase|reputation|(?:is|are|was|were|been|being|ip|host) listed (?:in|on|at|by) |my name was rejected|from:? domain is invalid|(?:ip|host|client|server|sender|domain)\b.{0,40}(?:is |has been |was |are )?(?:blocked|banned|denied|rejected due to)|connection (?:refused|rejected|denied)? ?(?:due to|by) policy|blocked (?:using|by|for|due)|sender (?:address |domain |mail |denied|email )?(?:rejected|verify|denied|not (?:allowed|permitted|exist|found))|(?:sender|envelope.?from|mail from|return.?path).{0,40}(?:does not exist|invalid|unknown|not (?:exist|found|resolve)|rejected|must resolve|refused)|domain of sender|sender'?s domain|after mail from|client host|your (?:ip|host|server|network|mail server)\b|greylist|too many (?:bad|invalid) recipients|unsolicited mail originating`),
	words(ReasonRelay, `relay(?:ing)? (?:access )?(?:denied|not (?:allowed|permitted)|prohibited|refused|blocked)|not (?:allowed|permitted) to relay|unable to relay|cannot relay|do(?:es)? not relay|relay access|no relay|rcpthosts|not a gateway|no relaying|we do not relay`),
	words(ReasonUnknownUser, `recipient address rejected: access denied|bad[_ ]recipient|is not an active (?:address|user|account)|user ?(?:id |account |name )?(?:is )?(?:unknown|not ?found|does ?n[o']t exist|doesn't have|invalid|not listed|unkn)|unknown (?:local )?(?:user|recipient|account|address|mailbox|local.?part|login|alias)|no such (?:a )?(?:user|recipient|account|person|mailbox|address|local|mail ?drop|name|list|customer|id)|(?:recipient|mailbox|address|account|user|e-?mail|addressee|destinat\w+|rcpt)\b.{0,60}(?:does ?n[o']t exist|do not exist|not exist|not found|unknown|not known|unrecogni[sz]ed|not recogni[sz]ed|not listed|not valid|no longer (?:valid|exists|available|active|in use|accept|works|with)|cannot be found|could ?n[o']t be found|couldn't be found|wasn't found|not (?:a )?(?:valid|local|registered)|isn't (?:in|valid)|is invalid|is bad|has been (?:removed|deleted)|nonexist|non-exist|not our customer)|invalid (?:recipient|mailbox|user|address|final|e-?mail|destination|local|rcpt)|(?:recipient|destination)s?(?: address| name)?.{0,20}(?:not recogni[sz]ed|invalid)|address (?:unknown|invalid|error)|addresses? (?:are |is )?(?:invalid|unknown)|not a (?:known|valid) (?:user|recipient|mailbox|address)|bad (?:destination|recipient|address)(?: email)?(?: mailbox)? ?address|bad destination|not a valid (?:mailbox|user|recipient|address)|no (?:mailbox|account|user|one) (?:here |with |by |found|exists)|sorry, no mailbox|mailbox (?:not found|unavailable|does not|unknown)|unrouteable address|undeliverable address|not our customer|this (?:user|account|address) (?:doesn't|does not|is not)|usuario (?:desconocido|no)|(?:destinataire|utilisateur|adresse).{0,20}(?:inconnu|invalide|inexistant)|unbekannt|destinatario (?:sconosciuto|desconhecido|inexistente)|recipnotfound|nouser|user_?unknown|recipient ?(?:address)? ?rejected: (?:user|undeliv|unknown|recipient|no |invalid)|\bdoes not like recipient|not listed in (?:domino|public|directory)|directory.{0,20}not found|couldn't find any (?:user|recipient)|has no mailbox|name not found|unknown or illegal (?:alias|user)|can'?t create user output|is not (?:a user|known|one of) (?:here|at|our)|5\.1\.1\b`),
	words(ReasonUnknownHost, `host \S+ (?:was )?not found|name service error|domain is not reachable|find a mail exchanger|host(?: name)? (?:is )?(?:unknown|not ?found|does not exist)|unknown (?:host|domain|mail host|mailer host)|domain(?: name)?.{0,40}(?:not found|does not exist|unknown|n[o']t exist|no(?:t)? (?:valid|resolve)|is invalid|couldn't be found)|no such (?:host|domain)|name (?:server|service).{0,30}(?:not found|not known|host not found)|nxdomain|(?:dns|mx).{0,30}(?:not found|no (?:valid )?(?:such|record|mx|a)|nonexist|non-exist)|couldn't find any host|could not find (?:any )?(?:host|mail ?server)|unable to (?:resolve|find host|lookup)|no (?:mx|a|mail exchanger)\b.{0,20}record|all relevant mx records point to non-existent|mail server.{0,20}not found|illegal host/domain|lookup.{0,30}failed|bad host|unrouteable mail domain|invalid (?:host|domain)|null mx`),
	words(ReasonMoved, `(?:user|recipient|account|mailbox|has|address) (?:has |have )?(?:been )?moved|no longer (?:with|at|employed|works)|has left|changed (?:his|her|their|my)? ?(?:e-?mail|address)|new address is|please (?:use|try) (?:the )?(?:new )?<`),
	words(ReasonDisabled, `(?:account|mailbox|user|recipient|address).{0,40}(?:disabled|suspended|inactive|locked|deactivated|not active|expired|frozen|blocked|discontinued|terminated|closed)|(?:disabled|inactive|suspended|locked|deactivated) (?:user|account|mailbox|recipient)|not activated|mailbox currently (?:suspended|disabled)|temporarily (?:locked|disabled|inactive)`),
	words(ReasonSpam, `\bspam|junk mail|unsolicited|\bube\b|\buce\b|bulk ?mail|content filter|looks like|bayes|phish|score (?:of|is|too)`),
	words(ReasonContent, `virus|malware|infected|attachment|banned|content (?:rejected|denied|type|not)|message content|dangerous|\burl\b.{0,30}(?:block|reject)|forbidden (?:file|content)|bare (?:lf|cr)|malformed (?:mail|message|header)|non-?rfc|rfc ?(?:2822|5322|2045)|headers? (?:are |is )?(?:not|missing|malformed)|syntax error in (?:header|from)`),
	words(ReasonRate, `too many|rate ?limit|throttl|rate (?:is )?(?:exceed|too)|exceeded the (?:maximum|rate|allowed)|too (?:fast|frequent)|try again (?:later|shortly)|temporarily (?:deferred|rejected)|unusual rate|concurrent|daily limit`),
	words(ReasonLoop, `\bloop|too many hops|hop count|hops exceeded`),
	words(ReasonNetwork, `connect to \S+|connection (?:refused|timed out|reset|dropped|closed|lost)`),
	words(ReasonBlocked, `access denied`),
	words(ReasonRefused, `not (?:authori[sz]ed|permitted|allowed) to (?:send|post|mail)|permission to (?:send|post)|only (?:members|subscribers|accepts)|restricted|does not accept|doesn't accept|refus|not accept|recipient (?:address )?rejected|rejected by (?:recipient|user)|filter|acl|closed (?:list|group)|resolver\.rst|delivery not authori[sz]ed|admin(?:istrative)? prohib`),
	words(ReasonPolicy, `polic(?:y|ies)|security|prohibited|compliance|not compliant|violat|tls (?:is )?required|encryption`),
	words(ReasonSystem, `disk full|system (?:full|resources|not|error|incorrectly|config)|resources|insufficient|internal (?:error|server)|configuration|misconfigur|mailer (?:error|returned)|command (?:died|failed|time)|local (?:error|delivery)|server error|i/o error|temporary (?:lookup|failure|error|server|local)|local configuration|ldap|database|unexpected|cannot open|can'?t open|unable to (?:open|write|process)|protocol error|pipe|program|deferred by`),
	words(ReasonNetwork, `connect|time(?:d)? ?out|network|unreachable|route to host|no answer|not respond|did not respond|dns (?:error|fail|lookup)|lost connection|broken|handshake|server (?:is )?(?:down|unavailable|busy)|service (?:currently |temporarily |is |not )?(?:unavailable|available)|no route|socket|interrupted|bad file|econn|not reach`),
	words(ReasonExpired, `expired|too long|queue|retry (?:time|limit|count)|gave up|give up|giving up|could not be delivered (?:for|within|after)|undeliver(?:ed|able) (?:after|for)|time (?:limit|allowed)|delivery (?:attempts|time)|after \d+ (?:hours|days|attempts)|\d+ (?:days|hours)`),
	words(ReasonUnknownUser, `\b5\.1\.[01]\b|#5\.1\.1`),
}

// reasonInWords finds the reason that a server's words name, or "".
func reasonInWords(text string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	for _, r := range rules {
		if r.words.MatchString(text) {
			return r.reason
		}
	}
	return ""
}
