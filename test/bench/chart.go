package main

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strings"
)

// The chart is a grid of small plots: a row for each case, and a column for each measure.
const (
	plotWidth, plotHeight        = 190, 120
	plotLeft, plotRight          = 58, 88
	panelWidth                   = plotLeft + plotWidth + plotRight
	rowTitle, rowAxis, chartHead = 34, 34, 62
	chartMargin                  = 16
)

// chartCases are the cases that a person decides by, if they were measured.
var chartCases = []string{"1", "2", "3"}

// chartSeries are the contenders of the chart, with the class of their colour.
var chartSeries = []struct{ contender, class string }{
	{contenderJob, "job"}, {contenderBefore, "before"}, {contenderBroadcast, "broadcast"},
}

// measure is a column of the chart.
type measure struct {
	title  string
	value  func(*result) float64
	format string
	// logarithmic scales the values so that a tenth is a step. even is the value at which
	// a dashed line says what no Job can be better than; 0 draws none.
	logarithmic bool
	even        float64
}

var measures = []measure{
	{title: "Time over a bare DaemonSet's", value: (*result).overBare, format: "×%.2f", even: 1},
	{title: "Memory of the manager, MiB", value: managerMemory, format: "%.0f"},
	{title: "Writes to the API server", value: writesOf, format: "%.0f", logarithmic: true},
}

// chart draws time, memory and writes against the number of nodes, as SVG.
func chart(rows []result) string {
	var body strings.Builder
	nodes := scaleOf(rows, func(r *result) float64 { return float64(r.Nodes) }, true)
	drawn, y := map[string]bool{}, chartHead
	for _, name := range chartCases {
		of := charted(rows, name)
		if len(of) == 0 {
			continue
		}
		fmt.Fprintf(&body, `<text class="strong" x="%d" y="%d">%s</text>`+"\n", chartMargin, y+14, html.EscapeString(of[0].Title))
		for i := range measures {
			p := panel{x: float64(chartMargin + i*panelWidth + plotLeft), y: float64(y + rowTitle), nodes: nodes, measure: &measures[i]}
			p.draw(&body, of)
		}
		for i := range of {
			drawn[of[i].Contender] = true
		}
		y += rowTitle + plotHeight + rowAxis
	}
	width, height := 2*chartMargin+len(measures)*panelWidth, y+chartMargin
	return fmt.Sprintf(chartFrame, width, height, width, height, head(drawn), body.String())
}

// charted returns the rows of a case that the chart shows, with more nodes from row to row.
func charted(rows []result, name string) []result {
	var of []result
	for i := range rows {
		if rows[i].Case == name && slices.ContainsFunc(chartSeries, func(s struct{ contender, class string }) bool { return s.contender == rows[i].Contender }) {
			of = append(of, rows[i])
		}
	}
	slices.SortStableFunc(of, func(a, b result) int { return cmp.Compare(a.Nodes, b.Nodes) })
	return of
}

// head returns the titles of the columns, and the legend of the contenders that are drawn.
func head(drawn map[string]bool) string {
	var b strings.Builder
	x := chartMargin
	for _, s := range chartSeries {
		if drawn[s.contender] {
			fmt.Fprintf(&b, `<circle class="%s" cx="%d" cy="%d" r="5"/><text x="%d" y="%d">%s</text>`+"\n", s.class, x+5, chartMargin+4, x+16, chartMargin+8, s.contender)
			x += 40 + 7*len(s.contender)
		}
	}
	fmt.Fprintf(&b, `<text class="faint" x="%d" y="%d">against the number of nodes; dashed across: the bare DaemonSet</text>`+"\n", x, chartMargin+8)
	for i := range measures {
		fmt.Fprintf(&b, `<text class="strong" x="%d" y="%d">%s</text>`+"\n", chartMargin+i*panelWidth+plotLeft, chartMargin+38, html.EscapeString(measures[i].title))
	}
	return b.String()
}

// chartFrame is the SVG around the plots. Its colours follow the reader's scheme.
const chartFrame = `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" font-family="sans-serif" font-size="12">
<title>Time, memory and writes against the number of nodes</title>
<style>
.ground { fill: #ffffff } text { fill: #24292f } .faint { fill: #57606a } .strong { font-weight: bold }
.grid { stroke: #d8dee4 } .even { stroke: #57606a; stroke-dasharray: 4 3 }
polyline { fill: none; stroke-width: 2 }
.job { fill: #1f5fd6 } .before { fill: #6e7781 } .broadcast { fill: #bc4c00 }
polyline.job { fill: none; stroke: #1f5fd6 } polyline.before { fill: none; stroke: #6e7781; stroke-dasharray: 5 3 } polyline.broadcast { fill: none; stroke: #bc4c00 }
@media (prefers-color-scheme: dark) {
.ground { fill: #0d1117 } text { fill: #e6edf3 } .faint { fill: #9198a1 }
.grid { stroke: #30363d } .even { stroke: #9198a1 }
.job { fill: #6ca4ff } .before { fill: #9198a1 } .broadcast { fill: #ff9a4d }
polyline.job { fill: none; stroke: #6ca4ff } polyline.before { fill: none; stroke: #9198a1 } polyline.broadcast { fill: none; stroke: #ff9a4d }
}
</style>
<rect class="ground" width="100%%" height="100%%"/>
%s%s</svg>
`
