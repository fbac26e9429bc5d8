// The reports page: a period and a place, the figures with their definitions, the report's paragraph, the exports.
import { html, nothing } from "./vendor/lit.js";
import "./i18npages.js";
import { call } from "./api.js";
import { behindFigure, numberLink } from "./behind.js";
import { copyText } from "./copy.js";
import { nameOf } from "./i18n.js";
import { asked, monthsOf, PERIODS, plus } from "./reportperiod.js";
import { figureOf, pieces, rowsOf, SHEETS, shown, totalOf } from "./reportsheets.js";
import { reason } from "./refusal.js";
import { link } from "./route.js";
import { stock } from "./stock.js";
import { date, full, instant } from "./time.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./i18n.js").Key} Key */
/** @typedef {import("./reportperiod.js").Period} Period */
/** @typedef {import("./reportsheets.js").Figure} Figure */

/** Exports, and as what each can be had. */
const EXPORTS = { workbook: ["xlsx"], figures: ["csv", "xlsx"], areas: ["csv", "xlsx"], annual: ["csv", "xlsx"], duty: ["csv", "xlsx"], overdue: ["csv", "xlsx"], patrols: ["csv", "xlsx"], tracks: ["geojson"],
	cases: ["csv", "xlsx"], inspections: ["csv", "xlsx"], visits: ["csv", "xlsx"], works: ["csv", "xlsx"], households: ["csv", "xlsx"], events: ["csv", "xlsx"], quality: ["csv", "xlsx"], corrections: ["csv", "xlsx"] };
/** Those that can be had of reaches; the others count by area. */
const OF_REACHES = ["duty", "overdue", "patrols", "tracks", "cases", "inspections", "visits", "works"];
const UNMASK = ["centre", "office", "leader"]; // roles that may see names and phones in full

const state = {
	key: "", // what is shown, or being read
	/** @type {"loading"|"ready"|"failed"} */ phase: "loading",
	/** @type {Key|null} */ error: null,
	what: "",
	/** @type {any} */ figures: null,
	/** @type {any} */ annual: null,
	unmask: false,
	sending: "", // the export that is being asked for
	/** @type {Key|null} */ refused: null,
	refusedWhat: "",
	turn: 0,
};

/** @param {App} app */
const today = (app) => date(app.nowMs());
/** @param {App} app */
const scopeOf = (app) => app.place.query.get("scope") || app.me?.scope || "";

/** Reaches that are asked about in the place of an area: a river, any; "" none. @param {App} app */
const reachOf = (app) => app.place.query.get("reach") || "";

/** The query of all calls. @param {App} app @param {Period} p @param {Record<string, string>} [more] */
function query(app, p, more = {}) {
	const scope = scopeOf(app);
	const reach = reachOf(app);

	return new URLSearchParams({ from: p.from, to: p.to, ...(reach ? { reach } : scope && scope !== "*" ? { scope } : {}), lang: app.lang, ...more }).toString();
}

/** @param {App} app @param {boolean} [again] also when it is shown already */
async function load(app, again = false) {
	const { period } = asked(app.place.query, today(app));
	const key = period ? query(app, period) : "";

	if (key === state.key && !again)
		return;
	const mine = ++state.turn;
	const other = key !== state.key;

	state.key = key;
	if (!period)
		return;
	if (other)
		state.figures = state.annual = null;
	state.phase = "loading";
	state.error = state.refused = null;
	app.act.draw();
	const [f, a] = await Promise.all([call("GET", `/api/v1/figures?${key}`), reachOf(app) ? { status: 200, body: null, retryAfter: 0 } : call("GET", `/api/v1/exports/annual.json?${key}`)]);

	if (mine !== state.turn)
		return;
	const bad = f.status !== 200 ? f : a.status !== 200 ? a : null;

	if (bad?.status === 401)
		return app.act.expired();
	state.phase = bad ? "failed" : "ready";
	if (bad) {
		state.error = bad.status === 0 ? "err_down" : bad.status === 403 ? "rep_denied" : bad.status === 429 ? "rep_two" : bad.status === 503 ? "err_busy" : "rep_failed";
		state.what = reason(app, bad.body) || String(bad.status);
	} else {
		state.figures = f.body;
		state.annual = a.body;
	}
	app.act.draw();
}

