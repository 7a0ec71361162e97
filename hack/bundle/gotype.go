package main

import "go/ast"

// typeName returns the name of a field's type without pointers and lists, and whether
// it is a list. The name is empty for types of other packages.
func typeName(expr ast.Expr) (name string, list bool) {
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name, false
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.ArrayType:
		name, _ = typeName(e.Elt)
		return name, true
	default:
		return "", false
	}
}
