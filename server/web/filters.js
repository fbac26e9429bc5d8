// The bar over a list: what narrows it stands in the address, and is said in words.
import { html, nothing } from "./vendor/lit.js";
import { daysAfter, PERIODS, PERIOD_TEXT, periodOf } from "./period.js";
import { reachWords } from "./reaches.js";
import { link } from "./route.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {[string, string]} Option code, name */

const TYPING_MS = 350;

/** The address of the page with another filter; "" takes one away.
 * @param {App} app @param {Record<string, string>} change */
export function changed(app, change) {
	const q = new URLSearchParams(app.place.query);

	for (const [k, v] of Object.entries(change))
		if (v === "")
			q.delete(k);
		else
			q.set(k, v);
	return link(app.place.page, q, app.place.rest);
}

/** @param {App} app @param {Record<string, string>} change */
export const set = (app, change) => app.act.go(changed(app, change));

const narrow = matchMedia("(max-width: 720px)");

/** The bar itself; on a phone it is folded away. @param {App} app @param {unknown} fields */
export const filtersView = (app, fields) => (narrow.matches ? html`<details class="filterbox"><summary>${app.say("filters")}</summary><div class="filters" role="group" aria-label=${app.say("filters")}>${fields}</div></details>`
	: html`<div class="filters" role="group" aria-label=${app.say("filters")}>${fields}</div>`);

/** A choice of one. @param {App} app @param {string} name @param {string} label @param {Option[]} options @param {Record<string, string>} [also] what goes with a change
 * @param {string} [usual] what holds when the address says nothing; without it: any */
export function selectView(app, name, label, options, also = {}, usual = "") {
	const now = app.place.query.get(name) || usual;
	const known = now === "" || options.some(([code]) => code === now);

	return html`<label class="field">${label}
		<select data-filter=${name} @change=${(/** @type {Event} */ e) => set(app, { ...also, [name]: /** @type {HTMLSelectElement} */ (e.target).value })}>
		${usual === "" ? html`<option value="" .selected=${now === ""}>${app.say("any")}</option>` : nothing}
		${known ? nothing : html`<option value=${now} .selected=${true}>${now}</option>`}
		${options.map(([code, text]) => html`<option value=${code} .selected=${code === now}>${text}</option>`)}</select></label>`;
}

/** @param {App} app @param {string} usual the period when none is named; "" none */
export function periodView(app, usual) {
	const { say } = app;
	const q = app.place.query;
	const now = periodOf(q) || usual;
	const day = (/** @type {"from"|"to"} */ which) => (/** @type {Event} */ e) => {
		const v = /** @type {HTMLInputElement} */ (e.target).value;

		if (v || which === "from")
			set(app, { period: "", [which]: v && which === "to" ? daysAfter(v, 1) : v });
	};

	return html`<label class="field">${say("f_period")}
		<select data-filter="period" @change=${(/** @type {Event} */ e) => {
			const v = /** @type {HTMLSelectElement} */ (e.target).value;

			set(app, v === "days" ? { period: "", from: daysAfter(app.today(), -6), to: daysAfter(app.today(), 1) } : { period: v, from: "", to: "" });
		}}>${usual === "" ? html`<option value="" .selected=${now === ""}>${say("any")}</option>` : nothing}
		${PERIODS.map((p) => html`<option value=${p} .selected=${p === now}>${say(PERIOD_TEXT[p])}</option>`)}
		<option value="days" .selected=${now === "days"}>${say("p_days")}</option></select></label>
	${now === "days" ? html`<label class="field">${say("p_first")}<input type="date" data-filter="from" .value=${q.get("from") || ""} @change=${day("from")}></label>
		<label class="field">${say("p_last")}<input type="date" data-filter="to" .value=${q.get("to") ? daysAfter(/** @type {string} */ (q.get("to")), -1) : ""} @change=${day("to")}></label>` : nothing}`;
}

/** @type {any} */
let typing = null;

/** Words that rows hold; keys.js brings "/" here. @param {App} app @param {string} label */
export const searchView = (app, label) => html`<label class="field grow">${label}
	<input type="search" data-search data-filter="q" maxlength="60" autocomplete="off" aria-keyshortcuts="/" .value=${app.place.query.get("q") || ""}
		@input=${(/** @type {Event} */ e) => {
			const v = /** @type {HTMLInputElement} */ (e.target).value.trim();

			clearTimeout(typing);
			typing = setTimeout(() => {
				typing = null;
				set(app, { q: v });
			}, TYPING_MS);
		}}></label>`;

/** The page is left: what was being typed is no filter any more. */
export function deafen() {
	clearTimeout(typing);
	typing = null;
}

const ALL_REACHES = "reach=";

/** Where: an area, a reach, a river, or any reach.  In the address these are `scope` or `reach`. @param {App} app @param {Record<string, string>} [also] */
export function placeView(app, also = {}) {
	const { say } = app;
	const q = app.place.query;
	const now = q.get("reach") ? ALL_REACHES + q.get("reach") : q.get("scope") || "";
	const rivers = [...new Set(app.reaches.rows.map((r) => r.river || ""))].filter((n) => n && app.reaches.rows.filter((r) => r.river === n).length > 1);
	/** @type {Option[]} */
	const water = app.reaches.rows.length || q.get("reach") ? [[`${ALL_REACHES}*`, say("reach_any")], ...rivers.map((n) => /** @type {Option} */ ([ALL_REACHES + n, say("reach_of", { name: n })]))] : [];
	const options = [...areaOptions(app), ...water, ...app.reaches.rows.map((r) => /** @type {Option} */ ([r.code, r.name]))];
	/** A reach alone is the same by either name. */
	const code = q.get("reach") && options.some(([c]) => c === q.get("reach")) ? q.get("reach") : now;
	const known = code === "" || options.some(([c]) => c === code);

	return html`<label class="field">${say("place")}
		<select data-filter="scope" @change=${(/** @type {Event} */ e) => {
			const v = /** @type {HTMLSelectElement} */ (e.target).value;

			set(app, v.startsWith(ALL_REACHES) ? { ...also, scope: "", reach: v.slice(ALL_REACHES.length) } : { ...also, scope: v, reach: "" });
		}}>
		<option value="" .selected=${code === ""}>${say("any")}</option>
		${known ? nothing : html`<option value=${code} .selected=${true}>${q.get("reach") || code}</option>`}
		${options.map(([c, text]) => html`<option value=${c} .selected=${c === code}>${text}</option>`)}</select></label>`;
}

/** Areas that one may choose. @param {App} app @returns {Option[]} */
function areaOptions(app) {
	/** @type {Option[]} */
	const out = [];

	for (const a of [...app.town.rows.areas.values()].sort((x, y) => (x.code < y.code ? -1 : 1)))
		if (a.code.length >= 12)
			out.push([a.code, a.code.length === 15 ? `\u3000${a.name}` : a.name]);
	return out;
}

/** @param {App} app @param {string} code */
export const placeWords = (app, code) => app.town.rows.areas.get(code)?.name || reachWords(app, code);
