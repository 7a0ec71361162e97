// Package cli has the commands of the plugin, one in a file.
package cli
