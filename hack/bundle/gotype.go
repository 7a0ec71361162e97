package main

import "go/ast"

// typeName is the name of a type of the same package that a field is of, behind
// pointers and lists, and whether there is a list. It is empty for other types.
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
