package main

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func size() options { return options{width: 40, height: 5, timeout: 20 * time.Second} }

func TestThePictureHasTheTextOfTheScreen(t *testing.T) {
	g, o := NewWithT(t), size()
	o.prompt = "greet"
	lines, err := record(o, []string{"sh", "-c", `printf 'gone\r\033[K\033[1mbold\033[0m  a <b> & \033[31mred\033[0m'; exit 3`})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(lines).To(HaveLen(2))
	g.Expect(strings.TrimRight(textOf(lines[1]), " ")).To(Equal("bold  a <b> & red"))
	svg := picture(lines, o.width)
	g.Expect(svg).To(And(ContainSubstring(`font-weight="bold" xml:space="preserve">$ greet</text>`), ContainSubstring(`font-weight="bold" xml:space="preserve">bold</text>`),
		ContainSubstring(`>a &lt;b&gt; &amp;</text>`), ContainSubstring(`fill="#e06c75" xml:space="preserve">red</text>`), Not(ContainSubstring("gone"))))
	for decoder := xml.NewDecoder(strings.NewReader(svg)); ; {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		g.Expect(err).NotTo(HaveOccurred())
	}
}

func TestTheScreenIsDrawnWhenItShowsWhatIsWaitedFor(t *testing.T) {
	g, o := NewWithT(t), size()
	o.until = regexp.MustCompile("half")
	lines, err := record(o, []string{"sh", "-c", "echo half; sleep 60; echo whole"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(textOf(lines[0])).To(HavePrefix("half "))
	g.Expect(lines).To(HaveLen(1))

	_, err = record(o, []string{"echo", "nothing"})
	g.Expect(err).To(MatchError(ContainSubstring("never showed half")))
	o.timeout = 100 * time.Millisecond
	_, err = record(o, []string{"sleep", "60"})
	g.Expect(err).To(MatchError(ContainSubstring("still at work")))
}
