package inbox_test
import ("testing";"time";"fmt";"bytes";"github.com/olomotimes/tipsheet/inbox/imap";"github.com/olomotimes/tipsheet/inbox/sorter";"github.com/olomotimes/tipsheet/proof/dovecot")
func TestZZ(t *testing.T){
	ctx,db:=within(t,5*time.Minute),open(t)
	d:=startDovecot(t,dovecot.Options{})
	for n:=range 3000 { must(t,d.Deliver("INBOX",mail(string(bytes.Repeat([]byte("A line of text that somebody wrote to us.\n"),50+n%400)),"From: Reader <reader"+fmt.Sprint(n)+"@example.com>",fmt.Sprintf("Subject: tip: %d",n)))) }
	o:=options(t,db,loopback(d.Port(),imap.FilingLeave))
	m,err:=sorter.Load(); must(t,err); o.Model=m
	in:=newInbox(t,o)
	began:=time.Now()
	stored:=0
	in.OnStep(func(s string){ if s=="stored" {stored++; if stored==30 {t.Log("stored all", time.Since(began))}}})
	r,err:=in.Poll(ctx); must(t,err)
	t.Log(r,time.Since(began), 3000/time.Since(began).Seconds())
}
