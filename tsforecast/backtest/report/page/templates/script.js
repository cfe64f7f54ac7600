"use strict";
document.documentElement.classList.add("scripted");

/* A table is sorted by a click on the head of a column; what has no number comes last. */
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent.trim();
      const rows = [...body.rows].map((row) => [key(row), row]);
      const numeric = rows.every(([text]) => text === "" || !Number.isNaN(Number(text)));
      rows.sort(([a], [b]) => {
        if ((a === "") !== (b === "")) return a === "" ? 1 : -1;
        const order = numeric ? Number(a) - Number(b) : a.localeCompare(b);
        return up ? order : -order;
      });
      body.append(...rows.map(([, row]) => row));
    });
  });
}

/* The series browser: any series, drawn from numbers of twelve bits, two letters each. */
const source = document.getElementById("series-data");
if (source) {
  const all = JSON.parse(source.textContent);
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const bits = new Map([...letters].map((letter, k) => [letter, k]));
  const choice = document.getElementById("series-choice"), place = document.getElementById("series-picture");
  const space = "http://www.w3.org/2000/svg";
  const left = 58, right = 12, top = 10, bottom = 30;

  const make = (name, attributes, parent, text) => {
    const node = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  };
  const numbers = (text, low, high) => {
    const found = [];
    for (let k = 0; k < text.length; k += 2) {
      const step = bits.get(text[k]) * 64 + bits.get(text[k + 1]);
      found.push(step === 4095 ? NaN : low + ((high - low) * step) / 4094);
    }
    return found;
  };
  const ticks = (low, high) => {
    const rough = (high - low) / 5 || 1, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((k) => k * power).find((one) => one >= rough);
    const found = [];
    for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(k * step);
    return { step, found };
  };
  const draw = () => {
    const one = all.series[choice.selectedIndex];
    const { horizon, step } = all;
    const before = one.p.length / 2, last = before + one.y.length / 2 - 1;
    const W = Math.min(Math.max(place.clientWidth, 280), 1100), H = W < 600 ? 240 : 320;
    const x = (t) => left + ((W - left - right) * (before + t)) / Math.max(last, 1);
    const spread = one.hi - one.lo || Math.abs(one.hi) || 1, low = one.lo - spread * 0.04, high = one.hi + spread * 0.04;
    const y = (v) => top + ((H - top - bottom) * (high - v)) / (high - low);
    const line = (values, from) => {
      let path = "", pen = false;
      values.forEach((v, k) => {
        if (Number.isNaN(v)) { pen = false; return; }
        path += `${pen ? "L" : "M"}${x(from + k).toFixed(1)} ${y(v).toFixed(1)}`;
        if (!pen && (k + 1 === values.length || Number.isNaN(values[k + 1]))) path += "h0";
        pen = true;
      });
      return path;
    };
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("width", W);
    svg.setAttribute("height", H);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `Truth and forecasts of series ${one.id}`);
    const text = { "font-size": 12, fill: "var(--muted)" };
    const { step: gap, found } = ticks(low, high);
    const decimals = Math.max(0, -Math.floor(Math.log10(gap) + 1e-9));
    for (const v of found) {
      make("path", { d: `M${left} ${y(v)}H${W - right}`, stroke: "var(--ts-grid)" }, svg);
      const shown = Math.abs(v) >= 1e7 || (decimals > 4 && v !== 0) ? v.toPrecision(3) : v.toFixed(Math.min(decimals, 6));
      make("text", { ...text, x: left - 8, y: y(v) + 4.5, "text-anchor": "end" }, svg, shown);
    }
    const dates = all.dates[one.t];
    let free = -1;
    dates.forEach((date, w) => {
      const at = x(w * step);
      make("path", { d: `M${at} ${top}V${H - bottom}`, stroke: "var(--ts-faint)", "stroke-dasharray": "2 3" }, svg);
      const wide = date.length * 7;
      if (at < free || at + wide > W) return;
      make("text", { ...text, x: at, y: H - 10 }, svg, date);
      free = at + wide + 10;
    });
    if (one.l) {
      const lows = numbers(one.l, one.lo, one.hi), highs = numbers(one.u, one.lo, one.hi);
      const group = make("g", { class: `model-${all.band}` }, svg);
      dates.forEach((_, w) => {
        const at = [...Array(horizon).keys()].filter((h) => !Number.isNaN(lows[w * horizon + h]));
        if (!at.length) return;
        const edge = (values, order) => order.map((h) => `${x(w * step + h).toFixed(1)} ${y(values[w * horizon + h]).toFixed(1)}`);
        const path = `M${[...edge(highs, at), ...edge(lows, [...at].reverse())].join("L")}Z`;
        make("path", { d: path, fill: `var(--ts-model-${all.models[all.kept.indexOf(all.band)].colour})`, "fill-opacity": 0.16 }, group);
      });
    }
    const ink = { fill: "none", "stroke-linecap": "round", "stroke-linejoin": "round" };
    all.models.forEach((model, k) => {
      const values = numbers(one.f[k], one.lo, one.hi);
      const d = dates.map((_, w) => line(values.slice(w * horizon, (w + 1) * horizon), w * step)).join("");
      const group = make("g", { class: `model-${all.kept[k]}` }, svg);
      make("path", { ...ink, d, stroke: `var(--ts-model-${model.colour})`, "stroke-width": 1.8, "stroke-dasharray": model.dashes }, group);
    });
    make("path", { ...ink, d: line(numbers(one.p + one.y, one.lo, one.hi), -before), stroke: "var(--ts-ink)", "stroke-width": 2 }, svg);
    place.replaceChildren(svg);
  };
  for (const one of all.series) {
    const option = document.createElement("option");
    option.textContent = one.score === null ? one.id : `${one.id} (${one.score})`;
    choice.append(option);
  }
  choice.addEventListener("change", draw);
  for (const [id, by] of [["series-before", -1], ["series-after", 1]]) {
    document.getElementById(id).addEventListener("click", () => {
      const n = all.series.length;
      choice.selectedIndex = (choice.selectedIndex + by + n) % n;
      draw();
    });
  }
  let width = 0;
  new ResizeObserver(() => {
    if (place.clientWidth !== width) { width = place.clientWidth; draw(); }
  }).observe(place);
}

/* All models, none, or the first three of the ranking at once. */
const boxes = [...document.querySelectorAll(".models input")];
for (const button of document.querySelectorAll("[data-show]")) {
  button.addEventListener("click", () => {
    const most = Number(button.dataset.show);
    boxes.forEach((box) => { box.checked = Number(box.dataset.place) < most; });
  });
}
