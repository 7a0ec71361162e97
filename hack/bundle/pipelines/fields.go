package pipelines

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/blang/semver/v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// fields holds the required fields of a ClusterServiceVersion, and what each must be.
// The pipeline warns of some and refuses others. Here all are refused.
var fields = []struct {
	path  string
	valid func(value any) bool
}{
	{"metadata.annotations.capabilities", oneOf("Basic Install", "Seamless Upgrades", "Full Lifecycle", "Deep Insights", "Auto Pilot")},
	{"metadata.annotations.categories", categories},
	{"metadata.annotations.containerImage", matches(`^([^/]+/)+[^/:]+:.+`)},
	{"metadata.annotations.createdAt", timestamp},
	{"metadata.annotations.repository", matches(`^https?://.+`)},
	{"metadata.annotations.support", matches(`(?s)^.{3,}`)},
	{"metadata.annotations.description", matches(`(?s)^.{10,}`)},
	{"spec.displayName", matches(`^.{3,50}`)},
	{"spec.description", matches(`(?s)^.{20,}`)},
	{"spec.icon", icons},
	{"spec.version", version},
	{"spec.maintainers", objectsWith("name", "email")},
	{"spec.provider.name", matches(`^.{3,}`)},
	{"spec.links", objectsWith("name", "url")},
	{"spec.keywords", listOfStrings},
}

func requiredFields(_ *Operator, v *Version) error {
	var problems []error
	for _, field := range fields {
		value, found, err := unstructured.NestedFieldNoCopy(v.csv, strings.Split(field.path, ".")...)
		switch {
		case err != nil || !found:
			problems = append(problems, fmt.Errorf("%s is missing", field.path))
		case !field.valid(value):
			problems = append(problems, fmt.Errorf("%s is invalid", field.path))
		}
	}
	return errors.Join(problems...)
}

func matches(pattern string) func(any) bool {
	expression := regexp.MustCompile(pattern)
	return func(value any) bool {
		text, ok := value.(string)
		return ok && expression.MatchString(text)
	}
}

func oneOf(all ...string) func(any) bool {
	return func(value any) bool {
		text, ok := value.(string)
		return ok && slices.Contains(all, text)
	}
}

func categories(value any) bool {
	known := oneOf("AI/Machine Learning", "Application Runtime", "Big Data", "Cloud Provider", "Database", "Developer Tools",
		"Drivers and plugins", "Integration & Delivery", "Logging & Tracing", "Modernization & Migration", "Monitoring",
		"Networking", "OpenShift Optional", "Security", "Storage", "Streaming & Messaging")
	text, ok := value.(string)
	for category := range strings.SplitSeq(text, ",") {
		ok = ok && known(strings.TrimSpace(category))
	}
	return ok
}

func timestamp(value any) bool {
	text, ok := value.(string)
	if !ok {
		return false
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if _, err := time.Parse(layout, text); err == nil {
			return true
		}
	}
	return false
}

func version(value any) bool {
	text, ok := value.(string)
	if !ok {
		return false
	}
	_, err := semver.Parse(text)
	return err == nil
}

// objectsWith demands a list of objects that have strings of these names.
func objectsWith(keys ...string) func(any) bool {
	return func(value any) bool {
		list, ok := value.([]any)
		if !ok || len(list) == 0 {
			return false
		}
		for _, item := range list {
			object, ok := item.(map[string]any)
			for _, key := range keys {
				_, isString := object[key].(string)
				ok = ok && isString
			}
			if !ok {
				return false
			}
		}
		return true
	}
}

func icons(value any) bool {
	if !objectsWith("base64data", "mediatype")(value) {
		return false
	}
	for _, icon := range maps(value.([]any)) {
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(icon["base64data"].(string)), ""))
		if err != nil || len(data) == 0 || !oneOf("image/png", "image/jpeg", "image/gif", "image/svg+xml")(icon["mediatype"]) {
			return false
		}
	}
	return true
}

func listOfStrings(value any) bool {
	list, ok := value.([]any)
	return ok && len(list) > 0 && !slices.ContainsFunc(list, func(item any) bool {
		_, isString := item.(string)
		return !isString
	})
}
