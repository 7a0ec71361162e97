// Package logfollow follows the log of one container until it finds a word. It
// resumes a stream that was cut, and writes nothing to Kubernetes.
//
// It relies on these facts about the kubelet and the API server:
//
//   - The kubelet joins a line that the container runtime split at 16 KiB, and
//     puts one timestamp at its beginning.
//   - sinceTime has whole seconds, so the kubelet sends all lines of that second again.
//   - The end of a stream does not prove the end of the log. The API server ends
//     the stream in the same way when its connection to the kubelet breaks.
//   - The kubelet serves only the newest file of a log that it rotated. A stream that
//     was open before continues with the next file, or stays with the old one.
//   - The kubelet reports an error as the last line of a stream, without a timestamp.
//   - A kubelet that has just started does not know its pods and answers "not
//     found". Only the cached pod tells whether to retry.
//   - Some kubelets send no headers until the container logs its first line, so
//     opening a stream can take as long as reading it.
package logfollow