/** Another period or place. @param {App} app @param {Record<string, string>} change */
function go(app, change) {
	const q = new URLSearchParams(app.place.query);

	if ("period" in change || "from" in change)
		for (const k of ["period", "from", "to"])
			q.delete(k);
	for (const [k, v] of Object.entries(change))
		if (v)
			q.set(k, v);
		else
			q.delete(k);
	if (q.get("scope") === app.me?.scope)
		q.delete("scope");
	location.hash = link("reports", q);
}

// ---------------------------------------------------------------- exports

/** Asks whether it can be had, then lets the browser fetch it. @param {App} app @param {MouseEvent} e @param {string} file */
async function send(app, e, file) {
	const a = /** @type {HTMLAnchorElement} */ (e.currentTarget);
	const href = a.href;

	e.preventDefault();
	if (state.sending)
		return;
	state.sending = file;
	state.refused = null;
	app.act.draw();
	const r = await fetch(href, { method: "HEAD", credentials: "same-origin", cache: "no-store" }).then((x) => x.status, () => 0);

	state.sending = "";
	if (r === 401)
		return app.act.expired();
	if (r === 200) {
		const go = document.createElement("a");

		go.href = href;
		go.download = "";
		go.click();
		app.said = app.say("said_export", { what: a.getAttribute("aria-label") || file });
	} else {
		state.refused = r === 0 ? "err_down" : r === 429 ? "rep_two" : r === 503 ? "err_busy" : r === 403 ? "rep_denied" : "rep_failed";
		state.refusedWhat = String(r);
	}
	app.act.draw();
}

/** @param {App} app @param {Period} p */
function exportsView(app, p) {
	const { say, lang } = app;
	const may = app.me?.roles.some((r) => UNMASK.includes(r));
	const more = /** @type {Record<string, string>} */ (state.unmask && may ? { unmask: "1" } : {});

	return html`<section class="block rep-exports" aria-labelledby="h-rep-exports">
	<h2 id="h-rep-exports">${say("rep_exports")} <small>${say(reachOf(app) ? "rep_exports_reach" : "rep_exports_note")}</small></h2>
	${may ? html`<p class="check"><input type="checkbox" id="rep-unmask" .checked=${state.unmask} @change=${(/** @type {Event} */ e) => {
		state.unmask = /** @type {HTMLInputElement} */ (e.target).checked;
		app.act.draw();
	}}> <label for="rep-unmask">${say("rep_unmask")}</label>${state.unmask ? html` <span class="late">${say("rep_unmask_on")}</span>` : nothing}</p>` : nothing}
	<p class="error" role="alert">${state.refused ? say(state.refused, { what: state.refusedWhat }) : ""}</p>
	<ul class="files">${Object.entries(EXPORTS).filter(([name]) => !reachOf(app) || OF_REACHES.includes(name)).map(([name, formats]) => html`<li><span>${nameOf("export", name, lang)}</span> <span class="choice">${formats.map((f) => {
		const file = `${name}.${f}`;

		return html`<a class="button" download data-file=${file} href=${`/api/v1/exports/${file}?${query(app, p, more)}`} aria-label=${`${nameOf("export", name, lang)} ${f.toUpperCase()}`}
			aria-busy=${state.sending === file} @click=${(/** @type {MouseEvent} */ e) => send(app, e, file)}>${f === "geojson" ? "GeoJSON" : f.toUpperCase()}</a>`;
	})}</span></li>`)}</ul></section>`;
}

// ---------------------------------------------------------------- the paragraph

