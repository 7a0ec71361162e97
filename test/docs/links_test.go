package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// TestLinksResolve checks the links of the documents and the README, also to headings.
func TestLinksResolve(t *testing.T) {
	g := NewWithT(t)
	root := filepath.Join("..", "..")
	documents := []string{"CONTRIBUTING.md", "test/cluster/README.md"}
	for _, pattern := range []string{"docs/*.md", "docs/decisions/*.md", "docs/guides/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(found).NotTo(BeEmpty(), pattern)
		for _, file := range found {
			document, err := filepath.Rel(root, file)
			g.Expect(err).NotTo(HaveOccurred())
			documents = append(documents, document)
		}
	}
	for _, document := range documents {
		for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(read(t, document), -1) {
			file, heading, _ := strings.Cut(link[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			target := document
			if file != "" {
				target = filepath.Join(filepath.Dir(document), file)
			}
			_, err := os.Stat(filepath.Join(root, target))
			g.Expect(err).NotTo(HaveOccurred(), document)
			if heading != "" {
				g.Expect(headings(read(t, target))).To(ContainElement(heading), document)
			}
		}
	}
}

// TestEveryDecisionIsInTheIndex checks that the list of decisions has all of them.
func TestEveryDecisionIsInTheIndex(t *testing.T) {
	g := NewWithT(t)
	index := read(t, "docs/decisions/README.md")
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "decisions", "0*.md"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(files).NotTo(BeEmpty())
	for _, file := range files {
		g.Expect(index).To(ContainSubstring("](" + filepath.Base(file) + ")"))
	}
}

// headings returns the anchors of a document's headings, as GitHub makes them.
func headings(text string) []string {
	var anchors []string
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		anchor := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		anchors = append(anchors, strings.ReplaceAll(anchor, " ", "-"))
	}
	return anchors
}
