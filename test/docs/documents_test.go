package docs

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

const (
	root = "../.."
	// pages is where GitHub shows the project.
	pages = "https://github.com/darkowlzz/daemonset-job/"
)

// notOurs are folders that hold what is built, fetched or only for tests.
var notOurs = []string{".git", "bin", "dist", "testdata", "node_modules"}

// filesOf returns the project's files with one of these extensions, by their paths in the
// project.
func filesOf(t *testing.T, extensions ...string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(notOurs, entry.Name()):
			return fs.SkipDir
		case !entry.IsDir() && slices.Contains(extensions, filepath.Ext(path)):
			files = append(files, strings.TrimPrefix(filepath.ToSlash(path), root+"/"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// documents returns the paths of all documents.
func documents(t *testing.T) []string {
	t.Helper()
	found := filesOf(t, ".md")
	NewWithT(t).Expect(found).To(ContainElements("README.md", "CONTRIBUTING.md", "docs/api.md", "docs/guides/getting-started.md", "charts/daemonset-job/README.md"))
	return found
}

// block is a block of code in a document.
type block struct {
	language, text string
	// line is that of its first line.
	line int
}

var fence = regexp.MustCompile("^( *)```+ *([a-z]*)$")

// blocks returns the blocks of code of a document, without the indentation of the list that they
// are in, and the document with these blocks left blank.
func blocks(text string) (found []block, rest string) {
	var open *block
	var indentation string
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		mark := fence.FindStringSubmatch(line)
		switch {
		case open == nil && mark != nil:
			open, indentation = &block{language: mark[2], line: i + 2}, mark[1]
		case open != nil && mark != nil:
			found = append(found, *open)
			open = nil
		case open != nil:
			open.text += strings.TrimPrefix(line, indentation) + "\n"
		default:
			continue
		}
		lines[i] = ""
	}
	return found, strings.Join(lines, "\n")
}

// inlineCode matches code within the text of a document.
var inlineCode = regexp.MustCompile("`[^`]+`")

func TestBlocks(t *testing.T) {
	g := NewWithT(t)
	found, rest := blocks("a `[b](c)`\n```sh\n# d\n```\n- e\n\n  ```yaml\n  f:\n    g: 1\n  ```\n")
	g.Expect(found).To(Equal([]block{{"sh", "# d\n", 3}, {"yaml", "f:\n  g: 1\n", 8}}))
	g.Expect(rest).To(Equal("a `[b](c)`\n\n\n\n- e\n\n\n\n\n\n"))
}
