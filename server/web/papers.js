// Sheets that are printed and signed: the day's (#/print/day?date=) and the month's notice (#/print/month?month=).
import { html, nothing } from "./vendor/lit.js";
import "./i18npages.js";
import { titleOf } from "./alerts.js";
import { call } from "./api.js";
import { change, byRate, growth } from "./compare.js";
import { nameOf } from "./i18n.js";
import { daysOf, isDay, plus } from "./reportperiod.js";
import { placeName } from "./head.js";
import { reason } from "./refusal.js";
import { link } from "./route.js";
import { noneOverdue } from "./rules.js";
import { brief, date, full, instant } from "./time.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./i18n.js").Key} Key */
/** @typedef {import("./reportsheets.js").Figure} Figure */
/** @typedef {{area: string, area_name: string, figure: string, name: string, value: number|null, numerator: number|null, denominator: number|null, display: string}} AreaRow */

const PAGES_MAX = 50; // of a list, 200 rows each; beyond, the sheet says how it goes on

const state = {
	key: "",
	turn: 0,
	/** @type {"loading"|"ready"|"failed"} */ phase: "loading",
	/** @type {Key} */ error: "rep_failed",
	what: "",
	/** @type {any} */ data: null,
};

/** @param {App} app */
const today = (app) => date(app.nowMs());
/** @param {App} app */
const scopeOf = (app) => app.place.query.get("scope") || (app.me?.scope === "*" ? "" : app.me?.scope || "");

/** The day or the month that the address names; null: it is none, or yet to come. @param {App} app */
function subject(app) {
	const q = app.place.query;

	if (app.place.rest === "day") {
		const day = q.get("date") || today(app);

		return isDay(day) && day <= today(app) ? { kind: "day", from: day, to: plus(day, 1), now: day === today(app), was: null } : null;
	}
	const month = q.get("month") || today(app).slice(0, 7);
	const days = /^\d{4}-\d\d$/.test(month) ? daysOf(month, today(app)) : null;

	if (app.place.rest !== "month" || !days || days[0] > today(app))
		return null;
	const [from, end] = days;
	const before = daysOf(plus(from, -1).slice(0, 7), today(app)) || days;
	const running = end > today(app);
	const to = running ? plus(today(app), 1) : end;
	// of a month that is not over, as many days of the month before
	const same = plus(before[0], Math.round((Date.parse(to) - Date.parse(from)) / 864e5));

	return { kind: "month", from, to, now: running, was: { from: before[0], to: running && same < before[1] ? same : before[1] } };
}

/** Every row of a list. @param {string} path @param {Record<string, string>} query @param {string} member */
async function all(path, query, member) {
	const rows = [];
	let next = null;
	let body = null;

	for (let i = 0; i < PAGES_MAX; i++) {
		const r = /** @type {import("./api.js").Answer} */ (await call("GET", `${path}?${new URLSearchParams({ ...query, limit: "200", ...(next ? { cursor: next } : {}) })}`));

		if (r.status !== 200)
			throw r;
		body = r.body;
		rows.push(...body[member]);
		next = body.next;
		if (!next)
			break;
	}
	return { rows, more: !!next, time: body.time, as_of: body.as_of };
}

/** @param {string} path @param {Record<string, string>} query */
async function get(path, query) {
	const r = await call("GET", `${path}?${new URLSearchParams(query)}`);

	if (r.status !== 200)
		throw r;
	return r.body;
}

/** @param {App} app @param {NonNullable<ReturnType<typeof subject>>} s */
async function readDay(app, s) {
	const scope = scopeOf(app);
	const own = /** @type {Record<string, string>} */ (scope ? { scope } : {});
	const figures = (/** @type {string} */ from) => get("/api/v1/figures", { ...own, from, to: s.to, lang: app.lang });
	const cases = (/** @type {Record<string, string>} */ q) => all("/api/v1/cases", { ...own, ...q }, "cases");

	return {
		day: await figures(s.from), month: await figures(`${s.from.slice(0, 7)}-01`), year: await figures(`${s.from.slice(0, 4)}-01-01`),
		alerts: await all("/api/v1/alerts", { ...own, from: s.from, to: s.to }, "alerts"),
		reported: await cases({ from: s.from, to: s.to }),
		open: await cases({ state: "open" }),
		overdue: await all("/api/v1/overdue", own, "overdue"),
	};
}

