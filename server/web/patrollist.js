// The patrols that a filter names, beside the map on which the selected one is drawn.
import { html, nothing, repeat } from "./vendor/lit.js";
import { MORE_NAMES } from "./i18npages.js";
import { exportsView } from "./exportlinks.js";
import { deafen, filtersView, periodView, placeView, placeWords, searchView, selectView } from "./filters.js";
import { count, nameOf } from "./i18n.js";
import { newList } from "./list.js";
import { emptyView, howMany, moreView, sorted, sortHead, sortNeeds } from "./listview.js";
import { mapView } from "./map.js";
import { kmOf, minutesOf, verdictView } from "./patroldrawer.js";
import { stock } from "./stock.js";
import { periodOf, periodWords, rangeOf } from "./period.js";
import { link } from "./route.js";
import { ruleName } from "./rules.js";
import { brief, full, instant } from "./time.js";

/** @typedef {import("./main.js").App} App */

const ROUTES = ["river", "gully", "road", "grid", "burning"];
const LEVELS = ["district", "town", "community", "grid", "none"];
const NARROW = ["route", "level", "valid", "reason", "river", "person", "target", "rule", "scope", "reach", "q"];
const USUAL = "today";

/** @type {import("./listview.js").Sorts} */
const SORTS = { start: (p) => p.start, person: (p) => p.person_name || p.person, target: (p) => p.target_name || p.target, minutes: (p) => p.duration_s, km: (p) => p.distance_m, verdict: (p) => (p.valid ? 0 : 1) };

/** @param {App} app */
export function newPatrollist(app) {
	const list = newList(app, { path: "/api/v1/patrols", member: "patrols", key: (p) => p.id });
	/** @type {number[]} commits of starts that came since the page was opened */
	let starts = [];
	/** @type {{total: number, asOf: number}|null} how many there were then */
	let before = null;
	const page = {
		list,
		/** Patrols that began meanwhile and that the filter does not show. */
		get hidden() {
			const b = before;

			return list.phase === "ready" && b && list.total !== null && !list.totalMore
				? Math.max(0, starts.filter((c) => c > b.asOf && c <= list.asOf).length - Math.max(0, list.total - b.total)) : 0;
		},
		query() {
			const q = app.place.query;
			const out = new URLSearchParams();
			const name = periodOf(q) || USUAL;
			const range = rangeOf(name, q, app.nowMs());

			for (const k of NARROW)
				if (q.get(k) && k !== "valid")
					out.set(k, k === "river" ? String(q.get(k) === "1") : /** @type {string} */ (q.get(k)));
			// what is under way is judged as it stands, and may yet become valid: it is not among the invalid
			if (q.get("valid") === "way") {
				out.set("under_way", "true");
			} else if (q.get("valid")) {
				out.set("valid", String(q.get("valid") === "1"));
				if (q.get("valid") !== "1")
					out.set("under_way", "false");
			}
			out.set("from", range.from || "1970-01-01");
			if (range.to)
				out.set("to", range.to);
			return out;
		},
		enter() {
			starts = [];
			before = null;
			list.changed = () => {
				before ??= list.total === null ? null : { total: list.total, asOf: list.asOf };
			};
			app.reaches.want();
			app.catalogue.want();
			list.ask(page.query());
		},
		leave() {
			deafen();
			list.forget();
		},
		/** @param {any} msg */
		frame(msg) {
			const rows = (msg.feed || []).filter((/** @type {any} */ r) => !r.gone && r.kind.startsWith("patrol.") && r.kind !== "patrol.track");

			if (msg.op === "delta")
				starts.push(...rows.filter((/** @type {any} */ r) => r.kind === "patrol.start").map((/** @type {any} */ r) => r.commit));
			if (msg.op === "snapshot" || rows.length)
				list.soon();
		},
		clear: () => app.act.go(link("patrols")),
	};

	return page;
}

/** @param {App} app @returns {string[]} */
function words(app) {
	const { say, lang } = app;
	const q = app.place.query;
	const get = (/** @type {string} */ k) => q.get(k) || "";
	const name = periodOf(q) || USUAL;
	const out = [periodWords(say, name, rangeOf(name, q, app.nowMs()))];

	if (get("river"))
		out.push(say(get("river") === "1" ? "group_river" : "w_noriver"));
	if (get("route"))
		out.push(nameOf("route", get("route"), lang));
	if (get("level"))
		out.push(nameOf(get("river") === "1" ? "chief" : "level", get("level") === "none" ? "" : get("level"), lang));
	if (get("valid"))
		out.push(say(get("valid") === "1" ? "valid" : get("valid") === "way" ? "under_way" : "invalid"));
	if (get("reason"))
		out.push(nameOf("reason", get("reason"), lang));
	if (get("rule"))
		out.push(say("w_rule", { rule: ruleName(app, get("rule"), get("level")) }));
	if (get("person"))
		out.push(app.patrollist.list.rows.find((p) => p.person === get("person"))?.person_name || get("person"));
	for (const k of ["target", "scope", "reach"])
		if (get(k))
			out.push(placeWords(app, get(k)));
	if (get("q"))
		out.push(say("w_text", { text: get("q") }));
	return out;
}

