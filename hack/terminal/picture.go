package main

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"

	"github.com/hinshun/vt10x"
)

// Sizes of a picture, in its own units. A dark frame is easy to read on light and dark pages.
const (
	cellWidth, lineHeight, fontSize = 8.4, 19, 14
	margin, radius                  = 16, 8
	background, foreground          = "#1f2430", "#d7dae0"
)

// palette are the first 16 colours of a terminal.
var palette = [16]string{
	"#4b5263", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d7dae0",
	"#7f848e", "#ef8790", "#b1d699", "#f0d399", "#82c4ff", "#d79ae8", "#7fcbd5", "#ffffff",
}

// picture returns the lines as SVG. The length of each text is given, so that columns stand below
// each other with whatever font there is.
func picture(lines [][]span, columns int) string {
	width := float64(columns)*cellWidth + 2*margin
	height := len(lines)*lineHeight + 2*margin
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %d" width="%g" height="%d" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="%d">`+"\n",
		width, height, width, height, fontSize)
	fmt.Fprintf(&svg, `<rect width="100%%" height="100%%" rx="%d" fill="%s"/>`+"\n", radius, background)
	for i, line := range lines {
		for _, s := range line {
			text := strings.TrimRight(s.text, " ")
			indent := len(text) - len(strings.TrimLeft(text, " "))
			if text = text[indent:]; text == "" {
				continue
			}
			weight := ""
			if s.bold {
				weight = ` font-weight="bold"`
			}
			fmt.Fprintf(&svg, `<text x="%.1f" y="%d" textLength="%.1f" lengthAdjust="spacingAndGlyphs" fill="%s"%s xml:space="preserve">%s</text>`+"\n",
				margin+float64(s.column+indent)*cellWidth, margin+i*lineHeight+fontSize, float64(utf8.RuneCountInString(text))*cellWidth, colour(s.fg), weight, html.EscapeString(text))
		}
	}
	svg.WriteString("</svg>\n")
	return svg.String()
}

func colour(c vt10x.Color) string {
	if c.ANSI() {
		return palette[c]
	}
	return foreground
}
