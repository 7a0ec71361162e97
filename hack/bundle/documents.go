package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// documents iterates over the documents of a YAML stream, without the empty ones. It
// stops at the first error and yields it.
func documents(stream io.Reader) iter.Seq2[[]byte, error] {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(stream))
	return func(yield func([]byte, error) bool) {
		for {
			document, err := reader.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil && len(bytes.TrimSpace(document)) == 0 {
				continue
			}
			if !yield(document, err) || err != nil {
				return
			}
		}
	}
}