/** @param {App} app */
function paragraphView(app) {
	const { say } = app;
	const a = state.annual;

	if (!a)
		return nothing;
	return html`<section class="block rep-text" aria-labelledby="h-rep-text">
	<h2 id="h-rep-text">${say("rep_text")} <small>${say("rep_text_note")}</small>
		<button type="button" class="small" data-test="copy" @click=${async () => {
			app.said = say(await copyText(a.paragraph) ? "said_text" : "said_no_copy");
			app.act.draw();
		}}>${say("rep_copy")}</button></h2>
	<p class="paragraph" data-test="paragraph">${pieces(a.paragraph, a.rows).map((x) => (x.query ? html`<a href=${x.query} download title=${say("rep_behind", { what: x.name || "" })}>${x.text}</a>` : x.text))}</p>
	${asofView(app, a.as_of_commit, a.as_of_time)}</section>`;
}

/** @param {App} app @param {number} commit @param {string} time */
const asofView = (app, commit, time) => html`<p class="sub asof">${app.say("rep_as_of", { commit, time: full(instant(time) || 0) })}</p>`;

/** What came after the books were closed. @param {App} app */
function correctionsView(app) {
	const { say, lang } = app;
	const rows = (state.annual?.rows || []).filter((/** @type {any} */ r) => r.clause === "corrections");

	if (!rows.length)
		return nothing;
	return html`<section class="block rep-wide" aria-labelledby="h-rep-corr"><h2 id="h-rep-corr">${say("rep_corrections")} <small>${say("rep_corrections_note")}</small></h2>
	<div class="scroll" role="group" tabindex="0" aria-labelledby="h-rep-corr"><table><thead><tr><th scope="col">${say("rep_of_month")}</th><th scope="col">${say("rep_figure")}</th><th scope="col">${say("rep_part")}</th>
		<th scope="col" class="n">${say("rep_frozen_value")}</th><th scope="col" class="n">${say("rep_value_now")}</th><th scope="col">${say("rep_unit")}</th></tr></thead>
	<tbody>${rows.map((/** @type {any} */ r) => html`<tr><td>${r.period}</td><th scope="row">${r.name}</th><td>${r.level ? nameOf("level", r.level, lang) : r.category_name || r.category || say("total")}</td>
		<td class="n">${r.display}</td><td class="n">${r.text}</td><td>${r.unit}</td></tr>`)}</tbody></table></div></section>`;
}

/** Are the books of the period closed, or of months of it? @param {App} app @param {Period} p */
function frozenView(app, p) {
	const { say } = app;
	/** @type {{month: string, commit: number, time: string}[]} */
	const months = state.figures?.frozen || [];

	if (!months.length)
		return nothing;
	const whole = p.from.endsWith("-01") && p.to.endsWith("-01") && months.length === monthsOf(p);

	return html`<span class="chip good" data-test="frozen" title=${months.map((m) => say("rep_frozen_at", { month: m.month, commit: m.commit, time: full(instant(m.time) || 0) })).join("\n")}>${
		whole ? say("rep_frozen") : say("rep_frozen_part", { months: months.map((m) => m.month).join(say("list_comma")) })}</span>`;
}

// ---------------------------------------------------------------- the tables

/** What the row of a part is called. @param {App} app @param {import("./reportsheets.js").Sheet} sheet @param {Figure} f */
function partName(app, sheet, f) {
	if (f.level)
		return nameOf(sheet.by === "chief" ? "chief" : "level", f.level, app.lang);
	return f.category_name || (sheet.by === "route" ? nameOf("route", f.category, app.lang) : sheet.by === "class" ? nameOf("class", f.category, app.lang) : f.category);
}

