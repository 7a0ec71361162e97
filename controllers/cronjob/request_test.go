package cronjob_test

import (
	"encoding/json"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// target returns the resource that a path is of, with its subresource, and the object's name.
func target(path string) (resource, name string) {
	_, rest, found := strings.Cut(path, "/namespaces/")
	if _, below, ok := strings.Cut(rest, "/"); found && ok {
		parts := strings.Split(below, "/")
		switch len(parts) {
		case 1:
			return parts[0], ""
		case 2:
			return parts[0], parts[1]
		default:
			return parts[0] + "/" + parts[2], parts[1]
		}
	}
	return "", ""
}

// nameIn returns the name of the object in the body of a request.
func nameIn(request *http.Request) string {
	object := &metav1.PartialObjectMetadata{}
	if body, err := request.GetBody(); err == nil {
		_ = json.NewDecoder(body).Decode(object) // What is no object has no name.
	}
	return object.Name
}

func verbOf(request *http.Request, name string) string {
	switch {
	case request.Method != http.MethodGet:
		return map[string]string{
			http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete",
		}[request.Method]
	case request.URL.Query().Get("watch") != "":
		return "watch"
	case name != "":
		return "get"
	}
	return "list"
}
