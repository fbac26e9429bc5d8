// Patrols of the last thirty days: lines on a canvas, and the same numbers in a table.
import { html, nothing } from "./vendor/lit.js";
import { call } from "./api.js";
import { numberLink } from "./behind.js";
import { count, nameOf } from "./i18n.js";
import { daysAfter } from "./period.js";
import { link } from "./route.js";

/** @typedef {import("./main.js").App} App */

const DAYS = 30;
const EVERY_MS = 5 * 60e3;
/** @type {{level: string, figure: string, name: "level"|"chief", mark: string}[]} */
const LINES = [
	{ level: "grid", figure: "patrols", name: "level", mark: "--accent" },
	{ level: "community", figure: "river_patrols", name: "chief", mark: "--s2" },
	{ level: "town", figure: "river_patrols", name: "chief", mark: "--s4" },
];

/** By reach: everybody instead of those of the grids. */
const RIVER_LINES = [{ level: "", figure: "patrols", name: /** @type {const} */ ("level"), mark: "--accent" }, ...LINES.slice(1)];

/** @param {App} app */
const linesOf = (app) => (app.lens ? RIVER_LINES : LINES);
/** @param {App} app @param {typeof LINES[number]} l */
const nameOfLine = (app, l) => (l.level ? nameOf(l.name, l.level, app.lang) : app.lens?.word("any") || "");

/** @param {App} app */
export function newChart(app) {
	/** @type {any} */
	let plot = null;
	/** @type {any} comes when there is something to draw: the first paint does not wait for it */
	let UPlot = null;
	/** @type {HTMLElement|null} */
	let box = null;
	/** @type {ResizeObserver|null} */
	let watch = null;
	/** @type {{days: string[], lines: number[][]}|null} */
	let data = null;
	let readAt = -Infinity;
	let failed = false;
	let stamp = "";
	let drawn = "";
	let asked = "";

	async function read() {
		const filter = asked;

		readAt = app.mono();
		const lines = linesOf(app);
		const coming = UPlot || import("./vendor/uplot.js").then((m) => m.default, () => null);
		const r = await call("GET", `/api/v1/series?figure=${lines.map((l) => l.figure).join(",")}&level=${lines.map((l) => l.level).join(",")}&days=${DAYS}${filter && `&reach=${encodeURIComponent(filter)}`}`);

		if (filter !== asked)
			return;

		UPlot = await coming;
		failed = !UPlot || r.status !== 200;
		if (failed)
			readAt = app.mono() - EVERY_MS + 15e3;
		else
			data = { days: r.body.series[0].days.map((/** @type {any} */ d) => d.day), lines: r.body.series.map((/** @type {any} */ s) => s.days.map((/** @type {any} */ d) => d.value)) };
		app.act.draw();
	}

	/** Today's number is the live one. */
	function live() {
		if (!data)
			return null;
		const lines = data.lines.map((l) => [...l]);

		if (app.lens) { // the stream counts by area
			RIVER_LINES.forEach((l, i) => {
				lines[i][lines[i].length - 1] = app.lens?.today(l.figure, l.level) ?? lines[i][lines[i].length - 1];
			});
			return { days: data.days, lines };
		}
		LINES.forEach((l, i) => {
			const rows = [...app.town.rows.figures.values()].filter((r) => r.id === l.figure && r.level === l.level);
			const n = rows.filter((r) => r.category === "").concat(rows.some((r) => r.category === "") ? [] : rows).reduce((s, r) => s + r.today, 0);

			lines[i][lines[i].length - 1] = Math.max(n, 0);
		});
		return { days: data.days, lines };
	}

	/** @param {HTMLElement} el @param {{days: string[], lines: number[][]}} d */
	function draw(el, d) {
		const css = getComputedStyle(document.documentElement);
		const c = (/** @type {string} */ n) => css.getPropertyValue(n).trim();
		const font = `12px ${getComputedStyle(document.body).fontFamily}`;
		const axis = { stroke: c("--ink3"), font, grid: { stroke: c("--line"), width: 1 }, ticks: { stroke: c("--line"), width: 1 } };

		const look = JSON.stringify([app.dark(), app.lang, d.days, asked]);

		if (plot && look === drawn) { // numbers alone: the axes stay
			plot.setData([d.days.map((_, i) => i), ...d.lines]);
			return;
		}
		drawn = look;
		plot?.destroy();
		plot = new UPlot({
			width: Math.max(el.clientWidth, 120), height: Math.max(el.clientHeight, 80), legend: { show: false }, cursor: { show: false }, padding: [8, 8, 0, 0],
			scales: { x: { time: false }, y: { range: (/** @type {any} */ _u, /** @type {number} */ _lo, /** @type {number} */ hi) => [0, Math.max(hi * 1.1, 4)] } },
			axes: [{ ...axis, size: 26, values: (/** @type {any} */ _u, /** @type {number[]} */ v) => v.map((i) => (d.days[i] ? d.days[i].slice(5).replace("-", "/") : "")) },
				{ ...axis, size: 44, values: (/** @type {any} */ _u, /** @type {number[]} */ v) => v.map((n) => (Number.isInteger(n) ? String(n) : "")) }],
			series: [{}, ...LINES.map((l, i) => ({ stroke: c(l.mark), width: 2, dash: [[], [6, 4], [2, 3]][i], points: { show: false } }))],
		}, [d.days.map((_, i) => i), ...d.lines], el);
		/** @param {MouseEvent} e the day that is pointed at */
		const at = (e) => plot.data[0][plot.posToIdx(e.clientX - plot.over.getBoundingClientRect().left)];

		plot.over.addEventListener("mousemove", (/** @type {MouseEvent} */ e) => {
			const i = at(e);

			plot.over.title = `${d.days[i]}: ${linesOf(app).map((l, k) => `${nameOfLine(app, l)} ${count(plot.data[k + 1][i])}`).join(app.say("list_comma"))}`;
		});
		plot.over.addEventListener("click", (/** @type {MouseEvent} */ e) => {
			const day = d.days[at(e)];

			location.hash = link("patrols", { from: day, to: daysAfter(day, 1), reach: app.lens?.filter || "" });
		});
	}

	return {
		get failed() {
			return failed && !data;
		},
		get data() {
			return live();
		},
		/** Another question than before is asked at once. */
		ask() {
			const filter = app.lens?.filter || "";

			if (filter === asked)
				return;
			asked = filter;
			data = null;
			readAt = -Infinity;
		},
		after() {
			const el = /** @type {HTMLElement|null} */ (document.querySelector("[data-chart]"));

			if (box && box !== el) {
				watch?.disconnect();
				plot?.destroy();
				plot = box = watch = null;
				stamp = "";
			}
			if (!el || !app.me)
				return;
			this.ask();
			if (app.mono() - readAt > EVERY_MS)
				read();
			if (!box) {
				box = el;
				watch = new ResizeObserver(() => plot?.setSize({ width: Math.max(el.clientWidth, 120), height: Math.max(el.clientHeight, 80) }));
				watch.observe(el);
			}
			const d = live();
			const s = JSON.stringify([d, app.dark(), app.lang]);

			if (d && s !== stamp) {
				stamp = s;
				draw(el, d);
			}
		},
		forget() {
			data = null;
			readAt = -Infinity;
			stamp = "";
		},
	};
}

