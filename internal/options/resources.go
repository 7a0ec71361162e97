package options

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Resources are what a container requests and is limited to, as in "cpu=1m:10m": the
// request, and after the colon the limit, if there is one.
type Resources struct{ corev1.ResourceRequirements }

// String implements fmt.Stringer.
func (r Resources) String() string {
	var items []string
	for _, name := range slices.Sorted(maps.Keys(r.Requests)) {
		request := r.Requests[name]
		item := string(name) + "=" + request.String()
		if limit, ok := r.Limits[name]; ok {
			item += ":" + limit.String()
		}
		items = append(items, item)
	}
	return strings.Join(items, ",")
}

// defaultPauseResources are small, and limited, since a quota may ask for both.
var defaultPauseResources = mustParseResources(defaultPauseExample)

func mustParseResources(text string) Resources {
	parsed, err := parseResources(text)
	if err != nil {
		panic(err) // The text is a constant.
	}
	return parsed
}

func parseResources(text string) (Resources, error) {
	parsed := Resources{corev1.ResourceRequirements{Requests: corev1.ResourceList{}, Limits: corev1.ResourceList{}}}
	for item := range strings.SplitSeq(text, ",") {
		name, amounts, found := strings.Cut(strings.TrimSpace(item), "=")
		request, limit, limited := strings.Cut(amounts, ":")
		if !found || name == "" {
			return Resources{}, fmt.Errorf("write requests and limits such as %s", defaultPauseExample)
		}
		for list, amount := range map[*corev1.ResourceList]string{&parsed.Requests: request, &parsed.Limits: limit} {
			if list == &parsed.Limits && !limited {
				continue
			}
			quantity, err := resource.ParseQuantity(amount)
			if err != nil || quantity.Sign() < 0 {
				return Resources{}, fmt.Errorf("%q is no amount of %s: write requests and limits such as %s", amount, name, defaultPauseExample)
			}
			(*list)[corev1.ResourceName(name)] = quantity
		}
		if quantity, ok := parsed.Limits[corev1.ResourceName(name)]; ok && quantity.Cmp(parsed.Requests[corev1.ResourceName(name)]) < 0 {
			return Resources{}, fmt.Errorf("the limit of %s is below its request: write requests and limits such as %s", name, defaultPauseExample)
		}
	}
	return parsed, nil
}

const defaultPauseExample = "cpu=1m:10m,memory=4Mi:16Mi"
