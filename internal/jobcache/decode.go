package jobcache

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// UndecodableError says that the API server stores a Job that Go cannot decode.
type UndecodableError struct {
	// Object is the Job as it is stored. It is shared with the informer cache.
	Object *unstructured.Unstructured
	// Err is the decoder's error.
	Err error
}

// Error implements error.
func (e *UndecodableError) Error() string {
	return fmt.Sprintf("Job %s/%s cannot be decoded: %v", e.Object.GetNamespace(), e.Object.GetName(), e.Err)
}

// Unwrap returns the decoder's error.
func (e *UndecodableError) Unwrap() error { return e.Err }

// Decode returns the Job in an object, which it does not change. A Job that Go cannot
// decode is an UndecodableError.
//
// It decodes JSON as the API server's clients do. The converter of unstructured
// objects would cut off the upper half of an integer that an int32 cannot hold.
func Decode(object *unstructured.Unstructured) (*v1beta1.Job, error) {
	data, err := json.Marshal(object.Object)
	if err != nil {
		return nil, &UndecodableError{object, err}
	}
	job := &v1beta1.Job{}
	if err := utiljson.Unmarshal(data, job); err != nil {
		return nil, &UndecodableError{object, err}
	}
	return job, nil
}
