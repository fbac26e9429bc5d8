// What the town works by, to read; one's own rights, language, theme and password.
import { html, nothing } from "./vendor/lit.js";
import "./i18npages.js";
import { call } from "./api.js";
import { nameOf } from "./i18n.js";
import { PASSWORD_MIN, passwordView } from "./password.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./i18n.js").Key} Key */

const CLASSES = ["hazard", "finding", "appeal", "dispute", "rectify", "topic", "work"];

const state = {
	turn: 0,
	/** @type {"loading"|"ready"|"failed"} */ phase: "loading",
	/** @type {any} */ books: null,
};

/** @param {App} app */
async function load(app) {
	const mine = ++state.turn;

	state.phase = "loading";
	app.act.draw();
	const r = await call("GET", "/api/v1/catalogue");

	if (mine !== state.turn)
		return;
	if (r.status === 401)
		return app.act.expired();
	state.phase = r.status === 200 ? "ready" : "failed";
	state.books = r.status === 200 ? r.body : null;
	app.act.draw();
}

/** @param {App} app */
function selfView(app) {
	const { say, me, lang } = app;
	const scope = me?.scope || "";
	const place = scope === "*" ? say("all_places") : app.town.rows.areas.get(scope)?.name || "";

	return html`<section class="block" aria-labelledby="h-set-self"><h2 id="h-set-self">${say("set_self")}</h2>
	<dl class="set-facts"><div><dt>${say("user")}</dt><dd>${me?.user}</dd></div><div><dt>${say("letin_person")}</dt><dd>${me?.person || "—"}</dd></div>
		<div><dt>${say("set_role")}</dt><dd>${(me?.roles || []).map((r) => nameOf("role", r, lang)).join(say("list_comma"))}</dd></div>
		<div><dt>${say("set_scope")}</dt><dd>${place} <code>${scope}</code></dd></div></dl>
	<p class="sub">${say("set_rights_note")}</p>
	<div class="choice set-look"><span>${say("set_language")}</span><button type="button" aria-pressed=${lang === "zh"} lang="zh-CN" @click=${() => lang === "zh" || app.act.otherLang()}>${nameOf("language", "zh", lang)}</button>
		<button type="button" aria-pressed=${lang === "en"} lang="en" @click=${() => lang === "en" || app.act.otherLang()}>${nameOf("language", "en", lang)}</button></div>
	<div class="choice set-look"><span>${say("set_theme")}</span><button type="button" aria-pressed=${!app.dark()} @click=${() => app.dark() && app.act.otherTheme()}>${say("theme_light")}</button>
		<button type="button" aria-pressed=${app.dark()} @click=${() => app.dark() || app.act.otherTheme()}>${say("theme_dark")}</button></div></section>`;
}

/** From when to when a row holds; nothing where it is open. @param {App} app @param {any} r */
const holds = (app, r) => (r.valid_from || r.valid_to ? html`<span class="sub">${app.say(!r.valid_to ? "set_since" : !r.valid_from ? "set_until" : "set_holds", { from: r.valid_from, to: r.valid_to })}</span>` : nothing);

/** One rule as a sentence. @param {App} app @param {any} r @returns {string} */
function ruleWords(app, r) {
	const { say, lang } = app;
	const [first, last] = String(r.months).split("-").map(Number);
	const more = [];

	if (r.min_minutes !== null)
		more.push(say("rule_minutes", { n: r.min_minutes }));
	if (r.min_metres !== null)
		more.push(say("rule_metres", { n: r.min_metres }));
	if (r.min_coverage_permille !== null)
		more.push(say("rule_coverage", { n: r.min_coverage_permille / 10 }));
	if (r.min_gap_hours !== null)
		more.push(say("rule_gap", { n: r.min_gap_hours }));
	return [say("rule_main", { target: say(r.target === "any" ? "rule_any" : "rule_each"), period: nameOf("period", r.period, lang), n: r.count, unit: nameOf("count", r.count_unit, lang) }),
		...(first === 1 && last === 12 ? [] : [say("rule_months", { a: first, b: last })]), ...(more.length ? [say("rule_valid", { what: more.join(say("list_comma")) })] : []),
		...(r.substitute ? [say("rule_substitute")] : []), ...(r.delegate ? [say("rule_delegate")] : [])].join(say("rule_stop")) + say("rule_end");
}

/** @param {App} app */
function rulesView(app) {
	const { say, lang } = app;

	return html`<section class="block" aria-labelledby="h-set-rules"><h2 id="h-set-rules">${say("set_rules")} <small>${say("set_rules_note")}</small></h2>
	${state.books.rules.length ? html`<ul class="set-rules">${state.books.rules.map((/** @type {any} */ r) => html`<li><b>${nameOf(r.role === "chief" ? "chief" : "role", r.role === "chief" ? r.level : r.role, lang)}</b> ${ruleWords(app, r)} <code>${r.rule}</code> ${holds(app, r)}</li>`)}</ul>` : html`<p class="empty">${say("set_rules_none")}</p>`}</section>`;
}

