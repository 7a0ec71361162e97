// Package nodeview shows how far a Job and its nodes are, as text of a given width or as JSON.
// What a status says is shown as it stands. What is said of a node is plan.View's.
package nodeview
