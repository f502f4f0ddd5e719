package web

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"
)

const (
	headerTime = 10 * time.Second
	readTime   = 30 * time.Second
	writeTime  = 60 * time.Second
	idleTime   = 2 * time.Minute
	maxHeader  = 32 << 10
)

// NewServer makes a server whose every step has a deadline, so that slow or silent clients do not
// pile up. It is used with Serve and a listener. A handler that writes for longer than a minute,
// such as an event stream, lifts its own deadline with [http.ResponseController].
func NewServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(serverErrors{logger}, "", 0),
	}
}

// serverErrors takes net/http's own complaints. Their text holds the client's address, so only
// that there was one is kept.
type serverErrors struct{ log *slog.Logger }

func (e serverErrors) Write(p []byte) (int, error) {
	e.log.Debug("connection ended with an error")
	return len(p), nil
}

// Log writes one line for each request: method, the pattern that matched, status, milliseconds.
// Never the path, which may hold a token, nor the address. A panic of the handler is logged as an
// error and answered with 500 when nothing was written yet.
func Log(logger *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w}
		defer func() {
			level := slog.LevelInfo
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				level = slog.LevelError
				logger.Error("request panicked", "pattern", r.Pattern, "panic", panicWords(p), "stack", string(debug.Stack()))
				if rec.status == 0 {
					http.Error(rec, "Something went wrong here. It was written down; try again in a minute.", http.StatusInternalServerError)
				}
			}
			logger.Log(context.WithoutCancel(r.Context()), level, "request answered",
				"method", r.Method, "pattern", r.Pattern, "status", rec.answered(), "ms", time.Since(start).Milliseconds())
		}()
		next.ServeHTTP(rec, r)
	})
}

// panicWords says what a panic was. Only the runtime's own words are safe to log: another's may hold
// a reader's.
func panicWords(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", p)
}

// recorder remembers the status. Unwrap lets http.ResponseController through to the connection.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap is what http.ResponseController asks for.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) answered() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}
