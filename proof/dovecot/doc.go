// Package dovecot runs a real Dovecot (2.3) on loopback for tests: one user, one Maildir, nothing shared with a Dovecot that the machine may
// have.
//
// Start writes a private configuration into a temporary folder, runs "dovecot -F -c" on free ports of 127.0.0.1 and waits until it
// greets; Stop ends it by its process id and removes the folder. It works as root, where the mail belongs to a user id of its own, and
// as an ordinary user, to whom it then belongs. It ends when the process that started it dies, however that dies.
//
// When Dovecot is not installed the error names the package to install; when it does not start the error carries its log.
package dovecot
