package site

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
	"github.com/olomotimes/tipsheet/web"
)

// Options are what the public pages stand on. All are needed but Trusted, Secure and Now.
type Options struct {
	DB      *data.DB
	Pages   *templates.Pages
	Mail    *templates.Mail
	Keys    token.Keys
	Site    templates.Site
	Header  data.Header // of the letters; SiteURL is where links begin
	Log     *slog.Logger
	Trusted []netip.Prefix   // proxies whose word on the client's address is taken
	Secure  bool             // readers come by https
	Now     func() time.Time // nil: time.Now
}

// Server answers the public pages.
type Server struct {
	Options
	attempts *web.Attempts
	asking   sync.Mutex // one form at a time, so that an address is counted before it is written to
	pause    func(*http.Request, time.Time) error
}

// New checks the options.
func New(o Options) (*Server, error) {
	switch {
	case o.DB == nil, o.Pages == nil, o.Mail == nil, o.Log == nil:
		return nil, errors.New("public pages need a database, pages, mails and a log")
	case o.Header.From == "", o.Header.Domain == "", o.Header.SiteURL == "":
		return nil, errors.New("public pages need a sender, a domain and an address of their own for their letters")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Header.SiteURL = strings.TrimRight(o.Header.SiteURL, "/")
	return &Server{Options: o, attempts: web.NewAttempts(web.FormLimits(), o.Now), pause: pauseUntil}, nil
}

// A route is one pattern of the mux with what answers it.
type route struct {
	pattern string
	serve   http.HandlerFunc
}

func (s *Server) routes() []route {
	return []route{
		{"GET /{$}", s.home},
		{"POST /subscribe", s.subscribe},
		{"GET /confirm/{token}", s.showConfirm},
		{"POST /confirm/{token}", s.confirm},
		{"GET /u/{token}", s.showUnsubscribe},
		{"POST /u/{token}", s.unsubscribe},
		{"POST /u/{token}/back", s.back},
		{"GET /p/{token}", s.showPreferences},
		{"POST /p/{token}", s.savePreferences},
		{"GET /archive", s.archiveFolder},
		{"GET /archive/{$}", s.archive},
		{"GET /archive/{id}", s.pastIssue},
		{"GET /archive/{id}/mail", s.pastMail},
		{"GET /i/{token}", s.view},
		{"GET /static/", s.Pages.Assets().ServeHTTP},
		{"/", s.notFound},
	}
}

// Handler serves the public pages; it is mounted at "/".
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.HandleFunc(r.pattern, r.serve)
	}
	// RFC 8058, section 3.1: the one-click POST comes from a mail provider, without cookies
	// and from no page of ours.
	guarded := web.CrossOrigin(mux, "POST /u/{token}")
	return web.Log(s.Log, web.Headers(web.SitePolicy, s.Secure, web.LimitBody(web.MaxBody, guarded)))
}