/** @param {App} app @param {NonNullable<ReturnType<typeof subject>>} s */
async function readMonth(app, s) {
	const scope = scopeOf(app);
	const own = /** @type {Record<string, string>} */ (scope ? { scope } : {});
	const was = s.was || s;
	const now = { ...own, from: s.from, to: s.to, lang: app.lang };
	const before = { ...own, from: was.from, to: was.to, lang: app.lang };

	const read = { areas: await get("/api/v1/exports/areas.json", now), areasWas: await get("/api/v1/exports/areas.json", before), figures: await get("/api/v1/figures", now), figuresWas: await get("/api/v1/figures", before) };

	// a month that nobody recorded is not one of noughts
	return recorded(read.figuresWas.figures) ? read : { ...read, areasWas: { rows: [] }, figuresWas: { figures: [] }, alone: true };
}

/** @param {App} app @param {boolean} [again] */
async function load(app, again = false) {
	const s = subject(app);
	const key = s ? `${s.kind} ${s.from} ${s.to} ${scopeOf(app)} ${app.lang}` : "";

	if (key === state.key && !again)
		return;
	const mine = ++state.turn;

	state.key = key;
	state.data = null;
	state.phase = "loading";
	if (!s)
		return;
	app.act.draw();
	try {
		const data = await (s.kind === "day" ? readDay(app, s) : readMonth(app, s));

		if (mine !== state.turn)
			return;
		state.data = data;
		state.phase = "ready";
	} catch (e) {
		const r = /** @type {any} */ (e);

		if (mine !== state.turn)
			return;
		if (r.status === 401)
			return app.act.expired();
		state.phase = "failed";
		state.error = r.status === 0 ? "err_down" : r.status === 403 ? "rep_denied" : r.status === 429 ? "rep_two" : r.status === 503 ? "err_busy" : "rep_failed";
		state.what = reason(app, r.body) || String(r.status ?? r);
	}
	app.act.draw();
}

// ---------------------------------------------------------------- parts of a sheet

/** @param {App} app */
function unitName(app) {
	const scope = scopeOf(app);

	return scope === app.me?.scope || !scope ? placeName(app) : app.town.rows.areas.get(scope)?.name || scope;
}

/** 2026-11-30 in words. @param {App} app @param {string} day */
const dayWords = (app, day) => app.say("date_words", { y: day.slice(0, 4), m: Number(day.slice(5, 7)), d: Number(day.slice(8, 10)) });

/** @param {App} app @param {unknown} title @param {unknown} period @param {unknown} body @param {string} kind @param {{as_of: number, time: string}} at */
const sheetView = (app, title, period, body, kind, at) => html`<article class="sheet sheet-${kind}" aria-labelledby="h-sheet">
	<h2 id="h-sheet" class="sheet-title">${title}</h2>
	<div class="sheet-sub"><span>${app.say("sheet_unit", { unit: unitName(app) })}</span><span>${period}</span><span>${app.say("rep_as_of", { commit: at.as_of, time: full(instant(at.time) || 0) })}</span></div>
	${app.place.query.has("reach") ? html`<p class="sub" data-test="not-by-reach">${app.say("sheet_not_reach", { place: unitName(app) })}</p>` : nothing}
	${body}
	<div class="sheet-sign"><span>${app.say("sheet_maker")}<i></i></span><span>${app.say("sheet_checker")}<i></i></span><span>${app.say("sheet_date", { day: dayWords(app, today(app)) })}</span><span class="seal">${app.say("sheet_seal")}</span></div>
	${app.me?.demo ? html`<p class="sub">${app.say("demo")}: ${app.say("demo_hint")}</p>` : nothing}</article>`;

/** @param {string} id @param {unknown} title @param {unknown} table @param {unknown} [note] */
const part = (id, title, table, note) => html`<section class="sheet-part" aria-labelledby=${id}><h3 id=${id}>${title}</h3>${note ? html`<p class="sub">${note}</p>` : nothing}${table}</section>`;

