// Open cases: what is to be done, by when, and who has it.
import { html, nothing, repeat } from "./vendor/lit.js";
import { placeOf, severityView } from "./alerts.js";
import { count, nameOf } from "./i18n.js";
import { made } from "./town.js";
import { brief, full, lasting, when } from "./time.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./town.js").Case} Case */

const ROWS = 60; // beyond, only on demand
const LATE_EVERY_MS = 5e3; // how often one looks which have become late
const SOON_MS = 24 * 3600e3;

/** Its clock runs: a case that waits for its check, or is suspended, is late no more.
 * @param {{state: string, due: number|null}} c @param {number} nowMs */
export const isLate = (c, nowMs) => typeof c.due === "number" && c.due <= nowMs && ["reported", "accepted", "dispatched", "in_progress"].includes(c.state);

/** @param {App} app @param {{state: string, due: number|null}} c */
export function dueView(app, c) {
	const { say, lang } = app;
	const now = app.nowMs();

	if (typeof c.due !== "number")
		return html`<span class="sub">${say("due_none")}</span>`;
	if (c.state === "suspended" || c.state === "handled" || c.state === "closed")
		return html`<time class="sub" title=${full(c.due)}>${brief(c.due, now)}</time>`;
	if (isLate(c, now))
		return html`<time class="late" title=${full(c.due)}>${say("due_late", { span: lasting(now - c.due, lang) })}</time>`;
	return html`<time class=${c.due - now < SOON_MS ? "due" : ""} title=${full(c.due)}>${say("due_left", { span: lasting(c.due - now, lang) })}</time>`;
}

/** @param {number} now @param {Case} a @param {Case} b the latest first, then the gravest, then the nearest deadline */
function byNeed(now, a, b) {
	return Number(isLate(b, now)) - Number(isLate(a, now)) || a.severity - b.severity || (a.due ?? Infinity) - (b.due ?? Infinity) || b.at - a.at || 0;
}

/** The open cases in order, and which of them are late, new, to be checked. @param {App} app */
function sorted(app) {
	const now = app.nowMs();
	/** @type {Case[]} */
	const each = [...app.town.rows.cases.values()];
	const all = (app.lens ? each.filter((c) => app.lens?.has(c.scope)) : each).sort((a, b) => byNeed(now, a, b));

	return { all, away: each.length - all.length, late: all.filter((c) => isLate(c, now)), fresh: all.filter((c) => c.state === "reported"), check: all.filter((c) => c.state === "handled") };
}

/** @type {WeakMap<App, {keys: unknown[], value: ReturnType<typeof sorted>}>} */
const last = new WeakMap();

/** @param {App} app */
export function casesView(app) {
	const { say, town, ui } = app;
	const now = made(() => sorted(app), [town, town.turn.cases, Math.floor(app.nowMs() / LATE_EVERY_MS), app.lens?.key], last.get(app));
	const { all, away, late, fresh, check } = now.value;
	const rows = now.value[ui.cases];

	last.set(app, now);
	const shown = ui.allCases ? rows : rows.slice(0, ROWS);
	/** @param {App["ui"]["cases"]} which @param {string} text */
	const choice = (which, text) => html`<button type="button" aria-pressed=${ui.cases === which} @click=${() => app.act.ui({ cases: which, allCases: false })}>${text}</button>`;

	return html`<section class="block cases" data-rest=${rows.length - shown.length} aria-labelledby="h-cases">
	<h2 id="h-cases">${say("cases")} <small>${all.length ? say("cases_count", { n: count(all.length) }) : nothing}${app.lens?.hidden(away, 0, !all.length)}</small></h2>
	${all.length === 0 ? html`<p class="empty">${town.commit !== null && app.lens ? app.lens.word("cases") : say(town.commit === null ? "loading" : "cases_empty")}</p>` : html`
	<div class="bar"><div class="choice" role="group" aria-label=${say("state")}>${choice("all", say("filter_all", { n: count(all.length) }))}${choice("late", say("filter_late", { n: count(late.length) }))}${
		choice("fresh", say("filter_fresh", { n: count(fresh.length) }))}${choice("check", say("filter_check", { n: count(check.length) }))}</div></div>
	<div class="scroll" role="group" aria-labelledby="h-cases" tabindex="0">${rows.length === 0 ? html`<p class="empty">${say("cases_filtered")}</p>` : html`<table>
		<thead><tr><th scope="col"><span class="vh">${say("severity")}</span></th><th scope="col">${say("case")}</th><th scope="col" class="n">${say("state")} · ${say("due")}</th></tr></thead>
		<tbody>${repeat(shown, (c) => c.id, (c) => caseRow(app, c))}</tbody></table>`}
	${rows.length > shown.length ? html`<p class="more">${say("more_rows", { n: count(rows.length - shown.length) })}
		<button type="button" @click=${() => app.act.ui({ allCases: true })}>${say("show_all")}</button></p>` : nothing}</div>`}</section>`;
}

/** @param {App} app @param {Case} c */
function caseRow(app, c) {
	const { lang } = app;
	const flash = app.flash(`case ${c.id}`, `${c.etag} ${c.state}`, c.at > app.bornAt);
	const here = app.file.id === c.id;
	const holder = holderView(app, c);
	const place = placeOf(app, c);

	return html`<tr class="${flash} ${here || app.picked === c.id ? "here" : ""}" data-row=${c.id} data-pick=${c.id}><td class="mark">${severityView(app, c.severity)}</td>
		<td class="what"><div class="line"><a href="#/case/${encodeURIComponent(c.id)}" aria-current=${here ? "true" : nothing}>${c.title || c.category_name || c.category}</a></div>
			<div class="sub facts"><span>${nameOf("class", c.class, lang)}</span>${place ? html`<span class="own">${place}</span>` : nothing}<time title=${full(c.at)}>${when(c.at, app.nowMs())}</time>${holder === nothing ? nothing : html`<span>${holder}</span>`}</div></td>
		<td class="n state">${nameOf("state", c.state, lang)}<div>${dueView(app, c)}</div></td></tr>`;
}

/** @param {App} app @param {{holder?: string|null, holder_name?: string, level?: string}} c */
export const holderView = (app, c) => (c.holder_name || c.holder ? html`<span class="own">${c.holder_name || c.holder}</span>`
	: c.level ? nameOf("holder", c.level, app.lang) : nothing);