/** @param {App} app @param {import("./reportsheets.js").Sheet} sheet @param {Figure[]} figures @param {Where} where */
function sheetView(app, sheet, figures, where) {
	const { say } = app;
	const id = `h-rep-${sheet.id}`;
	const columns = sheet.groups.flatMap((g) => g.columns);
	const used = [...new Set(columns.map(figureOf))].map((f) => totalOf(figures, f)).filter((f) => f !== undefined);
	const bases = sheet.groups.filter((g) => g.basis);
	const units = [...new Set(used.filter((f) => f.unit !== "%").map((f) => f.unit))];

	return html`<section class="block rep-sheet ${columns.length > 4 ? "rep-wide" : ""}" data-sheet=${sheet.id} aria-labelledby=${id}>
	<h2 id=${id}>${say(sheet.text)} ${units.length === 1 && units[0] && sheet.by !== "list" ? html`<small>${say("rep_in_unit", { unit: units[0] })}</small>` : nothing}</h2>
	<div class="scroll" role="group" tabindex="0" aria-labelledby=${id}>${sheet.by === "list" ? listTable(app, used, where) : partsTable(app, sheet, figures, columns, units.length > 1 || sheet.id === "works", where)}</div>
	${bases.length === 1 ? html`<p class="sub">${say("rep_basis", { what: say(/** @type {Key} */ (bases[0].basis)) })}</p>` : nothing}
	<details class="defs"><summary>${say("rep_definitions", { n: used.length })}</summary><dl>${used.map((f) => html`<dt>${f.name}</dt><dd>${f.definition}</dd>`)}</dl></details></section>`;
}

/** @typedef {{from: string, to: string, scope: string, reach: string}} Where */

/** Nothing to look at behind it. @param {string} text */
const nil = (text) => text === "0" || text === "0.0" || text === "0.00" || text === "—";

/** A number opens its records. @param {string} text @param {Figure} f @param {Where} where */
const behindView = (text, f, where) => numberLink(nil(text) ? "" : behindFigure(f.id, f.level, f.category, where), text);

/** @param {App} app @param {Figure[]} used @param {Where} where */
const listTable = (app, used, where) => html`<table><thead><tr><th scope="col">${app.say("rep_figure")}</th><th scope="col" class="n">${app.say("rep_value")}</th><th scope="col">${app.say("rep_unit")}</th></tr></thead>
<tbody>${used.map((f) => html`<tr data-row="||"><th scope="row">${f.name}</th><td class="n ${nil(f.display) ? "zero" : ""}" data-figure=${f.id}>${behindView(f.display, f, where)}</td><td>${f.unit}</td></tr>`)}</tbody></table>`;

/** @param {App} app @param {import("./reportsheets.js").Sheet} sheet @param {Figure[]} figures @param {import("./reportsheets.js").Column[]} columns @param {boolean} units each figure has its own @param {Where} where */
function partsTable(app, sheet, figures, columns, units, where) {
	const { say } = app;
	const works = sheet.id === "works";
	const total = columns.map((c) => totalOf(figures, figureOf(c)));
	const bases = sheet.groups.filter((g) => g.basis).length > 1;
	const cell = (/** @type {import("./reportsheets.js").Column} */ c, /** @type {Figure|undefined} */ f) => {
		const text = shown(c, f, totalOf(figures, figureOf(c)));

		return html`<td class="n ${nil(text) ? "zero" : ""}" data-figure=${figureOf(c)} data-of=${typeof c === "string" ? nothing : c.of}>${f ? behindView(text, f, where) : text}</td>`;
	};
	const head = (/** @type {import("./reportsheets.js").Column} */ c, /** @type {number} */ i) => {
		const f = total[i];
		const unit = units && !works && typeof c === "string" && f?.unit && f.unit !== "%" && f.unit !== f.name.toLowerCase() ? html` <small>(${f.unit})</small>` : nothing;

		return html`<th scope="col" class="n">${typeof c === "string" ? f?.name || c : say(c.text)}${unit}</th>`;
	};

	return html`<table><thead>${bases ? html`<tr class="bases"><td></td>${sheet.groups.map((g) => html`<th scope="colgroup" colspan=${g.columns.length}>${g.basis ? say(g.basis) : nothing}</th>`)}</tr>` : nothing}
		<tr><th scope="col">${say(sheet.by === "chief" || sheet.by === "level" ? "rep_level" : sheet.by === "route" ? "route" : sheet.id === "rectify" ? "rep_issuer" : "rep_category")}</th>${columns.map(head)}${works ? html`<th scope="col">${say("rep_unit")}</th>` : nothing}</tr></thead>
	<tbody>${rowsOf(sheet, figures).map((r) => html`<tr data-row=${r.key}><th scope="row">${partName(app, sheet, r.part)}</th>${r.cells.map((f, i) => cell(columns[i], f))}${works ? html`<td>${r.part.unit}</td>` : nothing}</tr>`)}
		${works ? nothing : html`<tr class="sum" data-row="||"><th scope="row">${say("total")}</th>${columns.map((c, i) => cell(c, total[i]))}</tr>`}</tbody></table>`;
}

