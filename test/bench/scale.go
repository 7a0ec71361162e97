package main

import (
	"fmt"
	"math"
)

// scale places values between 0 and 1.
type scale struct {
	least, most float64
	logarithmic bool
}

// scaleOf returns the scale that ends with the largest value of the rows. A logarithmic
// one begins with the smallest, and others with 0.
func scaleOf(rows []result, value func(*result) float64, logarithmic bool) scale {
	s := scale{logarithmic: logarithmic}
	for i := range rows {
		v := value(&rows[i])
		s.most = max(s.most, v)
		if logarithmic && v > 0 && (s.least == 0 || v < s.least) {
			s.least = v
		}
	}
	return s
}

// rounded returns a scale with round ends, which has a place for one more value.
func (s scale) rounded(even float64) scale {
	if !s.logarithmic {
		return scale{most: roundUp(max(s.most, even))}
	}
	least := math.Pow(10, math.Floor(math.Log10(max(s.least, 1))))
	return scale{least: least, most: max(least*10, math.Pow(10, math.Ceil(math.Log10(max(s.most, 1))))), logarithmic: true}
}

// roundUp returns the next round number.
func roundUp(v float64) float64 {
	if v <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8} {
		if step*unit >= v {
			return step * unit
		}
	}
	return 10 * unit
}

// place returns where the value is, from 0 to 1. The only value of a scale is in its middle.
func (s scale) place(v float64) float64 {
	least, most := s.least, s.most
	if s.logarithmic {
		least, most, v = math.Log10(least), math.Log10(most), math.Log10(v)
	}
	if most <= least {
		return 0.5
	}
	return (v - least) / (most - least)
}

// ticks returns the values to write beside the axis.
func (s scale) ticks() []float64 {
	if !s.logarithmic {
		return []float64{0, s.most / 2, s.most}
	}
	var all []float64
	for tick := s.least; tick <= s.most*1.001; tick *= 10 {
		all = append(all, tick)
	}
	return all
}

// short returns a number with as few characters as it needs: 15k.
func short(v float64) string {
	if v >= 1000 && math.Mod(v, 100) == 0 {
		return fmt.Sprintf("%gk", v/1000)
	}
	return fmt.Sprintf("%.3g", v)
}
