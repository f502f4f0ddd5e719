// Package web is what the desk and the public site share: sessions, passwords, and the walls that
// each request passes.
//
// A request passes, from the outside in: [Log] (no address, no path), [Headers] (what a browser may
// load and who may frame us), [LimitBody], [CrossOrigin], then the room's own mux. Behind it the
// desk asks [Sessions] who is signed in, and its door asks [Attempts] before [Passwords] may spend
// time on a guess.
//
// When something fails the request is refused, never let through: a session store that cannot be
// read is an error and not a signed-in editor, a guess that finds no free hasher waits or ends with
// its context. What is counted is kept in memory and forgotten with the process; what must be
// remembered is kept through the small interface [SessionStore], which imports nothing of ours.
package web