/** @param {string} id @param {unknown} head @param {unknown} rows */
const tableView = (id, head, rows) => html`<div class="scroll" role="group" tabindex="0" aria-labelledby=${id}><table><thead>${head}</thead>${rows}</table></div>`;

/** @param {App} app @param {any} list @param {number} n columns */
const moreRow = (app, list, n) => (list.more ? html`<tr><td colspan=${n}>${app.say("sheet_more", { n: list.rows.length })}</td></tr>` : nothing);

/** @param {Figure[]} figures @param {string} id @param {string} [level] @param {string} [category] @returns {Figure|undefined} */
const find = (figures, id, level = "", category = "") => figures.find((f) => f.id === id && f.level === level && f.category === category);

// ---------------------------------------------------------------- the day

const LEVELS = ["town", "community", "grid"];
const ROUTES = ["river", "gully", "road", "grid", "burning"];
const RECORDS = ["inspections", "hazards_found", "hazards_rectified_flow", "findings_found", "appeals_received", "appeals_closed_flow", "disputes_found", "disputes_settled_flow", "rectify_total", "visits"];

/** @param {App} app @param {any} d */
function ledger(app, d) {
	const { say, lang } = app;
	/** @param {string} id @param {unknown} name @param {string} [level] @param {string} [category] @param {"numerator"|"denominator"} [of] */
	const line = (id, name, level = "", category = "", of) => {
		const cells = [d.day, d.month, d.year].map((x) => find(x.figures, id, level, category));
		const f = cells[0] || cells[2];

		return html`<tr class=${level || category ? "" : "sum"}><th scope="row" class=${level || category ? "sub-row" : ""}>${name}</th>${cells.map((c) => html`<td class="n">${!c ? "0" : of ? c[of] : c.display}</td>`)}<td>${of ? say("sheet_duties") : f?.unit}</td></tr>`;
	};
	const named = (/** @type {string} */ id) => find(d.day.figures, id)?.name || id;

	return tableView("h-sheet-ledger", html`<tr><th scope="col">${say("level")}</th><th scope="col" class="n">${say("sheet_that_day")}</th><th scope="col" class="n">${say("sheet_month_to")}</th><th scope="col" class="n">${say("sheet_year_to")}</th><th scope="col">${say("rep_unit")}</th></tr>`,
		html`<tbody>${line("river_patrols", named("river_patrols"))}${LEVELS.slice(0, 2).map((l) => line("river_patrols", nameOf("chief", l, lang), l))}${line("river_patrols_valid", named("river_patrols_valid"))}</tbody>
		<tbody>${line("patrols", named("patrols"))}${ROUTES.map((r) => line("patrols", nameOf("route", r, lang), "", r))}</tbody>
		<tbody>${line("duty_rate", say("rep_owed"), "", "", "denominator")}${line("duty_rate", say("rep_met"), "", "", "numerator")}${line("duty_rate", named("duty_rate"))}${LEVELS.map((l) => line("duty_rate", nameOf("level", l, lang), l))}</tbody>
		<tbody>${RECORDS.map((id) => line(id, named(id)))}</tbody>`);
}

