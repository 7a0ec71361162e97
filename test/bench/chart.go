package main

import (
	"fmt"
	"html"
	"strings"
)

// The chart has horizontal bars. The length of a bar is a wall time.
const (
	barHeight, barGap, groupGap = 16, 3, 14
	labelWidth, barWidth        = 330, 420
	chartMargin                 = 16
)

// chart draws the wall time of each row below its reference, as SVG.
func chart(rows []result) string {
	longest := 0.0
	for i := range rows {
		longest = max(longest, rows[i].Wall, rows[i].Reference)
	}
	var body strings.Builder
	y := chartMargin + 24
	for i := range rows {
		r := &rows[i]
		if r.Contender == contenderBare && r.Reference == 0 {
			continue
		}
		fmt.Fprintf(&body, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n",
			labelWidth-8, y+barHeight, html.EscapeString(fmt.Sprintf("%d nodes: %s", r.Nodes, r.Title)))
		y = bar(&body, y, "#9aa5b1", r.Reference, longest, "bare DaemonSet")
		y = bar(&body, y, "#326ce5", r.Wall, longest, r.Contender) + groupGap
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">
<rect width="100%%" height="100%%" fill="white"/>
<text x="%d" y="%d" font-size="14" font-weight="bold">Seconds until all pods are ready, or all Jobs complete</text>
%s</svg>
`, labelWidth+barWidth+200, y+chartMargin, chartMargin, chartMargin+6, body.String())
}

// bar draws a bar, and returns the y coordinate of the next one.
func bar(to *strings.Builder, y int, colour string, value, longest float64, name string) int {
	if value == 0 {
		return y
	}
	width := value / longest * barWidth
	fmt.Fprintf(to, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", labelWidth, y, width, barHeight, colour)
	fmt.Fprintf(to, `<text x="%.1f" y="%d">%.1f s %s</text>`+"\n", labelWidth+width+6, y+barHeight-4, value, html.EscapeString(name))
	return y + barHeight + barGap
}
