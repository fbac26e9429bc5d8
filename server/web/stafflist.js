// The people: what they are appointed to, their phone, how their duties stand, when they were last out.
import { html, nothing, repeat } from "./vendor/lit.js";
import { MORE_NAMES } from "./i18npages.js";
import { deafen, filtersView, placeView, placeWords, searchView, selectView } from "./filters.js";
import { count, nameOf } from "./i18n.js";
import { newList } from "./list.js";
import { emptyView, moreView, sorted, sortHead } from "./listview.js";
import { link } from "./route.js";
import { stock } from "./stock.js";
import { ago, full, instant, when } from "./time.js";

/** @typedef {import("./main.js").App} App */

const LEVELS = ["district", "town", "community", "grid"];
const NARROW = ["role", "level", "person", "scope", "reach", "q"];
const LOW_BATTERY = 20;

/** @type {import("./listview.js").Sorts} */
const SORTS = { person: (p) => p.person_name || p.person, place: (p) => p.place, overdue: (p) => -p.overdue, last: (p) => p.last_patrol?.start };

/** @param {App} app */
export function newStafflist(app) {
	const list = newList(app, { path: "/api/v1/people", member: "people", key: (p) => `${p.person}|${p.role}|${p.place}`, counts: false });
	const page = {
		list,
		query() {
			const q = app.place.query;

			return new URLSearchParams(NARROW.filter((k) => q.get(k)).map((k) => [k, /** @type {string} */ (q.get(k))]));
		},
		enter() {
			app.reaches.want();
			list.ask(page.query(), 200);
		},
		leave() {
			deafen();
			list.forget();
		},
		/** @param {any} msg */
		frame(msg) {
			if (msg.op === "snapshot" || (msg.overdue || []).length || (msg.feed || []).some((/** @type {any} */ r) => r.kind === "patrol.start"))
				list.soon();
		},
		clear: () => app.act.go(link("staff")),
	};

	return page;
}

/** The phones of a person. @param {App} app @param {string} person @returns {import("./town.js").Device[]} */
export const phonesOf = (app, person) => [...app.town.rows.devices.values()].filter((d) => d.person === person);

/** A phone in a line: on or off, since when, what waits. @param {App} app @param {import("./town.js").Device} d */
export function phoneView(app, d) {
	const { say, lang } = app;

	return html`<div class="phone"><span class=${d.online ? "good" : "off"}><span class="dot" aria-hidden="true"></span>${say(d.online ? "on" : "off")}</span> <span class="sub">${d.device}</span>
		<span class="sub facts">${d.seen ? html`<time title=${full(d.seen)}>${ago(app.nowMs() - d.seen, lang)}</time>` : say("never")}${d.queue ? html`<span class="due">${say("queue")} ${count(d.queue)}</span>` : nothing}${
			d.missing ? html`<span class="late">${say("missing")} ${count(d.missing)}</span>` : nothing}${typeof d.battery === "number" ? html`<span class=${d.battery <= LOW_BATTERY ? "late" : ""}>${d.battery}%</span>` : nothing}</span></div>`;
}