/** Alerts of the day, those that are over too; now, older ones as well that nobody signed for. @param {App} app @param {any} list @param {string} day @param {boolean} now */
function alerts(app, list, day, now) {
	const { say, lang } = app;
	const scope = app.place.query.get("scope");
	/** @type {any[]} */
	const ofDay = list.rows.map((/** @type {any} */ a) => ({ ...a, at: instant(a.at) || 0, acked_at: instant(a.acked_at), cleared: instant(a.cleared), acked_name: a.acked_by_name }));
	const older = [...app.town.rows.alerts.values()].filter((a) => now && date(a.at) !== day && !a.acked_by && a.state !== "cleared" && (!scope || !/^\d+$/.test(String(a.scope)) || String(a.scope).startsWith(scope))); // a reach may lie anywhere
	const rows = [...ofDay, ...older].filter((a) => a.type !== "duty_overdue" && a.type !== "duty_due_soon") // these are a section of their own
		.sort((a, b) => a.severity - b.severity || a.at - b.at);

	if (!rows.length)
		return html`<p>${say("sheet_alerts_none")}</p>`;
	return tableView("h-sheet-alerts", html`<tr><th scope="col">${say("severity")}</th><th scope="col">${say("feed_time")}</th><th scope="col">${say("alert")}</th><th scope="col">${say("signed")}</th></tr>`,
		html`<tbody>${rows.map((a) => html`<tr><td>${nameOf("severity", String(a.severity), lang)}</td><td class="when">${brief(a.at, app.nowMs())}</td><th scope="row">${titleOf(app, a)} <span class="sub">${nameOf("alert", a.type, lang)}</span></th>
			<td class="when">${a.acked_by ? html`${a.acked_name || a.acked_by} ${brief(a.acked_at, app.nowMs())}` : a.cleared ? nothing : say("unsigned")}${a.cleared ? html` <span class="sub">${say("alert_over", { time: brief(a.cleared, app.nowMs()) })}</span>` : nothing}</td></tr>`)}${moreRow(app, list, 4)}</tbody>`);
}

/** @param {App} app @param {string} id @param {any} list @param {Key} empty */
function cases(app, id, list, empty) {
	const { say, lang } = app;

	if (!list.rows.length)
		return html`<p>${say(empty)}</p>`;
	const now = app.nowMs();

	return tableView(id, html`<tr><th scope="col" class="no">${say("sheet_no")}</th><th scope="col">${say("class")}</th><th scope="col">${say("case")}</th><th scope="col">${say("place")}</th><th scope="col">${say("reported")}</th><th scope="col">${say("state")}</th><th scope="col">${say("due")}</th></tr>`,
		html`<tbody>${list.rows.map((/** @type {any} */ c, /** @type {number} */ i) => {
			const due = instant(c.due);

			return html`<tr><td class="no">${i + 1}</td><td>${c.class ? nameOf("class", c.class, lang) : "—"}${c.severity ? html` <span class="sub">${nameOf("severity", String(c.severity), lang)}</span>` : nothing}</td><th scope="row">${c.title || c.id} <span class="sub">${c.category_name || c.category}</span></th>
				<td>${c.scope_name || c.scope || "—"}</td><td class="when">${brief(instant(c.at) || 0, now)}</td><td>${nameOf("state", c.state, lang)} ${c.holder_name || c.holder || nothing}</td>
				<td class="when">${due === null ? say("due_none") : html`${brief(due, now)}${c.overdue ? html` <b>${say("map_late")}</b>` : nothing}`}</td></tr>`;
		})}${moreRow(app, list, 7)}</tbody>`);
}

/** @param {App} app @param {any} list */
function overdue(app, list) {
	const { say, lang } = app;

	if (!list.rows.length)
		return html`<p>${say(noneOverdue(app))}</p>`;
	return tableView("h-sheet-overdue", html`<tr><th scope="col" class="no">${say("sheet_no")}</th><th scope="col">${say("person")}</th><th scope="col">${say("rep_level")}</th><th scope="col">${say("target")}</th><th scope="col">${say("sheet_due_by")}</th><th scope="col" class="n">${say("overdue_days")}</th></tr>`,
		html`<tbody>${list.rows.map((/** @type {any} */ o, /** @type {number} */ i) => html`<tr><td class="no">${i + 1}</td><th scope="row">${o.person_name || o.person}</th><td>${nameOf("level", o.level, lang)}</td><td>${o.target_name || o.target || say("target_any")}</td>
			<td class="when">${o.due}</td><td class="n">${say("days", { n: o.days })}</td></tr>`)}${moreRow(app, list, 6)}</tbody>`);
}

