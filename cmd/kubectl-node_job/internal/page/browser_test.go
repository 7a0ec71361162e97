package page

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/internal/plan"

	"github.com/darkowlzz/daemonset-job/cmd/kubectl-node_job/internal/results"
)

// browser is a real browser, and all that its pages asked for and complained about.
type browser struct {
	Gomega
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	requests   []string
	complaints []string
}

// openBrowser starts the browser of the environment variable BROWSER, or skips the test.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	program := os.Getenv("BROWSER")
	if program == "" {
		t.Skip("BROWSER is not set: run `make test-page`, which sets it to the path of a chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	g := NewWithT(t)
	g.SetDefaultEventuallyTimeout(30 * time.Second)
	b := &browser{Gomega: g, t: t, ctx: ctx}
	b.run(chromedp.EmulateViewport(1280, 900))
	b.Expect(chromedp.Listen(ctx, b.observe)).To(Succeed())
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	b.Expect(err).NotTo(HaveOccurred())
	_, err = chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	b.Expect(err).NotTo(HaveOccurred())
	_, err = chromedp.Call(ctx, log.Enable, cdp.Empty{})
	b.Expect(err).NotTo(HaveOccurred())
	return b
}

func (b *browser) observe(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, event.Request.URL)
	case *log.EventEntryAdded:
		b.complaints = append(b.complaints, event.Entry.Text)
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, event.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, "console: "+string(event.Type))
	}
}

func (b *browser) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	b.Expect(chromedp.Do(b.ctx, steps...)).To(Succeed())
}

// script runs statements of JavaScript in the page.
func (b *browser) script(statements string) { b.t.Helper(); b.text("(() => { " + statements + " })()") }

// open shows a page, and returns its address and how long it took to load and be drawn.
func (b *browser) open(text string) (address string, took time.Duration) {
	b.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(text))
	}))
	b.t.Cleanup(server.Close)
	began := time.Now()
	b.run(chromedp.Navigate(server.URL + "/page.html"))
	b.text("document.documentElement.offsetHeight")
	return server.URL + "/page.html", time.Since(began)
}

// busy returns for how long the page has kept the processor busy since it was opened.
func (b *browser) busy() time.Duration {
	b.t.Helper()
	metrics, err := chromedp.Call(b.ctx, performance.GetMetrics, cdp.Empty{})
	b.Expect(err).NotTo(HaveOccurred())
	for _, metric := range metrics.Metrics {
		if metric.Name == "TaskDuration" {
			return time.Duration(metric.Value * float64(time.Second))
		}
	}
	b.Expect(metrics.Metrics).To(ContainElement(HaveField("Name", "TaskDuration")))
	return 0
}

// text returns what an expression of JavaScript is.
func (b *browser) text(expression string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("String("+expression+")"))
	b.Expect(err).NotTo(HaveOccurred(), expression)
	return text
}

// search types a query, and waits until the page has answered.
func (b *browser) search(query string) {
	b.t.Helper()
	b.script(fmt.Sprintf(`document.getElementById("found").textContent = "…"; const q = document.getElementById("q"); q.value = %q; q.dispatchEvent(new Event("input"))`, query))
	b.Eventually(func() string { return b.text(`document.getElementById("found").textContent`) }).ShouldNot(Equal("…"))
}

// shows waits until the page shows the details of a node.
func (b *browser) shows(node string) {
	b.t.Helper()
	b.Eventually(func() string { return b.text(`document.querySelector("#detail h3")?.textContent`) }).Should(Equal(node))
}

// picture writes what the browser shows, if the environment variable PICTURES names a folder.
func (b *browser) picture(name string) {
	b.t.Helper()
	folder := os.Getenv("PICTURES")
	if folder == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644)).To(Succeed())
}

func (b *browser) scheme(name string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
	b.Expect(err).NotTo(HaveOccurred())
}

// quiet fails the test if the page asked for anything but itself, or complained.
func (b *browser) quiet(address string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Expect(b.requests).To(HaveEach(address))
	b.Expect(b.complaints).To(BeEmpty())
}

const shownRows = `[...document.querySelectorAll("#rows tbody tr")].filter(row => row.checkVisibility()).length`

func TestThePageOfManyNodesInABrowser(t *testing.T) {
	b := openBrowser(t)
	r, columns := report(5000)
	_, err := chromedp.Call(b.ctx, performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks})
	b.Expect(err).NotTo(HaveOccurred())
	address, took := b.open(write(b, r, columns))
	busy := b.busy()
	t.Logf("The page of 5,000 nodes was loaded and drawn in %s, for %s of the processor", took, busy)
	// The time of the processor is the same on a machine that does other things too.
	b.Expect(busy).To(BeNumerically("<", 2*time.Second))
	b.picture("results-5000")
	b.Expect(b.text(shownRows)).To(Equal("5000"))

	search := func(query string) string {
		b.search(query)
		return b.text(`document.getElementById("found").textContent`)
	}
	b.Expect(search("rack07-node042")).To(Equal("1 of 5000 nodes"))
	b.Expect(b.text(shownRows)).To(Equal("1"))
	b.Expect(b.text(`document.querySelectorAll("#grid a:not(.off)").length`)).To(Equal("1"))
	b.Expect(search("dpkg/lock RACK01")).To(Equal("3 of 5000 nodes"))
	b.Expect(b.text(`[...document.querySelectorAll(".cause")].filter(c => c.offsetHeight > 0).length`)).To(Equal("1"))
	b.Expect(search("state:failed")).To(Equal(fmt.Sprintf("%d of 5000 nodes", r.Counts[plan.NodeFailed])))
	b.picture("results-5000-failed")
	b.Expect(search("is nowhere")).To(Equal("0 of 5000 nodes"))
	b.Expect(search("")).To(BeEmpty())
	b.Expect(b.text(shownRows)).To(Equal("5000"))
	b.quiet(address)
}

