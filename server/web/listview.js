// What lists have in common: their heading in words, columns that sort, why there is nothing, what comes next.
import { html, nothing } from "./vendor/lit.js";
import { count } from "./i18n.js";
import { isStale } from "./head.js";
import { set } from "./filters.js";
import { SORT_MAX } from "./list.js";
import { original } from "./refusal.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {ReturnType<typeof import("./list.js").newList>} List */
/** @typedef {Record<string, (row: any) => string|number|boolean|null|undefined>} Sorts what rows are compared by */

/** The column and the direction that the address asks for. @param {App} app @param {Sorts} sorts @returns {{by: string, down: boolean}|null} */
export function sortOf(app, sorts) {
	const v = app.place.query.get("sort") || "";
	const by = v.replace(/^-/, "");

	return Object.prototype.hasOwnProperty.call(sorts, by) ? { by, down: v.startsWith("-") } : null;
}

/** @param {App} app @param {any[]} rows @param {Sorts} sorts what has no value comes last */
export function sorted(app, rows, sorts) {
	const s = sortOf(app, sorts);

	if (!s)
		return rows;
	const of = sorts[s.by];
	const sign = s.down ? -1 : 1;

	return rows.map((r) => ({ r, v: of(r) })).sort((a, b) => (a.v === b.v ? 0 : a.v === null || a.v === undefined || a.v === "" ? 1 : b.v === null || b.v === undefined || b.v === "" ? -1
		: typeof a.v === "string" && typeof b.v === "string" ? sign * a.v.localeCompare(b.v, "zh-CN") : a.v < b.v ? -sign : sign)).map((x) => x.r);
}

/** A heading that sorts. @param {App} app @param {Sorts} sorts @param {string} by @param {string} text @param {string} [cls] */
export function sortHead(app, sorts, by, text, cls = "") {
	const s = sortOf(app, sorts);
	const mine = s?.by === by;

	return html`<th scope="col" class=${cls} aria-sort=${mine ? (s?.down ? "descending" : "ascending") : "none"}><button type="button" class="sort" data-sort=${by}
		@click=${() => set(app, { sort: !mine ? by : s?.down ? "" : `-${by}` })}>${text}<span aria-hidden="true">${mine ? (s?.down ? "↓" : "↑") : "↕"}</span></button></th>`;
}

/** "37 cases" @param {App} app @param {List} list @param {import("./i18n.js").Key} some @param {import("./i18n.js").Key} least */
export const howMany = (app, list, some, least) => app.say(list.total === null ? (list.next ? least : some) : list.totalMore ? least : some, { n: count(list.total ?? list.rows.length) });

/** Why there is no row. @param {App} app @param {List} list @param {{narrowed: boolean, period: string, none: import("./i18n.js").Key, clear: () => void}} of */
export function emptyView(app, list, of) {
	const { say } = app;

	if (list.phase === "loading")
		return html`<p class="empty" role="status">${say(isStale(app) ? "empty_offline" : "loading")}</p>`;
	if (list.phase === "denied")
		return html`<p class="empty" data-test="why">${say("empty_denied")}</p>`;
	if (list.phase === "refused")
		return html`<p class="empty" data-test="why">${say("empty_refused")} <span class="own">${original(app, list.detail)}</span></p><p><button type="button" @click=${of.clear}>${say("filter_clear")}</button></p>`;
	if (list.phase === "failed")
		return html`<p class="empty" data-test="why">${say("empty_failed")}</p><p><button type="button" @click=${() => list.refresh()}>${say("again")}</button></p>`;
	return html`<p class="empty" data-test="why">${of.narrowed ? say("empty_filter") : of.period ? say("empty_period", { period: of.period }) : say(of.none)}</p>
		${of.narrowed ? html`<p><button type="button" @click=${of.clear}>${say("filter_clear")}</button></p>` : nothing}`;
}

/** What is not shown yet. @param {App} app @param {List} list @param {Sorts} sorts */
export function moreView(app, list, sorts) {
	const { say } = app;

	if (!list.next)
		return nothing;
	return html`<p class="more">${sortOf(app, sorts) ? html`${say("sorted_some", { n: count(list.rows.length) })} ` : nothing}${
		list.total === null || list.totalMore ? say("more_some", { n: count(list.rows.length) }) : say("more_rows", { n: count(list.total - list.rows.length) })}
		<button type="button" ?disabled=${list.busy} @click=${() => list.more()}>${say(list.busy ? "loading" : "more_load")}</button></p>`;
}

/** After a row was asked for or the order changed. @param {App} app @param {List} list @param {Sorts} sorts */
export function sortNeeds(app, list, sorts) {
	if (sortOf(app, sorts) && list.phase === "ready" && list.next && list.rows.length < SORT_MAX)
		list.rest();
}