/** @param {App} app @param {NonNullable<ReturnType<typeof subject>>} s */
function dayView(app, s) {
	const { say } = app;
	const d = state.data;
	const late = d.overdue.rows;
	const many = (/** @type {any} */ list) => `${list.rows.length}${list.more ? "+" : ""}`;
	const asNow = (/** @type {any} */ list) => (s.now ? undefined : say("sheet_now", { time: full(instant(list.time) || 0) }));

	return sheetView(app, say("sheet_day_title", { place: unitName(app) }), dayWords(app, s.from), html`
	${part("h-sheet-ledger", say("sheet_ledger"), ledger(app, d), say("sheet_ledger_note"))}
	${part("h-sheet-alerts", say("sheet_alerts"), alerts(app, d.alerts, s.from, s.now), s.now ? say("sheet_alerts_note") : say("sheet_alerts_past"))}
	${part("h-sheet-reported", say("sheet_reported", { n: many(d.reported) }), cases(app, "h-sheet-reported", d.reported, "sheet_none"), s.now ? undefined : say("sheet_states"))}
	${part("h-sheet-open", say(s.now ? "sheet_open" : "sheet_open_now", { n: many(d.open) }), cases(app, "h-sheet-open", d.open, "cases_empty"), asNow(d.open))}
	${part("h-sheet-overdue", say(s.now ? "sheet_overdue" : "sheet_overdue_now", { n: new Set(late.map((/** @type {any} */ o) => o.person)).size, d: many(d.overdue) }), overdue(app, d.overdue), asNow(d.overdue))}
	${definitions(app, d.day.figures, ["river_patrols", "river_patrols_valid", "patrols", "duty_rate", ...RECORDS])}`, "day", d.day);
}

// ---------------------------------------------------------------- the month

/** What the figures mean, printed with them. @param {App} app @param {Figure[]} figures @param {string[]} ids */
const definitions = (app, figures, ids) => part("h-sheet-defs", app.say("sheet_definitions"), html`<ol class="sheet-defs">${ids.map((id) => find(figures, id)).filter((f) => f !== undefined).map((f) => html`<li><b>${f.name}</b> ${f.definition}</li>`)}</ol>`);

/** [figure, level]: lines of the overview. @type {[string, string][]} */
const OVERVIEW = [["river_patrols", "town"], ["river_patrols", "community"], ["river_patrols_valid", ""], ["patrols", ""], ["duty_rate", ""], ["inspections", ""], ["hazards_found", ""], ["hazard_rate", ""], ["appeals_received", ""],
	["appeal_close_rate", ""], ["disputes_found", ""], ["dispute_rate", ""], ["rectify_total", ""], ["rectify_done", ""], ["case_close_rate", ""], ["visits", ""]];
const RANKED = ["duty_rate", "patrols", "cases_received", "cases_due", "cases_due_closed", "case_close_rate", "hazards_found", "hazards_rectified", "hazard_rate"];

/** Did anything happen then?  What households are is a state, and what was owed needs nobody. @param {Figure[]} figures */
const recorded = (figures) => figures.some((f) => !/^(monitored|risk_removed)_/.test(f.id) && ((f.unit === "%" ? f.numerator : f.value) || 0) > 0);

/** @param {App} app */
function overview(app) {
	const { say, lang } = app;
	const { figures, figuresWas } = state.data;

	return tableView("h-sheet-overview", html`<tr><th scope="col">${say("rep_figure")}</th><th scope="col">${say("rep_unit")}</th><th scope="col" class="n">${say("sheet_this")}</th><th scope="col" class="n">${say("sheet_before")}</th><th scope="col" class="n">${say("sheet_change")}</th><th scope="col" class="n">${say("sheet_growth")}</th></tr>`,
		html`<tbody>${OVERVIEW.map(([id, level]) => {
			const now = find(figures.figures, id, level);
			const was = find(figuresWas.figures, id, level);

			return html`<tr data-row="${id} ${level}"><th scope="row">${now?.name || id}${level ? ` · ${nameOf("chief", level, lang)}` : nothing}</th><td>${now?.unit === "%" ? nothing : now?.unit}</td><td class="n">${now?.display || "—"}</td><td class="n">${was?.display || "—"}</td>
				<td class="n">${change(now, was)}${now?.unit === "%" && change(now, was) !== "—" ? html` <small>${say("sheet_points")}</small>` : nothing}</td><td class="n">${growth(now, was)}</td></tr>`;
		})}</tbody>`);
}

/** The areas, best first: by duty rate, then by closing rate, then by patrols; who is the same in all of it has the same place.
 * @param {AreaRow[]} rows @param {AreaRow[]} before */
