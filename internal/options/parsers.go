package options

import (
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

const (
	defaultWord   = v1beta1.DefaultTerminationWord
	maxWordLength = 256
)

// Selector is a label selector as a setting.
type Selector struct{ labels.Selector }

// String returns the selector as a user writes it.
func (s Selector) String() string {
	if s.Selector == nil {
		return ""
	}
	return s.Selector.String()
}

var defaultSelector = Selector{labels.SelectorFromSet(labels.Set{v1beta1.LabelDaemonSetJob: "true"})}

func parseText(text string) (string, error) { return strings.TrimSpace(text), nil }

func parseBool(text string) (bool, error) {
	parsed, err := strconv.ParseBool(strings.TrimSpace(text))
	if err != nil {
		return false, fmt.Errorf("write true or false")
	}
	return parsed, nil
}

func parsePositive(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 1 {
		return 0, fmt.Errorf("write a whole number of at least 1")
	}
	return n, nil
}

func parseQPS(text string) (float32, error) {
	qps, err := strconv.ParseFloat(strings.TrimSpace(text), 32)
	if err != nil || qps == 0 || qps != qps {
		return 0, fmt.Errorf("write a number of requests per second, below 0 for no limit")
	}
	return float32(qps), nil
}

func parseAddress(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == off {
		return text, nil
	}
	if _, port, err := net.SplitHostPort(text); err != nil || port == "" {
		return "", fmt.Errorf("write an address such as :8080 or 127.0.0.1:8080, or 0 to serve nothing")
	}
	return text, nil
}

func parseNamespace(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", nil
	}
	if len(validation.IsDNS1123Label(text)) > 0 {
		return "", fmt.Errorf("%q is no name of a namespace: write lower-case letters, digits and '-', at most 63", text)
	}
	return text, nil
}

var installationName = regexp.MustCompile(`^[A-Za-z0-9._/-]*$`)

// parseInstallation accepts what names of namespaces and Deployments consist of.
func parseInstallation(text string) (string, error) {
	text = strings.TrimSpace(text)
	if !installationName.MatchString(text) {
		return "", fmt.Errorf("%q is no name of an installation: write NAMESPACE/DEPLOYMENT", text)
	}
	return text, nil
}

// parseNamespaces returns no namespace, which means all of them, for an empty text alone. A list
// that a template left without names must not widen what the operator watches.
func parseNamespaces(text string) ([]string, error) {
	var namespaces []string
	for item := range strings.SplitSeq(text, ",") {
		namespace, err := parseNamespace(item)
		if err != nil {
			return nil, err
		}
		if namespace != "" {
			namespaces = append(namespaces, namespace)
		}
	}
	if len(namespaces) == 0 && strings.Contains(text, ",") {
		return nil, fmt.Errorf("write the names of namespaces between the commas, or leave it empty for all namespaces")
	}
	return namespaces, nil
}

func parseSelector(text string) (Selector, error) {
	selector, err := labels.Parse(text)
	if err != nil {
		return Selector{}, fmt.Errorf("%w: write a label selector such as %s", err, v1beta1.DefaultPodSelector)
	}
	return Selector{selector}, nil
}

// parseWord accepts the words that the API server accepts as Job.spec.terminationWord.
func parseWord(text string) (string, error) {
	switch {
	case text == "" || utf8.RuneCountInString(text) > maxWordLength || !utf8.ValidString(text):
		return "", fmt.Errorf("write a word of 1 to %d characters", maxWordLength)
	case strings.ContainsFunc(text, unicode.IsControl) || strings.TrimSpace(text) != text:
		return "", fmt.Errorf("write a word that is found within a line: without line breaks, control characters, and spaces at its ends")
	}
	return text, nil
}

// parseResync accepts a duration, or a number of seconds, which users often write for a ticker.
func parseResync(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	period, err := time.ParseDuration(text)
	if seconds, notNumber := strconv.ParseUint(text, 10, 31); notNumber == nil {
		period, err = time.Duration(seconds)*time.Second, nil
	}
	if err != nil || period < time.Second {
		return 0, fmt.Errorf("write a duration of at least a second, such as 30s or 10m, or a number of seconds")
	}
	return period, nil
}
