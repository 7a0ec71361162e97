(() => {
  "use strict";
  const by = id => document.getElementById(id);
  const [grid, table, input, found, none, detail] = ["grid", "rows", "q", "found", "none", "detail"].map(by);
  const cells = [...grid.children], chunks = [...table.tBodies], rows = chunks.flatMap(chunk => [...chunk.rows]);
  const causes = [...document.querySelectorAll(".cause")], chips = [...document.querySelectorAll("[data-state]")];
  const headings = [...document.querySelectorAll("thead th")].map(th => th.textContent);
  const stateOf = row => row.cells[1].lastChild.data.toLowerCase();
  document.documentElement.classList.add("live");

  let texts;
  const matches = (i, terms) => terms.every(term => term.startsWith("state:") ? stateOf(rows[i]) === term.slice(6) : texts[i].includes(term));

  const search = () => {
    const query = input.value.trim().toLowerCase(), terms = query.split(/\s+/).filter(Boolean);
    texts = texts || rows.map(row => [...row.cells].map(cell => cell.textContent).join(" ").toLowerCase());
    const seen = new Set();
    let count = 0;
    rows.forEach((row, i) => {
      const hit = matches(i, terms);
      row.hidden = !hit;
      cells[i].classList.toggle("off", !hit);
      if (hit) {
        count++;
        seen.add(row.dataset.cause);
      }
    });
    for (const cause of causes) cause.hidden = !seen.has(cause.dataset.cause);
    for (const chip of chips) chip.setAttribute("aria-pressed", terms.includes("state:" + chip.dataset.state.toLowerCase()));
    for (const chunk of chunks) chunk.hidden = ![...chunk.rows].some(row => !row.hidden);
    table.classList.toggle("few", count < 500);
    none.hidden = count > 0;
    found.textContent = query ? `${count} of ${rows.length} nodes` : "";
  };

  let timer;
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 80); });
  input.addEventListener("keydown", event => { if (event.key === "Escape") { input.value = ""; search(); } });
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      input.value = chip.getAttribute("aria-pressed") === "true" ? "" : "state:" + chip.dataset.state;
      search();
    });
  }

  let chosen = -1;
  const add = (parent, name, text) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  };
  const choose = i => {
    if (chosen >= 0) { cells[chosen].classList.remove("chosen"); cells[chosen].tabIndex = -1; }
    chosen = i;
    cells[i].classList.add("chosen");
    cells[i].tabIndex = 0;
    detail.replaceChildren();
    add(detail, "h3", rows[i].cells[0].textContent);
    const list = add(detail, "dl");
    [...rows[i].cells].slice(1).forEach((cell, at) => {
      if (!cell.textContent) return;
      const entry = add(list, "div");
      add(entry, "dt", headings[at + 1]);
      const value = add(entry, "dd");
      if (!cell.classList.contains("out")) { value.textContent = cell.textContent.replace(/^[A-Z·](?=[A-Z])/, ""); return; }
      entry.className = "out";
      for (const child of cell.childNodes) {
        if (child.nodeName === "P") value.append(child.cloneNode(true));
        else add(value, "pre", child.nodeName === "DETAILS" ? child.querySelector("pre").textContent : child.textContent);
      }
    });
    const link = add(add(detail, "p"), "a", "Show its line in the table");
    link.href = cells[i].getAttribute("href");
    detail.hidden = false;
  };

  const across = () => Math.max(1, cells.findIndex(cell => cell.offsetTop > cells[0].offsetTop));
  cells.forEach((cell, i) => { cell.tabIndex = i ? -1 : 0; });
  grid.addEventListener("focusin", event => {
    const i = cells.indexOf(event.target.closest("a"));
    if (i < 0) return;
    event.target.setAttribute("aria-label", event.target.title);
    choose(i);
  });
  grid.addEventListener("click", event => {
    const cell = event.target.closest("a");
    if (!cell || event.detail === 0) return; // Enter follows the link to the line.
    event.preventDefault();
    cell.focus();
  });
  grid.addEventListener("keydown", event => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across(), ArrowDown: across(), Home: -cells.length, End: cells.length }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const from = Math.max(0, chosen), to = from + by;
    cells[/Arrow(Up|Down)/.test(event.key) && !cells[to] ? from : Math.min(cells.length - 1, Math.max(0, to))].focus();
  });
  addEventListener("beforeprint", () => document.querySelectorAll("td.out details").forEach(fold => { fold.open = true; }));
})();
