package desk

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/olomotimes/tipsheet/data"
	"github.com/olomotimes/tipsheet/templates"
	"github.com/olomotimes/tipsheet/token"
	"github.com/olomotimes/tipsheet/web"
)

// A Previewer renders what would go out if an issue closed now.
type Previewer interface {
	Preview(ctx context.Context, issue int64) (subject, html, text string, err error)
}

// Options are what the desk stands on. All are needed but Trusted, Secure, Now, Location and
// Preview.
type Options struct {
	DB       *data.DB
	Pages    *templates.Pages
	Mail     *templates.Mail
	Keys     token.Keys
	Site     templates.Site
	Header   data.Header // of replies
	Log      *slog.Logger
	Trusted  []netip.Prefix   // proxies whose word on the client's address is taken
	Secure   bool             // editors come by https
	Now      func() time.Time // nil: time.Now
	Location *time.Location   // in which times are shown; nil: UTC
	Preview  Previewer        // nil: drafts have no preview
}

// Server answers the desk's pages. Close ends its event streams.
type Server struct {
	Options
	sessions  *web.Sessions
	watch     *web.Sessions // the same, without noting a use
	passwords *web.Passwords
	attempts  *web.Attempts
	replying  sync.Mutex    // one reply at a time, so that a second press is seen
	pressing  sync.Mutex    // one button of a conversation at a time, for the same reason
	streams   chan struct{} // one token an open event stream
	liveEvery time.Duration
	closed    chan struct{}
	closing   sync.Once
}

// New checks the options.
func New(o Options) (*Server, error) {
	switch {
	case o.DB == nil, o.Pages == nil, o.Mail == nil, o.Log == nil:
		return nil, errors.New("the desk needs a database, pages, mails and a log")
	case o.Header.From == "", o.Header.Domain == "":
		return nil, errors.New("the desk needs a sender and a domain for its replies")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	o.Header.Automatic = false
	return &Server{
		Options:   o,
		sessions:  web.NewSessions(o.DB, o.Secure, o.Now),
		watch:     web.NewSessions(peeking{o.DB}, o.Secure, o.Now),
		passwords: web.NewPasswords(),
		attempts:  web.NewAttempts(web.SignInLimits(), o.Now),
		streams:   make(chan struct{}, maxStreams),
		liveEvery: 2 * time.Second,
		closed:    make(chan struct{}),
	}, nil
}

// Close ends the event streams, so that a server that shuts down need not wait for open pages.
// It may be called twice.
func (s *Server) Close() { s.closing.Do(func() { close(s.closed) }) }

// handler answers somebody who is signed in; at the door the editor is the zero value.
type handler func(http.ResponseWriter, *http.Request, data.Editor)

// A route is one pattern of the mux, who may use it, and what answers.
type route struct {
	pattern string
	who     access
	serve   handler
}

func (s *Server) routes() []route {
	return []route{
		{"GET /desk/static/", anybody, func(w http.ResponseWriter, r *http.Request, _ data.Editor) { s.Pages.Assets().ServeHTTP(w, r) }},
		{"GET /desk/sign-in", anybody, s.showDoor},
		{"POST /desk/sign-in", anybody, s.signIn},
		{"POST /desk/sign-out", anybody, s.signOut},
		{"GET /desk/{$}", signedIn, s.start},
		{"GET /desk/inbox", signedIn, s.inbox},
		{"GET /desk/conversation/{id}", signedIn, s.showConversation},
		{"POST /desk/conversation/{id}/category", signedIn, s.resort},
		{"POST /desk/conversation/{id}/status", signedIn, s.move},
		{"POST /desk/conversation/{id}/reply", signedIn, s.reply},
		{"GET /desk/message/{id}/raw", signedIn, s.raw},
		{"GET /desk/live", signedIn, s.live},
		{"GET /desk/issues", signedIn, s.issues},
		{"GET /desk/issues/{id}", signedIn, s.issue},
		{"GET /desk/issues/{id}/mail", signedIn, s.issueMail},
		{"GET /desk/issues/{id}/text", signedIn, s.issueText},
		{"POST /desk/issues/{id}/{move}", newsroom, s.moveIssue},
		{"GET /desk/stories", signedIn, s.stories},
		{"GET /desk/subscribers", signedIn, s.subscribers},
		{"GET /desk/deliveries", signedIn, s.deliveries},
		{"GET /desk/settings", signedIn, s.settings},
		{"POST /desk/settings/password", signedIn, s.changePassword},
		{"/desk/", signedIn, s.notFound},
	}
}

// Handler serves the desk; it is mounted at "/desk/".
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.HandleFunc(r.pattern, s.guarded(r))
	}
	return web.Log(s.Log, web.Headers(web.DeskPolicy, s.Secure, web.LimitBody(web.MaxBody, web.CrossOrigin(mux))))
}
