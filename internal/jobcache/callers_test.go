package jobcache

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

const apiPackage = `"github.com/darkowlzz/daemonset-job/api/v1beta1"`

// emptyJobs returns where a file makes an empty Job or CronJob, or a list of them, to read
// or to watch them by. A typed informer decodes all Jobs or none.
func emptyJobs(files *token.FileSet, file *ast.File) (found []string) {
	name := "v1beta1"
	for _, imported := range file.Imports {
		if imported.Path.Value == apiPackage && imported.Name != nil {
			name = imported.Name.Name
		}
	}
	is := func(node ast.Expr, kinds ...string) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		from, ok := selector.X.(*ast.Ident)
		return ok && from.Name == name && slices.Contains(kinds, selector.Sel.Name)
	}
	report := func(node ast.Node, wrong bool) {
		if wrong {
			found = append(found, fmt.Sprintf("%s: read Jobs by internal/jobcache", files.Position(node.Pos())))
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.CompositeLit:
			report(node, is(node.Type, "Job", "CronJob"))
		case *ast.ValueSpec:
			report(node, node.Type != nil && is(node.Type, "Job", "CronJob"))
		case *ast.CallExpr:
			function, ok := node.Fun.(*ast.Ident)
			report(node, ok && function.Name == "new" && len(node.Args) == 1 && is(node.Args[0], "Job", "CronJob"))
		case *ast.SelectorExpr:
			report(node, is(node, "JobList", "CronJobList"))
		}
		return true
	})
	return found
}

func TestEmptyJobsAreFound(t *testing.T) {
	for code, n := range map[string]int{
		`import "github.com/darkowlzz/daemonset-job/api/v1beta1"; var j = &v1beta1.Job{}`:                                                      1,
		`import api "github.com/darkowlzz/daemonset-job/api/v1beta1"; var j = new(api.Job)`:                                                    1,
		`import "github.com/darkowlzz/daemonset-job/api/v1beta1"; var j v1beta1.Job`:                                                           1,
		`import "github.com/darkowlzz/daemonset-job/api/v1beta1"; var j v1beta1.JobList`:                                                       1,
		`import "github.com/darkowlzz/daemonset-job/api/v1beta1"; var j = &v1beta1.JobList{}`:                                                  1,
		`import "github.com/darkowlzz/daemonset-job/api/v1beta1"; var j = &v1beta1.CronJobList{}`:                                              1,
		`import "github.com/darkowlzz/daemonset-job/api/v1beta1"; func f(*v1beta1.Job) { var j *v1beta1.Job; _ = j; _ = v1beta1.JobStatus{} }`: 0,
	} {
		t.Run(code, func(t *testing.T) {
			g, files := NewWithT(t), token.NewFileSet()
			file, err := parser.ParseFile(files, "code.go", "package p; "+code, 0)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(emptyJobs(files, file)).To(HaveLen(n))
		})
	}
}

// TestJobsAreReadHereAlone checks the controllers and the operator's programs. A typed informer
// of Jobs would stop for every Job at one that cannot be decoded. The kubectl plugin, which is a
// module of its own, reads the one Job that its user names.
func TestJobsAreReadHereAlone(t *testing.T) {
	g, files, seen := NewWithT(t), token.NewFileSet(), 0
	for _, folder := range []string{"../../controllers", "../../cmd", "../operator"} {
		g.Expect(filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if entry.IsDir() && entry.Name() == "kubectl-node_job" {
				return fs.SkipDir
			}
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			seen++
			file, err := parser.ParseFile(files, path, nil, 0)
			if err == nil {
				g.Expect(emptyJobs(files, file)).To(BeEmpty())
			}
			return err
		})).To(Succeed())
	}
	g.Expect(seen).To(BeNumerically(">", 20))
}
