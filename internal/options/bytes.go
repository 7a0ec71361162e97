package options

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Bytes is a number of bytes as a setting, such as 64Mi.
type Bytes int64

// String returns the number as a user writes it.
func (b Bytes) String() string { return resource.NewQuantity(int64(b), resource.BinarySI).String() }

// leastMemory is less than either process has at its start. A lower limit is a slip, such as a
// missing unit.
const leastMemory Bytes = 16 << 20

// mostMemory is more than any node has.
var mostMemory = resource.MustParse("1Pi")

func parseMemory(text string) (Bytes, error) {
	quantity, err := resource.ParseQuantity(strings.TrimSpace(text))
	if err != nil || quantity.Sign() < 0 || quantity.Cmp(mostMemory) > 0 || quantity.Sign() > 0 && quantity.CmpInt64(int64(leastMemory)) < 0 {
		return 0, fmt.Errorf("write a number of bytes from %s to %s, such as 256Mi, or 0 for no limit", leastMemory, mostMemory.String())
	}
	return Bytes(quantity.Value()), nil
}

const (
	defaultLogBytes Bytes = 64 << 20
	// fewestLogBytes is less than one busy log has. A lower limit is a slip, such as a missing unit.
	fewestLogBytes Bytes = 64 << 10
)

// mostLogBytes is more than any network has.
var mostLogBytes = resource.MustParse("1Ti")

func parseLogBytes(text string) (Bytes, error) {
	quantity, err := resource.ParseQuantity(strings.TrimSpace(text))
	if err != nil || quantity.Sign() < 0 || quantity.Cmp(mostLogBytes) > 0 || quantity.Sign() > 0 && quantity.CmpInt64(int64(fewestLogBytes)) < 0 {
		return 0, fmt.Errorf("write a number of bytes a second from %s to %s, such as %s, or 0 for no limit",
			fewestLogBytes, mostLogBytes.String(), defaultLogBytes)
	}
	return Bytes(quantity.Value()), nil
}
