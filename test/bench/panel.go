package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// panel is one plot of the chart: a measure of a case against the number of nodes.
type panel struct {
	// x and y are the upper left corner of the plot.
	x, y    float64
	nodes   scale
	measure *measure
}

// label is a text beside the last point of a line.
type label struct {
	y           float64
	class, text string
}

// labelHeight is how far apart labels are at least.
const labelHeight = 13

// draw draws axes, lines and labels.
func (p *panel) draw(to *strings.Builder, rows []result) {
	values := scaleOf(rows, p.measure.value, p.measure.logarithmic).rounded(p.measure.even)
	for _, tick := range values.ticks() {
		at := p.y + plotHeight*(1-values.place(tick))
		fmt.Fprintf(to, `<line class="grid" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/><text class="faint" x="%.1f" y="%.1f" text-anchor="end">%s</text>`+"\n",
			p.x, at, p.x+plotWidth, at, p.x-6, at+4, short(tick))
	}
	for _, n := range nodeTicks(rows, p.nodes) {
		fmt.Fprintf(to, `<text class="faint" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", p.x+plotWidth*p.nodes.place(n), p.y+plotHeight+16, short(n))
	}
	if even := p.measure.even; even > 0 {
		at := p.y + plotHeight*(1-values.place(even))
		fmt.Fprintf(to, `<line class="even" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", p.x, at, p.x+plotWidth, at)
	}
	var labels []label
	for _, s := range slices.Backward(chartSeries) { // The first one is drawn on top.
		var points []string
		last := label{class: s.class}
		for i := range rows {
			value := p.measure.value(&rows[i])
			if rows[i].Contender != s.contender || value == 0 {
				continue
			}
			x, y := p.x+plotWidth*p.nodes.place(float64(rows[i].Nodes)), p.y+plotHeight*(1-values.place(value))
			points = append(points, fmt.Sprintf("%.1f,%.1f", x, y))
			fmt.Fprintf(to, `<circle class="%s" cx="%.1f" cy="%.1f" r="3.5"/>`+"\n", s.class, x, y)
			last.y, last.text = y, fmt.Sprintf(p.measure.format, value)
			if n := float64(rows[i].Nodes); n < p.nodes.most {
				last.text += " at " + short(n)
			}
		}
		if len(points) > 1 {
			fmt.Fprintf(to, `<polyline class="%s" points="%s"/>`+"\n", s.class, strings.Join(points, " "))
		}
		if len(points) > 0 {
			labels = append(labels, last)
		}
	}
	for _, l := range apart(labels) {
		fmt.Fprintf(to, `<text class="%s" x="%.1f" y="%.1f">%s</text>`+"\n", l.class, p.x+plotWidth+9, l.y+4, l.text)
	}
}

// apart moves labels that would overlap away from each other, as little as that takes.
func apart(labels []label) []label {
	slices.SortFunc(labels, func(a, b label) int { return cmp.Compare(a.y, b.y) })
	for range labels {
		for i := 1; i < len(labels); i++ {
			if missing := labelHeight - (labels[i].y - labels[i-1].y); missing > 0 {
				labels[i-1].y -= missing / 2
				labels[i].y += missing / 2
			}
		}
	}
	return labels
}

// nodeTicks returns the numbers of nodes to write below the axis: not those whose text
// would overlap the one before.
func nodeTicks(rows []result, nodes scale) []float64 {
	var all []float64
	for i := range rows {
		n := float64(rows[i].Nodes)
		if len(all) == 0 || (nodes.place(n)-nodes.place(all[len(all)-1]))*plotWidth > 34 {
			all = append(all, n)
		}
	}
	return all
}
