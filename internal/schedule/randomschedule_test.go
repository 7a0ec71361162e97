package schedule

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// randomField is a field of a random schedule: its text, and the values that it has.
type randomField struct {
	text   string
	values map[int]bool
}

func newField(random *rand.Rand, low, high int) randomField {
	field := randomField{values: map[int]bool{}}
	add := func(from, to, step int) {
		for value := from; value <= to; value += step {
			field.values[value] = true
		}
	}
	from, step := low+random.IntN(high-low+1), 1+random.IntN(high)
	to := from + random.IntN(high-from+1)
	switch random.IntN(7) {
	case 0, 1:
		field.text = []string{"*", "?"}[random.IntN(8)/7]
		add(low, high, 1)
	case 2:
		field.text = fmt.Sprintf("*/%d", step)
		add(low, high, step)
	case 3:
		field.text = fmt.Sprintf("%d-%d", from, to)
		add(from, to, 1)
	case 4:
		field.text = fmt.Sprintf("%d-%d/%d", from, to, step)
		add(from, to, step)
	case 5:
		field.text = fmt.Sprintf("%d,%d", from, low)
		add(from, from, 1)
		add(low, low, 1)
	default:
		field.text = strconv.Itoa(from)
		add(from, from, 1)
	}
	return field
}

// all returns whether a field restricts nothing: the days of the month and of the week are
// those of either field, unless one of them is such.
func (f randomField) all() bool { return f.text == "*" || f.text == "?" || f.text == "*/1" }

// randomSchedule has the fields of a schedule in their order.
type randomSchedule [5]randomField

func newSchedule(random *rand.Rand) randomSchedule {
	s := randomSchedule{newField(random, 0, 59), newField(random, 0, 23), newField(random, 1, 31), newField(random, 1, 12), newField(random, 0, 6)}
	for i := 2; i < 5; i++ { // Most of them run on most days.
		if random.IntN(4) > 0 {
			s[i] = randomField{text: "*", values: map[int]bool{}}
			for value := range 32 {
				s[i].values[value] = true
			}
		}
	}
	if random.IntN(2) > 0 {
		s[1] = randomField{text: "0-3", values: map[int]bool{0: true, 1: true, 2: true, 3: true}}
	}
	return s
}

func (s randomSchedule) String() string {
	texts := []string{}
	for _, field := range s {
		texts = append(texts, field.text)
	}
	return strings.Join(texts, " ")
}