/** @param {App} app */
export function view(app) {
	const { say, lang, stafflist } = app;
	const { list } = stafflist;
	const q = app.place.query;
	const get = (/** @type {string} */ k) => q.get(k) || "";
	const rows = sorted(app, list.rows, SORTS);
	const narrowed = NARROW.some((k) => q.get(k));
	const words = [get("role") && nameOf("role", get("role"), lang), get("level") && nameOf("holder", get("level"), lang), get("person"), (get("scope") || get("reach")) && placeWords(app, get("scope") || get("reach")), get("q") && say("w_text", { text: get("q") })].filter((w) => w);

	return html`<section class="block rows staffrows" aria-labelledby="h-stafflist">
	<div class="heading"><h2 id="h-stafflist">${list.phase === "ready" ? say(list.next ? "n_people_least" : "n_people", { n: count(new Set(list.rows.map((p) => p.person)).size) }) : say("page_staff")} <small data-test="words">${words.join(" · ")}</small></h2>
		<span class="offers"><button type="button" @click=${app.act.copyLink}>${say("copy_link")}</button></span></div>
	${filtersView(app, html`${selectView(app, "role", say("f_role"), Object.keys(MORE_NAMES.role).map((r) => [r, nameOf("role", r, lang)]))}
		${selectView(app, "level", say("f_tier"), LEVELS.map((l) => [l, nameOf("holder", l, lang)]))}
		${placeView(app)}
		${searchView(app, say("f_name"))}
		${narrowed ? html`<button type="button" data-test="clear" @click=${stafflist.clear}>${say("filter_clear")}</button>` : nothing}`)}
	${rows.length === 0 ? emptyView(app, list, { narrowed, period: "", none: app.me?.scope === "*" ? "staff_empty" : "people_none", clear: stafflist.clear })
		: html`<div class="scroll" role="group" aria-labelledby="h-stafflist" tabindex="0">${peopleTable(app, rows, SORTS)}${moreView(app, list, SORTS)}</div>`}</section>`;
}

/** @param {App} app @param {any[]} rows @param {import("./listview.js").Sorts|null} sorts */
export function peopleTable(app, rows, sorts) {
	const { say } = app;
	const head = (/** @type {string} */ by, /** @type {string} */ text, cls = "") => (sorts ? sortHead(app, sorts, by, text, cls) : html`<th scope="col" class=${cls}>${text}</th>`);

	return html`<table><thead><tr>${head("person", say("person"))}${head("place", say("place"))}<th scope="col">${say("device")}</th>${head("overdue", say("page_duties"), "n")}${head("last", say("last_out"), "far")}</tr></thead>
		<tbody>${repeat(rows, (p) => `${p.person}|${p.role}|${p.place}`, (p) => personRow(app, p))}</tbody></table>`;
}

/** @param {App} app @param {any} p */
function personRow(app, p) {
	const { say, lang } = app;
	const last = instant(p.last_patrol?.start || "");
	const phones = phonesOf(app, p.person);
	const area = /^\d+$/.test(p.place || "");

	return html`<tr data-row=${`${p.person} ${p.role}`}><th scope="row"><a class="own" href=${link("patrols", { person: p.person, period: "month" })}>${p.person_name || p.person}</a>
			<div class="sub">${nameOf("role", p.role, lang)} · ${p.person}</div></th>
		<td class="own">${area ? html`<a href=${link("grid", {}, p.place)}>${p.place_name || p.place}</a>` : p.place_name || p.place || "—"}</td>
		<td>${phones.length ? phones.map((d) => phoneView(app, d)) : html`<span class="sub">${say("no_phone")}</span>`}</td>
		<td class="n">${p.duties ? html`<a class="number" href=${link("duties", { person: p.person, state: "any" })}>${count(p.met)}<span class="of"> / ${count(p.duties)}</span></a>` : "—"}${
			p.overdue ? html`<div><a class="late" href=${link("duties", { person: p.person })}>${say("overdue_n", { n: count(p.overdue) })}</a></div>` : nothing}</td>
		<td class="far">${last === null ? html`<span class="sub">${say("never")}</span>` : html`<a href="#/patrol/${encodeURIComponent(p.last_patrol.id)}"><time title=${full(last)}>${when(last, app.nowMs())}</time></a><div class="sub own">${p.last_patrol.target_name || p.last_patrol.target || ""}</div>`}</td></tr>`;
}

/** @param {App} app */
export function enter(app) {
	stock(app);
	if (!app.stafflist)
		app.stafflist = newStafflist(app);
	app.stafflist.enter();
}

/** @param {App} app */
export function leave(app) {
	app.stafflist.leave();
}

/** @param {App} app @param {any} msg */
export function frame(app, msg) {
	app.stafflist.frame(msg);
}