/** @param {App} app */
export function view(app) {
	const { say, lang, patrollist } = app;
	const { list } = patrollist;
	const q = app.place.query;
	const rows = sorted(app, list.rows, SORTS);
	const narrowed = NARROW.some((k) => q.get(k));
	const name = periodOf(q) || USUAL;

	return html`<section class="block rows patrolrows" aria-labelledby="h-patrollist">
	<div class="heading"><h2 id="h-patrollist">${list.phase === "ready" ? howMany(app, list, "n_patrols", "n_patrols_least") : say("page_patrols")} <small data-test="words">${words(app).join(" · ")}</small></h2>
		${exportsView(app, "patrols", patrollist.query())}</div>
	${filtersView(app, html`${periodView(app, USUAL)}
		${selectView(app, "route", say("route"), ROUTES.map((r) => [r, nameOf("route", r, lang)]))}
		${selectView(app, "level", say("f_level"), LEVELS.map((l) => [l, nameOf("level", l === "none" ? "" : l, lang)]), { river: "" })}
		${selectView(app, "valid", say("verdict"), [["1", say("valid")], ["0", say("invalid")], ["way", say("under_way")]], { reason: "" })}
		${selectView(app, "reason", say("f_reason"), Object.keys(MORE_NAMES.reason).map((r) => [r, nameOf("reason", r, lang)]), { valid: "" })}
		${placeView(app)}
		${searchView(app, say("f_who"))}
		${narrowed || periodOf(q) ? html`<button type="button" data-test="clear" @click=${patrollist.clear}>${say("filter_clear")}</button>` : nothing}`)}
	${patrollist.hidden ? html`<p class="notice" role="status" data-test="hidden">${say("hidden_patrols", { n: count(patrollist.hidden) })} <button type="button" class="small" @click=${patrollist.clear}>${say("filter_clear")}</button></p>` : nothing}
	${rows.length === 0 ? emptyView(app, list, { narrowed, period: periodWords(say, name, rangeOf(name, q, app.nowMs())), none: "patrols_none", clear: patrollist.clear })
		: html`<div class="scroll" role="group" aria-labelledby="h-patrollist" tabindex="0"><table>
		<thead><tr>${sortHead(app, SORTS, "start", say("start"))}${sortHead(app, SORTS, "person", say("person"))}${sortHead(app, SORTS, "target", say("target"))}
			${sortHead(app, SORTS, "minutes", say("duration"), "n far")}${sortHead(app, SORTS, "km", say("distance"), "n far")}${sortHead(app, SORTS, "verdict", say("verdict"))}</tr></thead>
		<tbody>${repeat(rows, (p) => p.id, (p) => rowView(app, p))}</tbody></table>
		${moreView(app, list, SORTS)}</div>`}</section>${mapView(app)}`;
}

/** @param {App} app @param {any} p */
function rowView(app, p) {
	const { lang } = app;
	const at = instant(p.start) || 0;
	const here = app.patrol.id === p.id;
	const flash = app.flash(`patrollist ${p.id}`, `${p.commit}`, at > app.bornAt);

	return html`<tr class="${flash} ${here ? "here" : ""}" data-row=${p.id}>
		<td class="when"><time title=${full(at)}>${brief(at, app.nowMs())}</time></td>
		<td class="what"><div class="line"><a href="#/patrol/${encodeURIComponent(p.id)}" aria-current=${here ? "true" : nothing}>${p.person_name || p.person || "—"}</a></div>
			<div class="sub">${p.level ? nameOf(p.river_patrol ? "chief" : "level", p.level, lang) : nothing}</div></td>
		<td class="own">${p.target_name || p.target || "—"}<div class="sub">${nameOf("route", p.route || "", lang)}</div></td>
		<td class="n far">${minutesOf(p.duration_s, app)}</td><td class="n far">${kmOf(p.distance_m)}</td>
		<td class="verdict">${verdictView(app, p)}</td></tr>`;
}

/** @param {App} app */
export function after(app) {
	if (app.patrollist)
		sortNeeds(app, app.patrollist.list, SORTS);
}

/** @param {App} app */
export function enter(app) {
	stock(app);
	if (!app.patrollist)
		app.patrollist = newPatrollist(app);
	app.patrollist.enter();
}

/** @param {App} app */
export function leave(app) {
	app.patrollist.leave();
}

/** @param {App} app @param {any} msg */
export function frame(app, msg) {
	app.patrollist.frame(msg);
}
