// Package page makes the one page that proves what a run of a Job came to: for a change ticket, a
// mail, or a printer. The page loads nothing, and what the nodes printed is text in it.
package page
