// Package site is what readers open: the form to subscribe, the confirmation, the ways out of
// a newsletter and back in, and the archive of past issues.
//
// A subscription is asked for by anybody and made by its owner: the form leaves a row and a
// confirmation letter for the mailer, and answers with the same page whoever the address
// belongs to. The links in a mail carry a signed token instead of a login. Opening one (GET,
// HEAD) shows a page and changes nothing, because mail scanners open every link; the button
// on that page posts. POST /u/TOKEN is also the one-click address of RFC 8058: it asks for no
// cookie and no origin, and answers the same however often it comes.
//
// When the database cannot be written, the page says so under status 503 and claims nothing;
// the reader tries again. Words come from templates, limits from web.
package site
