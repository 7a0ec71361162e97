package jobcache

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// UndecodableError says that the API server stores a Job, or CronJob, that Go cannot decode.
type UndecodableError struct {
	// Object is the object as it is stored. It is shared with the informer cache.
	Object *unstructured.Unstructured
	// Field is the path of the first field that cannot be decoded, empty if none alone is why.
	Field string
	// Err is the decoder's error.
	Err error
}

// Error implements error.
func (e *UndecodableError) Error() string {
	return fmt.Sprintf("%s %s/%s cannot be decoded: %s: %v", e.Object.GetKind(), e.Object.GetNamespace(), e.Object.GetName(), e.Field, e.Err)
}

// Unwrap returns the decoder's error.
func (e *UndecodableError) Unwrap() error { return e.Err }

// Decode returns the Job in an object, which it does not change. A Job that Go cannot
// decode is an UndecodableError.
func Decode(object *unstructured.Unstructured) (*v1beta1.Job, error) {
	return decodeObject[v1beta1.Job](object)
}

// decodeObject decodes JSON as the API server's clients do. The converter of unstructured
// objects would cut off the upper half of an integer that an int32 cannot hold.
func decodeObject[T any](object *unstructured.Unstructured) (*T, error) {
	decoded, err := decode[T](object.Object)
	if err != nil {
		field, ownErr := badField[T]("", object.Object, func(v any) any { return v })
		return nil, &UndecodableError{Object: object, Field: field, Err: cmp.Or(ownErr, err)}
	}
	return decoded, nil
}

func decode[T any](v any) (*T, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	decoded := new(T)
	return decoded, utiljson.Unmarshal(data, decoded)
}

// badField returns the path of the first value below v that cannot be decoded, and the
// decoder's error. It decodes objects that have nothing but one of these values each, since
// most errors do not say which field they are about. within returns such an object.
func badField[T any](path string, v any, within func(any) any) (string, error) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			below := strings.TrimPrefix(path+"."+name, ".")
			if field, err := badField[T](below, v[name], func(x any) any { return within(map[string]any{name: x}) }); err != nil {
				return field, err
			}
		}
	case []any:
		for i := range v {
			if field, err := badField[T](fmt.Sprintf("%s[%d]", path, i), v[i], func(x any) any { return within([]any{x}) }); err != nil {
				return field, err
			}
		}
	}
	if _, err := decode[T](within(v)); err != nil {
		return path, err
	}
	return "", nil
}
