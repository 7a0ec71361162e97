// Package outputs shows what the nodes of a Job printed: made safe for a terminal, and each
// different output once, with the nodes that printed it.
package outputs