const tall = matchMedia("(min-width: 1101px) and (min-height: 1100px)"); // by reach there is a table above it
const short = matchMedia("(min-width: 1101px) and (max-height: 800px)");

/** On a low screen the map has its place, until it is asked for. @param {App} app */
const isFolded = (app) => (app.ui.chart === null ? short.matches || (!!app.lens && !tall.matches) : !app.ui.chart);

/** @param {App} app */
export function chartView(app) {
	const { say, chart } = app;
	const d = chart.data;
	const title = linesOf(app).map((l) => nameOfLine(app, l));

	const folded = isFolded(app);

	return html`<section class="block chart ${folded ? "folded" : ""}" aria-labelledby="h-chart">
	<h2 id="h-chart">${say("chart")} <small class="keys">${LINES.map((_, i) => html`<span class="line-key k${i}">${title[i]}</span>`)}</small>
		<button type="button" class="small" aria-expanded=${!folded} @click=${() => app.act.ui({ chart: folded })}>${say(folded ? "unfold" : "fold")}</button></h2>
	${folded ? nothing : html`
	${chart.failed ? html`<p class="empty">${say("chart_failed")}</p>` : nothing}
	<div class="chart-box" data-chart aria-hidden="true"></div>
	${d ? html`<details class="numbers"><summary>${say("chart_table")}</summary><div class="scroll" role="group" tabindex="0" aria-label=${say("chart")}><table><thead><tr><th scope="col">${say("day")}</th>${title.map((t) => html`<th scope="col" class="n">${t}</th>`)}</tr></thead>
		<tbody>${d.days.map((day, i) => html`<tr><th scope="row">${day}</th>${d.lines.map((l, k) => html`<td class="n">${numberLink(link("patrols", { river: LINES[k].figure === "river_patrols" ? "1" : "", level: linesOf(app)[k].level, from: day, to: daysAfter(day, 1), reach: app.lens?.filter || "" }), count(l[i]))}</td>`)}</tr>`).reverse()}</tbody></table></div></details>` : nothing}`}</section>`;
}