/** @param {App} app */
function catalogueView(app) {
	const { say, lang } = app;
	const yes = (/** @type {boolean} */ v) => (v ? say("set_asked") : "—");

	return html`<section class="block" aria-labelledby="h-set-cat"><h2 id="h-set-cat">${say("set_catalogue")} <small>${say("set_catalogue_note")}</small></h2>
	${CLASSES.map((cls) => {
		const rows = state.books.categories.filter((/** @type {any} */ c) => c.class === cls);
		const id = `h-set-${cls}`;
		const timed = cls !== "topic" && cls !== "work";

		return html`<details class="set-class" ?open=${cls === "hazard"}><summary id=${id}>${nameOf("class", cls, lang)} <small>${say("set_count", { n: rows.length })}</small></summary>
		<div class="scroll" role="group" tabindex="0" aria-labelledby=${id}><table><thead><tr><th scope="col">${say("rep_category")}</th>${timed ? html`<th scope="col">${say("severity")}</th><th scope="col">${say("due")}</th><th scope="col">${say("set_photo_before")}</th><th scope="col">${say("set_photo_after")}</th>` : nothing}<th scope="col">${say("set_code")}</th></tr></thead>
		<tbody>${rows.map((/** @type {any} */ c) => html`<tr><th scope="row">${(lang === "en" && c.name_en) || c.name} ${holds(app, c)}</th>${timed ? html`<td>${c.severity ? nameOf("severity", String(c.severity), lang) : "—"}</td>
			<td>${c.deadline === null ? say("due_none") : say("set_deadline", { n: c.deadline, unit: nameOf("deadline", c.deadline_unit, lang) })}</td><td>${yes(c.photo_before)}</td><td>${yes(c.photo_after)}</td>` : nothing}<td><code>${c.code}</code></td></tr>`)}</tbody></table></div></details>`;
	})}</section>`;
}

/** Runs of days as from – to. @param {string[]} days in order @returns {string[]} */
function runs(days) {
	const out = /** @type {string[][]} */ ([]);

	for (const d of days) {
		const last = out[out.length - 1];

		if (last && Date.parse(d) - Date.parse(last[last.length - 1]) === 864e5)
			last.push(d);
		else
			out.push([d]);
	}
	return out.map((r) => (r.length === 1 ? r[0].slice(5) : `${r[0].slice(5)} – ${r[r.length - 1].slice(5)}`));
}

/** @param {App} app */
function calendarView(app) {
	const { say } = app;
	const years = [...state.books.calendar].reverse();
	const of = (/** @type {number} */ y, /** @type {string} */ kind) => state.books.days.filter((/** @type {any} */ d) => d.kind === kind && d.date.startsWith(`${y}-`)).map((/** @type {any} */ d) => d.date);

	return html`<section class="block" aria-labelledby="h-set-cal"><h2 id="h-set-cal">${say("set_calendar")} <small>${say("set_calendar_note")}</small></h2>
	${years.length ? html`<div class="scroll" role="group" tabindex="0" aria-labelledby="h-set-cal"><table class="set-cal"><thead><tr><th scope="col">${say("year_of")}</th><th scope="col">${say("set_holidays")}</th><th scope="col">${say("set_makeups")}</th></tr></thead>
	<tbody>${years.map((/** @type {any} */ y) => html`<tr><th scope="row">${y.year}</th><td>${runs(of(y.year, "holiday")).join(say("list_comma"))} <span class="sub">${say("days", { n: y.holidays })}</span></td><td>${runs(of(y.year, "makeup")).join(say("list_comma"))} <span class="sub">${say("days", { n: y.makeups })}</span></td></tr>`)}</tbody></table></div>`
		: html`<p class="empty">${say("set_calendar_none")}</p>`}</section>`;
}

/** @param {App} app */
export function view(app) {
	const { say } = app;

	return html`<div class="settings"><div class="set-self">${selfView(app)}${passwordView(app, PASSWORD_MIN)}</div>
	<div class="set-town">${state.phase === "failed" ? html`<p class="plain" role="alert">${say("set_failed")}</p><p><button type="button" @click=${() => load(app)}>${say("again")}</button></p>`
		: !state.books ? html`<p class="plain" role="status">${say("loading")}</p>`
		: html`${rulesView(app)}${catalogueView(app)}${calendarView(app)}${state.books.cut ? html`<p class="sub">${say("more_rows", { n: state.books.cut })}</p>` : nothing}`}</div></div>`;
}

/** @param {App} app */
export function enter(app) {
	load(app);
}

export function leave() {
	state.turn++;
	state.books = null;
}