func TestThePageInABrowser(t *testing.T) {
	b := openBrowser(t)
	r, columns := report(240)
	address, _ := b.open(write(b, r, columns))
	b.scheme("light")
	b.picture("results")
	// A node is chosen by the keyboard, or by a click.
	b.run(chromedp.Focus(chromedp.CSS("#grid a:nth-child(7)")), chromedp.KeyEvent("\u0303")) // Arrow right.
	b.shows("rack01-node008")
	b.Expect(b.text(`document.querySelector("#detail pre").textContent`)).To(ContainSubstring("Be aware that removing the lock file"))
	b.run(chromedp.Click(chromedp.CSS("#grid a:nth-child(3)")))
	b.shows("rack01-node003")
	// The legend chooses a state.
	b.run(chromedp.Click(chromedp.CSS(`.legend [data-state="Skipped"]`)))
	b.Expect(b.text(shownRows)).To(Equal(fmt.Sprint(r.Counts[plan.NodeSkipped])))
	b.run(chromedp.Click(chromedp.CSS(`.legend [data-state="Skipped"]`)))
	b.scheme("dark")
	b.run(chromedp.Focus(chromedp.CSS("#grid a:nth-child(8)")))
	b.script(`scrollTo(0, 0)`)
	b.picture("results-dark")
	for name, selector := range map[string]string{"causes": "#h-causes", "time": "#h-time", "table": "#all"} {
		b.script(`document.querySelector("` + selector + `").scrollIntoView()`)
		b.picture("results-dark-" + name)
		b.scheme("light")
		b.picture("results-light-" + name)
		b.scheme("dark")
	}
	b.quiet(address)
}

func TestASmallPageInABrowser(t *testing.T) {
	b := openBrowser(t)
	r, columns := report(12)
	address, _ := b.open(write(b, r, columns))
	b.Expect(b.text(shownRows)).To(Equal("12"))
	b.picture("results-small")
	b.run(chromedp.EmulateViewport(420, 900))
	b.Expect(b.text(`document.querySelector("h1").getBoundingClientRect().right <= innerWidth`)).To(Equal("true"))
	b.picture("results-narrow")
	b.quiet(address)
}

// Each text that a node or a user wrote is one that would do something if it were not escaped.
func TestWhatANodePrintedDoesNothingInABrowser(t *testing.T) {
	b := openBrowser(t)
	attacks := []string{
		`<script>window.hit = 1</script>`, `</script><script>window.hit = 2</script>`, `</style><script>window.hit = 3</script>`,
		`"><img src=x onerror="window.hit = 4">`, `' onmouseover='window.hit = 5' x='`, `</pre></td></table><svg onload="window.hit = 6">`,
		`<iframe src="https://example.com/leak">`, `<link rel="stylesheet" href="https://example.com/leak.css">`, `{{.Name}}<!--`, `]]><img src="https://example.com/leak.png">`,
		`<meta http-equiv="refresh" content="0;url=https://example.com/leak">`, `<base href="https://example.com/">`, "javascript:window.hit = 7", "<form action=https://example.com/leak><button>Show</button></form>",
	}
	views := someViews(len(attacks))
	for i, attack := range attacks {
		v := &views[i]
		v.Node, v.State, v.Why = attack, plan.NodeFailed, attack+": "+attack+"\n"+attack
		if v.Entry != nil {
			v.Entry.Node, v.Entry.Output, v.Entry.Message, v.Entry.Reason = attack, attack+"\n"+attack, attack, attack
			if i%2 == 0 {
				v.Entry.Output = fmt.Sprintf(`{%q: %q}`, attack, attack)
			}
		}
	}
	job := aJob(1, time.Minute)
	job.Name, job.Spec.Command, job.Status.Conditions[0].Message = attacks[0], attacks, strings.Join(attacks, " ")
	r := results.NewReport(job, views)
	columns := results.DefaultColumns(r.Nodes)
	b.Expect(columns.All).NotTo(BeEmpty())
	address, _ := b.open(write(b, r, &columns))
	for i := range attacks {
		b.run(chromedp.Focus(chromedp.CSS(fmt.Sprintf("#grid a:nth-child(%d)", i+1))))
		b.shows(attacks[i])
	}
	b.search(attacks[3])
	b.Eventually(func() string { return b.text(shownRows) }).Should(Equal("1"))
	b.Expect(b.text("window.hit")).To(Equal("undefined"))
	for _, name := range []string{"img", "iframe", "link", "base", "form", "meta[http-equiv=refresh]"} {
		b.Expect(b.text(`document.querySelectorAll("`+name+`").length`)).To(Equal("0"), name)
	}
	b.Expect(b.text(`document.scripts.length`)).To(Equal("1"))
	b.quiet(address)
}

// The policy of the page stops a script that got into it in spite of all.
func TestThePolicyStopsWhatIsNotThePagesInABrowser(t *testing.T) {
	b := openBrowser(t)
	r, columns := report(3)
	page := strings.Replace(write(b, r, columns), "<main>", `<main><script>window.hit = 1</script><img src="/leak.png" onerror="window.hit = 2"><style>body{display:none}</style>`, 1)
	address, _ := b.open(page)
	b.Expect(b.text("window.hit")).To(Equal("undefined"))
	b.Expect(b.text("getComputedStyle(document.body).display")).To(Equal("block"))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Expect(b.requests).To(HaveEach(Or(Equal(address), HaveSuffix("/leak.png")))) // It was asked for, and blocked before it left.
	b.Expect(b.complaints).NotTo(BeEmpty())
}
