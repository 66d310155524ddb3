"use strict";
// Adds filters, search and pages of long tables. Without it the page tells the same.
(function () {
  const PAGE = 50;
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const number = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
  const make = (name, text) => {
    const element = document.createElement(name);
    element.textContent = text;
    return element;
  };

  // A table of which some rows are filtered out, and the others are shown page by page.
  class Pages {
    constructor(table) {
      this.table = table;
      this.bodies = all("tbody", table).map((body) => ({
        body,
        rows: Array.from(body.rows).filter((row) => !row.classList.contains("head")),
      }));
      this.rows = this.bodies.flatMap((it) => it.rows);
      this.page = 0;
      this.bar = null;
    }
    show(page) {
      const left = this.rows.filter((row) => !row.classList.contains("off"));
      const last = Math.max(0, Math.ceil(left.length / PAGE) - 1);
      this.page = Math.min(Math.max(page, 0), last);
      const from = this.page * PAGE;
      left.forEach((row, at) => row.classList.toggle("later", at < from || at >= from + PAGE));
      for (const { body, rows } of this.bodies) {
        const kept = rows.filter((row) => !row.classList.contains("off"));
        body.classList.toggle("off", rows.length > 0 && kept.length === 0);
        body.classList.toggle("later", kept.length > 0 && kept.every((row) => row.classList.contains("later")));
      }
      if (this.onShow) this.onShow(left.slice(from, from + PAGE));
      if (last > 0 && !this.bar) this.addBar();
      if (!this.bar) return;
      this.bar.hidden = last === 0;
      this.words.textContent = `${number(from + 1)} to ${number(Math.min(from + PAGE, left.length))} of ${number(left.length)} rows`;
      this.back.disabled = this.page === 0;
      this.next.disabled = this.page === last;
    }
    addBar() {
      this.bar = make("div", "");
      this.bar.className = "pager";
      this.back = make("button", "Previous");
      this.next = make("button", "Next");
      this.words = make("span", "");
      this.words.setAttribute("aria-live", "polite");
      for (const button of [this.back, this.next]) button.type = "button";
      this.back.addEventListener("click", () => this.show(this.page - 1));
      this.next.addEventListener("click", () => this.show(this.page + 1));
      this.bar.append(this.back, this.words, this.next);
      this.table.after(this.bar);
    }
  }

  // The cells of the map lead to their findings; those of a page are linked when it is shown.
  const STATUS = { f: "fail", u: "unknown", w: "waived", p: "pass" };
  const linked = (table) => {
    const regions = all("thead .turned span", table).map((it) => it.textContent);
    return (rows) => {
      for (const row of rows) {
        if (row.dataset.linked) continue;
        row.dataset.linked = "1";
        const account = row.querySelector("th .id").textContent;
        Array.from(row.cells).slice(2).forEach((cell, at) => {
          const status = STATUS[cell.className];
          if (!status) return;
          const region = at === 0 ? "" : regions[at];
          const link = make("a", cell.textContent);
          const place = `account=${encodeURIComponent(account)}` + (region ? `&region=${encodeURIComponent(region)}` : "");
          link.href = `#findings?${place}&status=${status === "fail" ? "fail,unknown" : status}`;
          link.title = `${status} findings of ${account}${region ? ` in ${region}` : ""}`;
          cell.replaceChildren(link);
        });
      }
    };
  };

  for (const link of all("a[data-account]")) {
    link.href = `#findings?account=${encodeURIComponent(link.dataset.account)}&status=fail`;
  }

  // Tables with a line to narrow them.
  const narrowed = new Map();
  for (const table of all("table.paged")) {
    const pages = new Pages(table);
    if (table.id) narrowed.set(table.id, pages);
    if (table.id === "map-table") pages.onShow = linked(table);
    pages.show(0);
  }
  for (const form of all("form.narrow")) {
    const pages = narrowed.get(form.dataset.for);
    if (!pages) continue;
    const [search, only] = all("input", form);
    const open = new Map(pages.rows.map((row) => [row, row.querySelector("td.f, td.u, td.d, td.fail-cell, td.gap-cell, td.unknown-cell") !== null]));
    const narrow = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let left = 0;
      for (const row of pages.rows) {
        const text = row.textContent.toLowerCase();
        const kept = words.every((word) => text.includes(word)) && (!only.checked || open.get(row));
        row.classList.toggle("off", !kept);
        left += kept ? 1 : 0;
      }
      pages.show(0);
      form.querySelector("output").textContent = left < pages.rows.length ? `${number(left)} of ${number(pages.rows.length)} shown` : "";
    };
    form.addEventListener("input", narrow);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
  }

  // The findings. Rows are read when they are first needed.
  const form = document.getElementById("filter");
  const told = document.getElementById("filtered");
  const checks = all("details.check").map((details) => ({ details, pages: null, rows: null, dirty: true }));
  const read = (check) => {
    if (check.rows) return;
    const table = check.details.querySelector("table.found");
    const about = check.details.querySelector("summary").textContent.toLowerCase();
    check.about = about;
    check.rows = [];
    if (!table) return;
    check.pages = new Pages(table);
    for (const { body, rows } of check.pages.bodies) {
      const said = about + " " + body.rows[0].textContent.toLowerCase();
      for (const row of rows) {
        const [what, account, region] = Array.from(row.cells, (cell) => cell.textContent.trim());
        check.rows.push({
          row,
          status: body.className.split(" ")[0],
          account,
          regions: region.split(", "),
          text: `${said} ${what} ${account} ${region}`.toLowerCase(),
          count: Number(row.dataset.n || 1),
        });
      }
    }
  };
  const draw = (check) => {
    if (!check.details.open || !check.dirty) return;
    read(check);
    if (check.pages) check.pages.show(0);
    check.dirty = false;
  };
  const wanted = () => {
    const values = new FormData(form);
    const text = (name) => String(values.get(name) || "").trim();
    return {
      status: values.getAll("status").map(String),
      severity: text("severity"),
      account: text("account"),
      region: text("region"),
      framework: text("framework"),
      q: text("q"),
    };
  };
  const isEmpty = (want) => Object.values(want).every((value) => value.length === 0);
  const filter = () => {
    const want = wanted();
    const any = !isEmpty(want);
    const words = want.q.toLowerCase().split(/\s+/).filter(Boolean);
    const account = want.account.toLowerCase();
    let shown = 0;
    let rows = 0;
    let total = 0;
    const matching = [];
    for (const check of checks) {
      read(check);
      const { details } = check;
      const fits =
        (!want.severity || details.dataset.severity === want.severity) &&
        (!want.framework || details.dataset.frameworks.split(" ").includes(want.framework));
      let kept = 0;
      for (const it of check.rows) {
        total += it.count;
        const keep =
          fits &&
          (want.status.length === 0 || want.status.includes(it.status)) &&
          (!account || it.account.toLowerCase().includes(account)) &&
          (!want.region || it.regions.includes(want.region)) &&
          words.every((word) => it.text.includes(word));
        it.row.classList.toggle("off", !keep);
        if (keep) {
          kept += 1;
          shown += want.region ? 1 : it.count;
        }
      }
      const onlyWords = want.status.length === 0 && !account && !want.region;
      const bare = check.rows.length === 0 && fits && onlyWords && words.every((word) => check.about.includes(word));
      const visible = !any || kept > 0 || bare;
      details.classList.toggle("off", !visible);
      check.dirty = true;
      rows += kept;
      if (any && kept > 0) matching.push(check);
    }
    if (any && rows <= 200) for (const check of matching) check.details.open = true;
    for (const check of checks) draw(check);
    told.textContent = any ? `Filtered: ${number(shown)} of ${number(total)} findings shown.` : "";
    remember(want, any);
  };
  const remember = (want, any) => {
    const parts = Object.entries(want)
      .filter(([, value]) => value.length > 0)
      .map(([name, value]) => `${name}=${encodeURIComponent(Array.isArray(value) ? value.join(",") : value)}`);
    if (!any && !location.hash.startsWith("#findings?")) return;
    history.replaceState(null, "", any ? `#findings?${parts.join("&")}` : "#findings");
  };
  const recall = () => {
    const [, query] = location.hash.split("#findings?");
    if (query === undefined) return false;
    for (const part of query.split("&")) {
      const [name, raw] = part.split("=");
      let value = "";
      try {
        value = decodeURIComponent(raw || "");
      } catch {
        continue;
      }
      if (name === "status") {
        for (const box of all("input[name=status]", form)) box.checked = value.split(",").includes(box.value);
      } else if (form.elements.namedItem(name)) {
        form.elements.namedItem(name).value = value;
      }
    }
    document.getElementById("findings").scrollIntoView();
    return true;
  };
  // What is shown, as a spreadsheet: a text that would be a formula is kept a text.
  const field = (text) => {
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return `"${safe.replace(/"/g, '""')}"`;
  };
  const csv = () => {
    const lines = [["check", "severity", "status", "message", "subject", "account", "region"]];
    for (const check of checks) {
      read(check);
      for (const it of check.rows) {
        if (it.row.classList.contains("off")) continue;
        const body = it.row.closest("tbody");
        const [what, account, region] = Array.from(it.row.cells, (cell) => cell.textContent.trim());
        const message = body.querySelector(".message").textContent.trim();
        lines.push([check.details.id.slice(6), check.details.dataset.severity, it.status, message, what, account, region]);
      }
    }
    return lines.map((line) => line.map(field).join(",")).join("\r\n") + "\r\n";
  };
  const save = () => {
    const link = make("a", "");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv;charset=utf-8" }));
    link.download = "trailaudit-findings.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  };

  // Commands can be copied.
  for (const code of all(".first code, .about code")) {
    if (!code.textContent.startsWith("aws ")) continue;
    const button = make("button", "Copy");
    button.type = "button";
    button.className = "copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
      }
    });
    code.after(button);
  }

  // A link to a check unfolds it, also where a filter hides it.
  const visit = () => {
    if (!location.hash.startsWith("#check-")) return;
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    if (target.classList.contains("off")) {
      form.reset();
      filter();
    }
    target.open = true;
    target.scrollIntoView();
  };

  if (form) {
    const accounts = document.getElementById("accounts");
    const names = all("#map-table tbody th");
    for (const name of names) {
      const option = document.createElement("option");
      option.value = name.querySelector(".id").textContent;
      option.label = name.textContent;
      accounts.append(option);
    }
    const region = form.elements.namedItem("region");
    for (const name of all("#map-table thead .turned span").slice(1)) region.append(new Option(name.textContent));
    const framework = form.elements.namedItem("framework");
    const known = new Set(checks.flatMap((it) => it.details.dataset.frameworks.split(" ").filter(Boolean)));
    for (const name of Array.from(known).sort()) framework.append(new Option(name));
    let waiting = 0;
    form.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(filter, 80);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(filter));
    const fold = (open) => () => {
      for (const { details } of checks) if (!details.classList.contains("off")) details.open = open;
    };
    document.getElementById("unfold").addEventListener("click", fold(true));
    document.getElementById("fold").addEventListener("click", fold(false));
    for (const check of checks) {
      check.details.addEventListener("toggle", () => draw(check));
      draw(check);
    }
    form.hidden = false;
    if (recall()) filter();
    document.getElementById("csv").addEventListener("click", save);
    window.addEventListener("hashchange", () => {
      if (location.hash.startsWith("#findings?")) {
        form.reset();
        recall();
        filter();
      }
      visit();
    });
    document.addEventListener("click", (event) => {
      const link = event.target instanceof Element && event.target.closest("a[href^='#check-']");
      if (link && link.getAttribute("href") === location.hash) visit();
    });
    visit();
  }
})();
