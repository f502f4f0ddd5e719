// Package templates is everything that people see: the mails that go out and the pages of the
// public site and of the desk.
//
// Each mail and each page is one template file beside one typed struct. The steps are always the
// same: [NewMail] and [New] parse every embedded file once, at start, and return an error that
// names the file which does not parse; a caller fills the struct with plain Go values and asks for
// it to be rendered; the whole is rendered into memory first, so that a failure writes nothing and
// never sends half a page. Pages are html/template only, without inline script or style, and work
// without script. A mail's text part is composed from the same stories as its HTML, never derived
// from it.
//
// The package imports nothing of ours, opens no file and reads no clock: times come in as data and
// are shown in the time zone they carry.
package templates
