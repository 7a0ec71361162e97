// Package livelist lists objects from the API server in pages, so that no list needs more memory
// than one page of it and what is kept.
package livelist

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// tries is how often a list begins. The API server forgets what a token continues after some
// minutes.
const tries = 3

// Each lists objects live, in pages of so many, and returns what read made of them. read adds one
// page to what it made of those before. empty is a list without items, which is not changed.
//
// All pages are of one moment, that of the first. When the API server no longer has it, the list
// begins anew with nothing: what was read before is of another moment, and an object of it may be
// missing in the rest. Each page is decoded into a list of its own: JSON leaves what a page
// before had where the next one has nothing.
func Each[T any, L client.ObjectList](ctx context.Context, live client.Reader, size int64, empty L, read func(T, L) T, options ...client.ListOption) (T, error) {
	var made, none T
	begun := 1
	for token := ""; ; {
		page, _ := empty.DeepCopyObject().(L)
		err := live.List(ctx, page, append(slices.Clip(options), client.Limit(size), client.Continue(token))...)
		switch {
		case token != "" && apierrors.IsResourceExpired(err) && begun < tries:
			token, made, begun = "", none, begun+1
			continue
		case err != nil:
			return none, err
		}
		made = read(made, page)
		if token = page.GetContinue(); token == "" {
			return made, nil
		}
	}
}
