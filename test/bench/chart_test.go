package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// chartRows returns rows such as a run of all contenders makes.
func chartRows() []result {
	var all []result
	for _, of := range []struct {
		name, title string
		wall, each  float64
	}{{"1", "Exit mode, all nodes at once", 1.04, 0.004}, {"2", "Log mode, all nodes at once", 2.1, 1}, {"3", "Exit mode, parallelism 10%", 1.6, 1}} {
		for _, n := range []int{100, 1000, 5000, 15000} {
			size := math.Log10(float64(n))
			row := func(contender string, wall, memory, each float64) {
				all = append(all, result{
					Case: of.name, Title: of.title, Contender: contender, Nodes: n, Pods: n, Reference: 10, Wall: 10 * wall,
					Manager: usage{PeakMemory: 30 + memory*float64(n)}, Writes: 20 + int(each*float64(n)),
				})
			}
			all = append(all, result{Case: of.name, Contender: contenderBare, Nodes: n, Wall: 10})
			row(contenderJob, of.wall+0.01*size, 0.005, of.each)
			row(contenderBefore, of.wall+0.03*size, 0.015, of.each)
			if of.name != "2" && n < 15000 {
				row(contenderBroadcast, 0.8+0.04*size, 0.06, 1.05)
			}
		}
	}
	return all
}

func TestTheChartIsXMLAndShowsWhatWasMeasured(t *testing.T) {
	g := NewWithT(t)
	drawn := chart(chartRows())
	if file := os.Getenv("CHART"); file != "" { // To look at it.
		g.Expect(os.WriteFile(file, []byte(drawn), 0o644)).To(Succeed())
	}
	text, elements := textOf(g, drawn)
	g.Expect(text).To(And(ContainSubstring("Log mode, all nodes at once"), ContainSubstring("daemonset-job before"), ContainSubstring("BroadcastJob"), ContainSubstring("15k")))
	g.Expect(elements).NotTo(HaveKey("script"))
	g.Expect(elements["polyline"]).To(Equal(3 * (3 + 2 + 3)))
	g.Expect(drawn).NotTo(Or(ContainSubstring("NaN"), ContainSubstring("Inf"), ContainSubstring("%!")))
}

func TestAChartOfOneNumberOfNodesHasPoints(t *testing.T) {
	g := NewWithT(t)
	drawn := chart(rows(1000, func(*result) {}))
	text, elements := textOf(g, drawn)
	g.Expect(text).To(ContainSubstring("a < b"))
	g.Expect(text).NotTo(ContainSubstring("BroadcastJob"), "it was not measured")
	g.Expect(elements).NotTo(HaveKey("polyline"))
	g.Expect(drawn).NotTo(Or(ContainSubstring("NaN"), ContainSubstring("Inf"), ContainSubstring("%!")))
	_, elements = textOf(g, chart(nil))
	g.Expect(elements).NotTo(HaveKey("circle"), "nothing was measured")
}

// textOf returns the text of an SVG and how many elements of each name it has.
func textOf(g *WithT, svg string) (string, map[string]int) {
	text, elements, decoder := strings.Builder{}, map[string]int{}, xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return text.String(), elements
		}
		g.Expect(err).NotTo(HaveOccurred(), "it is XML")
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			elements[token.Name.Local]++
		}
	}
}

func TestScalesPlaceValues(t *testing.T) {
	g := NewWithT(t)
	nodes := scale{least: 100, most: 10000, logarithmic: true}
	g.Expect(nodes.place(1000)).To(BeNumerically("~", 0.5))
	g.Expect(scale{least: 5, most: 5, logarithmic: true}.place(5)).To(Equal(0.5))
	g.Expect(scale{least: 24, most: 5034, logarithmic: true}.rounded(0).ticks()).To(HaveLen(4), "10 to 10,000")
	g.Expect(scale{most: 0.8}.rounded(1)).To(Equal(scale{most: 1}))
	g.Expect(scale{most: 253}.rounded(0).ticks()).To(Equal([]float64{0, 150, 300}))
	for value, text := range map[float64]string{15000: "15k", 1000: "1k", 128: "128", 0.6: "0.6", 2500: "2.5k"} {
		g.Expect(short(value)).To(Equal(text))
	}
}

func TestLabelsDoNotOverlap(t *testing.T) {
	g := NewWithT(t)
	moved := apart([]label{{y: 50}, {y: 40}, {y: 100}})
	g.Expect(moved[1].y - moved[0].y).To(BeNumerically("~", labelHeight))
	g.Expect(moved[0].y + moved[1].y).To(BeNumerically("~", 90))
	g.Expect(moved[2].y).To(Equal(100.0))
}