function ranking(rows, before) {
	/** @type {Map<string, {code: string, name: string, at: Record<string, AreaRow>, was: Record<string, AreaRow>, place: number|null}>} */
	const areas = new Map();

	for (const r of rows) {
		if (!areas.has(r.area))
			areas.set(r.area, { code: r.area, name: r.area_name, at: {}, was: {}, place: null });
		(areas.get(r.area) || { at: /** @type {Record<string, AreaRow>} */ ({}) }).at[r.figure] = r;
	}
	for (const r of before) {
		const a = areas.get(r.area);

		if (a)
			a.was[r.figure] = r;
	}
	const [whole, ...below] = [...areas.values()];
	const own = below.find((a) => a.code.endsWith("/")); // the place's own: not ranked
	const parts = below.filter((a) => a !== own);
	const order = (/** @type {typeof whole} */ a, /** @type {typeof whole} */ b) => byRate(b.at.duty_rate, a.at.duty_rate) || byRate(b.at.case_close_rate, a.at.case_close_rate) || (b.at.patrols?.value || 0) - (a.at.patrols?.value || 0);

	parts.sort((a, b) => order(a, b) || (a.code < b.code ? -1 : 1));
	parts.forEach((a, i) => {
		if (a.at.duty_rate?.denominator) // who owed nothing has no place
			a.place = i > 0 && order(parts[i - 1], a) === 0 ? parts[i - 1].place : i + 1;
	});
	return { whole, parts, own };
}

/** @param {App} app */
function communities(app) {
	const { say } = app;
	const { areas, areasWas, figures } = state.data;
	const { whole, parts, own } = ranking(areas.rows, areasWas.rows);
	const name = (/** @type {string} */ id) => find(figures.figures, id)?.name || id;
	const th = (/** @type {unknown} */ text) => html`<th scope="col" class="n">${text}</th>`;
	const td = (/** @type {unknown} */ text, /** @type {string} */ id = "") => html`<td class="n" data-figure=${id || nothing}>${text}</td>`;
	const line = (/** @type {typeof whole} */ a, /** @type {boolean} */ sum) => html`<tr class=${sum ? "sum" : ""} data-area=${a.code}><td class="n">${sum ? nothing : a.place ?? "—"}</td><th scope="row">${sum ? say("total") : a.name}</th>
		${td(a.at.duty_rate?.denominator ?? "—")}${td(a.at.duty_rate?.numerator ?? "—")}${td(a.at.duty_rate?.display, "duty_rate")}${td(a.was.duty_rate?.display || "—")}${td(change(a.at.duty_rate, a.was.duty_rate))}
		${td(a.at.patrols?.display, "patrols")}${td(a.was.patrols?.display || "—")}${td(change(a.at.patrols, a.was.patrols))}${td(growth(a.at.patrols, a.was.patrols))}
		${td(a.at.cases_received?.display, "cases_received")}${td(a.at.cases_due?.display, "cases_due")}${td(a.at.cases_due_closed?.display, "cases_due_closed")}${td(a.at.case_close_rate?.display, "case_close_rate")}${td(a.was.case_close_rate?.display || "—")}${td(change(a.at.case_close_rate, a.was.case_close_rate))}
		${td(a.at.hazards_found?.display, "hazards_found")}${td(a.at.hazards_rectified?.display, "hazards_rectified")}${td(a.at.hazard_rate?.display, "hazard_rate")}</tr>`;

	if (!parts.length)
		return html`<p>${say("sheet_no_areas")}</p>`;
	return tableView("h-sheet-areas", html`<tr><th scope="col" rowspan="2" class="n">${say("sheet_place")}</th><th scope="col" rowspan="2">${say("area")}</th><th scope="colgroup" colspan="5">${name("duty_rate")}</th><th scope="colgroup" colspan="4">${name("patrols")}</th><th scope="colgroup" colspan="6">${say("closing")}</th><th scope="colgroup" colspan="3">${say("rep_hazards")}</th></tr>
		<tr>${th(say("rep_owed"))}${th(say("rep_met"))}${th(say("sheet_rate"))}${th(say("sheet_before"))}${th(say("sheet_change"))}${th(say("sheet_this"))}${th(say("sheet_before"))}${th(say("sheet_change"))}${th(say("sheet_growth"))}
		${th(say("received"))}${th(say("fell_due"))}${th(say("due_closed"))}${th(say("close_rate"))}${th(say("sheet_before"))}${th(say("sheet_change"))}${th(name("hazards_found"))}${th(say("sheet_fixed"))}${th(say("sheet_rate"))}</tr>`,
		html`<tbody>${parts.map((a) => line(a, false))}${own ? line(own, false) : nothing}${whole ? line(whole, true) : nothing}</tbody>`);
}

