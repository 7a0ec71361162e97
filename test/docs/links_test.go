package docs

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

var (
	inlineLink    = regexp.MustCompile(`\]\(([^)\s]+)(?: "[^"]*")?\)`)
	referenceLink = regexp.MustCompile(`(?m)^\[[^\]]+\]: +(\S+)`)
	// ownLink matches links to a file of the project on GitHub.
	ownLink = regexp.MustCompile(regexp.QuoteMeta(pages) + `(?:blob|tree)/[^/\s]+/([\w./-]+)(#[\w-]+)?`)
)

// TestLinksResolve checks the links of all documents to files and headings of the project. Links
// to other places are not asked for.
func TestLinksResolve(t *testing.T) {
	for _, document := range documents(t) {
		_, rest := blocks(read(t, document))
		prose := inlineCode.ReplaceAllString(rest, "")
		for _, link := range slices.Concat(inlineLink.FindAllStringSubmatch(prose, -1), referenceLink.FindAllStringSubmatch(prose, -1)) {
			if strings.Contains(link[1], ":") {
				continue
			}
			target := document
			file, heading, _ := strings.Cut(link[1], "#")
			if file != "" {
				target = path.Join(path.Dir(document), file)
			}
			if err := resolve(t, target, heading); err != nil {
				t.Errorf("%s links to %s: %v", document, link[1], err)
			}
		}
	}
}

// TestOwnLinksResolve checks links to the project's pages on GitHub, wherever they are: alerts,
// messages and the text for catalogues have some.
func TestOwnLinksResolve(t *testing.T) {
	checked := 0
	for _, file := range filesOf(t, ".md", ".yaml", ".go", ".sh", ".tmpl", ".txt", ".json", ".libsonnet") {
		for _, link := range ownLink.FindAllStringSubmatch(read(t, file), -1) {
			if err := resolve(t, strings.TrimRight(link[1], "."), strings.TrimPrefix(link[2], "#")); err != nil {
				t.Errorf("%s links to %s: %v", file, link[0], err)
			}
			checked++
		}
	}
	NewWithT(t).Expect(checked).To(BeNumerically(">", 10))
}

// resolve returns an error if the project has no such file, or the file no such heading.
func resolve(t *testing.T, file, heading string) error {
	t.Helper()
	info, err := os.Stat(filepath.Join(root, file))
	if err != nil || heading == "" {
		return err
	}
	if info.IsDir() {
		file = path.Join(file, "README.md")
	}
	if all := headings(read(t, file)); !slices.Contains(all, heading) {
		return fmt.Errorf("%s has no heading %s, but %s", file, heading, strings.Join(all, ", "))
	}
	return nil
}

// headings returns the anchors of a document's headings, as GitHub makes them: of two that are
// the same, the second ends with -1.
func headings(text string) []string {
	var anchors []string
	seen := map[string]int{}
	_, rest := blocks(text)
	for _, heading := range regexp.MustCompile(`(?m)^#{1,6} +(.+?) *$`).FindAllStringSubmatch(rest, -1) {
		words := regexp.MustCompile(`\[([^\]]+)\]\([^)]*\)`).ReplaceAllString(heading[1], "$1")
		anchor := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(words), "")
		anchor = strings.ReplaceAll(anchor, " ", "-")
		if n := seen[anchor]; n > 0 {
			anchors = append(anchors, fmt.Sprintf("%s-%d", anchor, n))
		} else {
			anchors = append(anchors, anchor)
		}
		seen[anchor]++
	}
	return anchors
}

func TestHeadings(t *testing.T) {
	g := NewWithT(t)
	g.Expect(headings("# What \"once\" means\n```sh\n# no heading\n```\n## `A` [link](x), and so on\n## Twice\n## Twice\n")).To(
		Equal([]string{"what-once-means", "a-link-and-so-on", "twice", "twice-1"}))
}

// TestEveryPageIsInTheIndex checks that the list of pages, and that of decisions, has all of them.
func TestEveryPageIsInTheIndex(t *testing.T) {
	g := NewWithT(t)
	index, decisions := read(t, "docs/README.md"), read(t, "docs/decisions/README.md")
	for _, document := range documents(t) {
		switch folder, file := path.Split(document); {
		case file == "README.md":
		case folder == "docs/":
			g.Expect(index).To(ContainSubstring("](" + file + ")"))
		case folder == "docs/guides/":
			g.Expect(index).To(ContainSubstring("](guides/" + file + ")"))
		case folder == "docs/decisions/":
			g.Expect(decisions).To(ContainSubstring("](" + file + ")"))
		}
	}
}
