// Package logfollow follows the log of one container until it finds a word. It
// resumes where a stream was cut, and writes nothing to Kubernetes.
//
// What it builds on, as the kubelet and the API server have it:
//
//   - A line that the container runtime split, as it does from 16 KiB on, comes in
//     one piece, with one timestamp at its beginning.
//   - sinceTime has whole seconds and lets all lines of that second come again.
//   - The end of a stream proves nothing. The API server ends it in the same way
//     when the connection to the kubelet breaks, and what the kubelet has to say
//     about an error comes as the last line of it, without a timestamp.
//   - Right after its start a kubelet does not know its pods yet and answers "not
//     found", so that only the cached pod tells whether a log is worth waiting for.
//   - Some kubelets send nothing, not even the headers, until the container logs
//     something: opening a stream can take as long as reading it.
package logfollow