/** @param {App} app @param {NonNullable<ReturnType<typeof subject>>} s */
function monthView(app, s) {
	const { say } = app;
	const d = state.data;
	const was = s.was || s;
	const span = (/** @type {{from: string, to: string}} */ x) => `${x.from} ${say("rep_until")} ${plus(x.to, -1)}`;

	return sheetView(app, say("sheet_month_title", { place: unitName(app), y: s.from.slice(0, 4), m: Number(s.from.slice(5, 7)) }), html`${span(s)}${s.now ? html` <b>${say("rep_running")}</b>` : nothing}${d.figures.frozen?.length && !s.now ? html` <b>${say("rep_frozen")}</b>` : nothing}`, html`
	${part("h-sheet-overview", say("sheet_overview"), overview(app), say(d.alone ? "sheet_no_before" : "sheet_compared", { span: span(was) }))}
	${part("h-sheet-areas", say("sheet_areas"), communities(app), say("sheet_areas_note"))}
	${definitions(app, d.figures.figures, [...new Set([...RANKED, ...OVERVIEW.map(([id]) => id)])])}`, "month", { as_of: d.areas.as_of_commit, time: d.areas.as_of_time });
}

// ---------------------------------------------------------------- on the screen

/** @param {App} app @param {Record<string, string>} change */
function go(app, change) {
	const q = new URLSearchParams(app.place.query);

	for (const [k, v] of Object.entries(change))
		q.set(k, v);
	location.hash = link("print", q, app.place.rest);
}

/** @param {App} app */
export function view(app) {
	const { say } = app;
	const s = subject(app);
	const day = app.place.rest === "day";

	return html`<div class="papers"><div class="paper-tools">
		<nav aria-label=${say("page_print")}><a href=${link("print", {}, "day")} aria-current=${day ? "page" : nothing}>${say("print_day")}</a><a href=${link("print", {}, "month")} aria-current=${app.place.rest === "month" ? "page" : nothing}>${say("print_month")}</a></nav>
		<label>${say(day ? "day" : "month_of")} ${day ? html`<input type="date" .value=${app.place.query.get("date") || today(app)} max=${today(app)} @change=${(/** @type {Event} */ e) => go(app, { date: /** @type {HTMLInputElement} */ (e.target).value })}>`
			: html`<input type="month" .value=${app.place.query.get("month") || today(app).slice(0, 7)} max=${today(app).slice(0, 7)} @change=${(/** @type {Event} */ e) => go(app, { month: /** @type {HTMLInputElement} */ (e.target).value })}>`}</label>
		<button type="button" class="primary" ?disabled=${!state.data} @click=${() => print()}>${say("letin_print")}</button>
		<button type="button" ?disabled=${state.phase === "loading"} @click=${() => load(app, true)}>${say("rep_again")}</button>
		<a href=${link("reports")}>${say("page_reports")}</a></div>
	${!s ? html`<p class="plain" role="alert">${say("print_unknown")}</p>`
		: state.phase === "failed" ? html`<p class="plain" role="alert">${say(state.error, { what: state.what })}</p>`
		: !state.data ? html`<p class="plain" role="status">${say("loading")}</p>`
		: s.kind === "day" ? dayView(app, s) : monthView(app, s)}</div>`;
}

/** @param {App} app */
export function enter(app) {
	load(app);
}

export function leave() {
	state.turn++;
	state.key = "";
	state.data = null;
}

/** @param {App} app */
export function after(app) {
	load(app);
}