// ---------------------------------------------------------------- the pickers

/** Places of one's own scope, a community with its grids. @param {App} app */
function placesView(app) {
	const own = app.me?.scope || "";
	const reach = reachOf(app);
	const now = reach ? `reach=${reach}` : scopeOf(app);
	const areas = [...app.town.rows.areas.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
	const option = (/** @type {string} */ code, /** @type {string} */ name) => html`<option value=${code} .selected=${code === now}>${name}</option>`;
	const rows = app.reaches.rows;
	const rivers = [...new Set(rows.map((r) => r.river || ""))].filter((n) => n && rows.filter((r) => r.river === n).length > 1);
	const known = now === own || areas.some((a) => a.code === now) || reach === "*" || rivers.includes(reach) || rows.some((r) => r.code === reach);
	/** @type {{top: {code: string, name: string}|null, below: {code: string, name: string}[]}[]} */
	const groups = [];

	for (const a of areas)
		if (a.code.length === 15 && groups.length && groups[groups.length - 1].top && a.code.startsWith(groups[groups.length - 1].top?.code || "-"))
			groups[groups.length - 1].below.push(a);
		else if (a.code !== own)
			groups.push({ top: a, below: [] });
	return html`<select id="rep-scope" aria-label=${app.say("rep_scope")} @change=${(/** @type {Event} */ e) => {
		const v = /** @type {HTMLSelectElement} */ (e.target).value;

		go(app, v.startsWith("reach=") ? { scope: "", reach: v.slice(6) } : { scope: v, reach: "" });
	}}>
		${option(own, own === "*" ? app.say("all_places") : app.town.rows.areas.get(own)?.name || own)}${known ? nothing : option(now, reach || now)}
		${groups.map((g) => html`${option(g.top?.code || "", g.top?.name || "")}${g.below.map((b) => option(b.code, `\u3000${b.name}`))}`)}
		${rows.length ? html`<optgroup label=${app.say("tier_reach")}>${option("reach=*", app.say("reach_any"))}${rivers.map((n) => option(`reach=${n}`, app.say("reach_of", { name: n })))}${rows.map((r) => option(`reach=${r.code}`, r.name))}</optgroup>` : nothing}</select>`;
}

/** @param {App} app @param {ReturnType<typeof asked>} a */
function pickersView(app, a) {
	const { say } = app;
	const from = a.period ? a.period.from : a.from;
	const to = a.period ? a.period.to : a.to;
	const last = /^\d{4}-\d\d-\d\d$/.test(to) ? plus(to, -1) : "";
	const name = app.place.query.get("period") || (app.place.query.get("from") ? "" : "month");
	/** @type {(e: SubmitEvent) => void} */
	const custom = (e) => {
		const form = /** @type {HTMLFormElement} */ (e.target);
		const value = (/** @type {string} */ n) => /** @type {HTMLInputElement} */ (form.elements.namedItem(n)).value;

		e.preventDefault();
		go(app, { from: value("from"), to: value("to") ? plus(value("to"), 1) : "" });
	};

	return html`<div class="rep-pick">
	<div class="choice" role="group" aria-label=${say("rep_period")}>${Object.entries(PERIODS).map(([id, text]) => html`<button type="button" aria-pressed=${id === name} @click=${() => go(app, { period: id })}>${say(text)}</button>`)}</div>
	<form class="choice" @submit=${custom}><label for="rep-from">${say("rep_from")}</label><input id="rep-from" name="from" type="date" .value=${from} required aria-describedby="rep-bad">
		<label for="rep-to">${say("rep_to")}</label><input id="rep-to" name="to" type="date" .value=${last} required aria-describedby="rep-bad"><button type="submit">${say("rep_show")}</button></form>
	<div class="choice"><label for="rep-scope">${say("rep_scope")}</label>${placesView(app)}
		${reachOf(app) ? nothing : html`<a class="button" href=${link("print", a.period ? { date: a.period.running ? today(app) : plus(a.period.to, -1) } : {}, "day")}>${say("print_day")}</a>
		<a class="button" href=${link("print", { month: (a.period ? a.period.from : today(app)).slice(0, 7), ...(scopeOf(app) === app.me?.scope ? {} : { scope: scopeOf(app) }) }, "month")}>${say("print_month")}</a>`}</div></div>
	<p id="rep-bad" class="error" role="alert">${a.period ? "" : say(a.error, { what: a.what })}</p>`;
}

/** Is there something newer than what is shown? @param {App} app */
const outdated = (app) => state.phase === "ready" && state.figures && app.town.commit !== null && app.town.commit > state.figures.as_of;

/** @param {App} app */
export function view(app) {
	const { say } = app;
	const a = asked(app.place.query, today(app));
	const p = a.period;
	const ready = p && state.figures;
	const sheets = ready ? SHEETS.filter((s) => !reachOf(app) || s.groups.some((g) => g.columns.some((c) => totalOf(state.figures.figures, figureOf(c))))) : []; // not all of them are counted by reach

	return html`<div class="rep">
	<div class="rep-top"><h2 class="rep-title">${say("page_reports")}</h2>
	${p ? html`<p class="rep-what" data-test="period"><b>${p.from}</b> ${say("rep_until")} <b>${plus(p.to, -1)}</b> ${p.running ? html`<span class="chip due">${say("rep_running")}</span>` : nothing}
		${frozenView(app, p)}</p>` : nothing}
	${ready ? html`${asofView(app, state.figures.as_of, state.figures.time)}
		<button type="button" class="small" data-test="fresh" ?disabled=${state.phase === "loading"} @click=${() => load(app, true)}>${say(outdated(app) ? "rep_newer" : "rep_again")}</button>` : nothing}</div>
	${pickersView(app, a)}
	${!p ? nothing : state.phase === "failed" ? html`<p class="plain" role="alert">${say(/** @type {Key} */ (state.error), { what: state.what })}</p><p><button type="button" @click=${() => load(app, true)}>${say("again")}</button></p>`
		: !ready ? html`<p class="plain" role="status">${say("loading")}</p>`
		: html`<div class="rep-body"><div class="rep-main">${reachOf(app) ? html`<p class="sub" data-test="by-reach">${say("rep_by_reach")}</p>` : nothing}${paragraphView(app)}${correctionsView(app)}<div class="rep-sheets">${sheets.map((s) => sheetView(app, s, state.figures.figures, { from: p.from, to: p.to, reach: reachOf(app), scope: reachOf(app) || scopeOf(app) === app.me?.scope ? "" : scopeOf(app) }))}</div></div>${exportsView(app, p)}</div>`}</div>`;
}

/** @param {App} app */
export function enter(app) {
	stock(app);
	app.reaches.want();
	load(app);
}

export function leave() {
	state.turn++;
	state.key = "";
	state.figures = state.annual = state.refused = null;
	state.unmask = false;
}

/** @param {App} app */
export function after(app) {
	load(app); // another language, another day
}
