// The records themselves, as they came: behind a number of the ledger or of a figure, by kind, person, device.
import { html, nothing, repeat } from "./vendor/lit.js";
import "./i18npages.js";
import { exportsView } from "./exportlinks.js";
import { filtersView, periodView, placeView, placeWords, selectView } from "./filters.js";
import { count, NAMES, nameOf } from "./i18n.js";
import { newList } from "./list.js";
import { emptyView, howMany, moreView } from "./listview.js";
import { isReach } from "./reaches.js";
import { stock } from "./stock.js";
import { periodOf, periodWords, rangeOf } from "./period.js";
import { link } from "./route.js";
import { full, instant, when } from "./time.js";

/** @typedef {import("./main.js").App} App */

const KINDS = Object.keys(NAMES.kind);
const NARROW = ["kind", "person", "device", "scope", "reach", "figure", "level", "category"];
const USUAL = "today";
/** Members of a body that say nothing to a reader. */
const DULL = new Set(["patrol", "case", "pts", "crs"]);

/** @param {App} app */
export function newEventlist(app) {
	const list = newList(app, { path: "/api/v1/events", member: "events", key: (e) => String(e.commit) });
	const page = {
		list,
		query() {
			const q = app.place.query;
			const out = new URLSearchParams();
			const name = periodOf(q) || USUAL;
			const range = rangeOf(name, q, app.nowMs());

			for (const k of NARROW)
				if (q.get(k))
					out.set(k, /** @type {string} */ (q.get(k)));
			out.set("from", range.from || "1970-01-01");
			if (range.to)
				out.set("to", range.to);
			return out;
		},
		enter() {
			const q = page.query();

			app.reaches.want();
			app.catalogue.want();
			if (q.get("kind")) // a number of the ledger; else all, as the export has them
				q.set("counted", "true");
			list.ask(q);
		},
		leave: () => list.forget(),
		/** @param {any} msg */
		frame(msg) {
			if (msg.op === "snapshot" || (msg.feed || []).length)
				list.soon();
		},
		clear: () => app.act.go(link("events")),
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

	if (get("kind"))
		out.push(nameOf("kind", get("kind"), lang));
	if (get("figure"))
		out.push(say("w_figure", { figure: get("figure") }));
	if (get("level"))
		out.push(nameOf("level", get("level"), lang));
	if (get("category"))
		out.push(app.catalogue.nameOf(get("category")));
	if (get("person"))
		out.push(app.eventlist.list.rows.find((e) => e.person === get("person"))?.person_name || get("person"));
	if (get("device"))
		out.push(get("device"));
	if (get("scope") || get("reach"))
		out.push(placeWords(app, get("scope") || get("reach")));
	return out;
}

/** @param {App} app */
export function view(app) {
	const { say, lang, eventlist } = app;
	const { list } = eventlist;
	const q = app.place.query;
	const narrowed = NARROW.some((k) => q.get(k));
	const name = periodOf(q) || USUAL;
	const exported = eventlist.query();
	const same = !["kind", "person", "device", "reach"].some((k) => q.get(k)) && !isReach(q.get("scope")); // what the export can be narrowed by: areas

	return html`<section class="block rows eventrows" aria-labelledby="h-eventlist">
	<div class="heading"><h2 id="h-eventlist">${list.phase === "ready" ? howMany(app, list, "n_events", "n_events_least") : say("page_events")} <small data-test="words">${words(app).join(" · ")}</small></h2>
		${same ? exportsView(app, "events", exported) : html`<span class="offers"><button type="button" @click=${app.act.copyLink}>${say("copy_link")}</button></span>`}</div>
	${filtersView(app, html`${periodView(app, USUAL)}
		${q.get("figure") ? nothing : selectView(app, "kind", say("feed_what"), KINDS.map((k) => [k, nameOf("kind", k, lang)]))}
		${placeView(app)}
		${narrowed || periodOf(q) ? html`<button type="button" data-test="clear" @click=${eventlist.clear}>${say("filter_clear")}</button>` : nothing}`)}
	${list.rows.length === 0 ? emptyView(app, list, { narrowed, period: periodWords(say, name, rangeOf(name, q, app.nowMs())), none: "feed_empty", clear: eventlist.clear })
		: html`<div class="scroll" role="group" aria-labelledby="h-eventlist" tabindex="0"><table>
		<thead><tr><th scope="col">${say("feed_time")}</th><th scope="col">${say("feed_what")}</th><th scope="col">${say("person")}</th><th scope="col" class="far">${say("place")}</th>
			<th scope="col" class="far">${say("e_content")}</th><th scope="col" class="far">${say("e_known")}</th><th scope="col" class="n far">${say("e_commit")}</th></tr></thead>
		<tbody>${repeat(list.rows, (e) => e.commit, (e) => rowView(app, e))}</tbody></table>
		${moreView(app, list, {})}</div>`}</section>`;
}

/** What a record says, in short. @param {App} app @param {any} body */
function content(app, body) {
	const out = [];

	for (const [k, v] of Object.entries(body || {}))
		if (!DULL.has(k) && v !== null && typeof v !== "object")
			out.push(k === "topic" || k === "item" || k === "category" ? app.catalogue.nameOf(String(v)) : k === "route" ? nameOf("route", String(v), app.lang)
				: k === "action" ? nameOf("action", String(v), app.lang) : k === "result" ? (v === "ok" ? app.say("e_ok") : v === "problem" ? app.say("e_problem") : nameOf("result", String(v), app.lang))
				: k === "class" ? nameOf("class", String(v), app.lang) : k === "severity" ? nameOf("severity", String(v), app.lang)
				: k === "vague" || k === "way" ? `${nameOf("member", k, app.lang)}${k === "way" ? " " : ""}${nameOf(k, String(v), app.lang)}`
				: k === "rating" ? nameOf("rating", String(v), app.lang) : v === false ? "" : v === true ? nameOf("member", k, app.lang)
				: ["title", "text", "note", "reason"].includes(k) ? String(v) : `${nameOf("member", k, app.lang)} ${k === "target" ? placeWords(app, String(v)) : v}`);
	return out.filter((x) => x).join(" · ");
}

/** @param {App} app @param {any} e */
function rowView(app, e) {
	const { say, lang } = app;
	const at = instant(e.at) || 0;
	const known = instant(e.committed || "");
	const body = e.raw?.body || {};
	const of = body.case ? `#/case/${encodeURIComponent(body.case)}` : body.patrol ? `#/patrol/${encodeURIComponent(`${e.device}.${body.patrol}`)}` : "";
	const what = nameOf("kind", e.kind, lang);
	const said = content(app, body);

	return html`<tr class=${e.voided || e.displaced ? "gone" : ""} data-row=${e.commit}>
		<td class="when"><time title=${full(at)}>${when(at, app.nowMs())}</time></td>
		<td class="what"><div class="line">${of ? html`<a href=${of}>${what}</a>` : html`<b>${what}</b>`}${e.voided ? html`<span class="chip late">${nameOf("standing", "voided", lang)}</span>`
			: e.displaced ? html`<span class="chip late">${nameOf("standing", "displaced", lang)}</span>` : nothing}${e.imported ? html`<span class="chip">${say("e_imported")}</span>` : nothing}</div>
			<div class="sub own near">${said}</div></td>
		<td class="own">${e.person_name || e.person || "—"}<div class="sub">${e.device}</div></td>
		<td class="far own">${e.scope_name || e.scope || "—"}</td><td class="far own said">${said}</td>
		<td class="far">${known === null ? "—" : html`<time title=${full(known)}>${when(known, app.nowMs())}</time>`}</td>
		<td class="n far">${count(e.commit)}</td></tr>`;
}

/** @param {App} app */
export function enter(app) {
	stock(app);
	if (!app.eventlist)
		app.eventlist = newEventlist(app);
	app.eventlist.enter();
}

/** @param {App} app */
export function leave(app) {
	app.eventlist.leave();
}

/** @param {App} app @param {any} msg */
export function frame(app, msg) {
	app.eventlist.frame(msg);
}
