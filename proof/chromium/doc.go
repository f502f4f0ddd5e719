// Package chromium drives a real Chromium for tests and for the pictures in the documentation.
//
// Start runs the machine's Chromium without a window, with a profile of its own in a temporary folder. Screenshot takes a picture of a
// page; Page opens a tab that a test fills in, clicks and reads. Close ends the browser and removes the profile.
//
// Nothing leaves the machine: all that is not for loopback goes to a proxy inside this package, which refuses it and keeps
// the host's name. Foreign lists them, whichever way the page tried: images, fonts, frames, scripts, preconnects, the favicon.
//
// Every action is bounded in time. Where Chromium is missing the error names the package to install.
package chromium
