// One place, #/grid/CODE: its people, what they owe, its patrols of a period, its cases.
import { html, nothing, repeat } from "./vendor/lit.js";
import "./i18npages.js";
import { severityView } from "./alerts.js";
import { numberLink } from "./behind.js";
import { dueView } from "./cases.js";
import { periodView } from "./filters.js";
import { count, nameOf } from "./i18n.js";
import { newList } from "./list.js";
import { kmOf, verdictView } from "./patroldrawer.js";
import { periodOf, periodWords, rangeOf } from "./period.js";
import { original } from "./refusal.js";
import { added } from "./reaches.js";
import { remindView } from "./remind.js";
import { link } from "./route.js";
import { ruleName } from "./rules.js";
import { peopleTable } from "./stafflist.js";
import { stock } from "./stock.js";
import { brief, full, instant } from "./time.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {ReturnType<typeof newList>} List */

const ROWS = 30; // of patrols and cases; the rest is a list of its own

/** @param {App} app */
export function newGrid(app) {
	const of = (/** @type {string} */ path, /** @type {string} */ member, /** @type {(r: any) => string} */ key, counts = true) => newList(app, { path, member, key, counts });
	const box = {
		people: of("/api/v1/people", "people", (p) => `${p.person}|${p.role}|${p.place}`, false),
		duty: of("/api/v1/duty", "duty", (d) => `${d.person}|${d.rule}|${d.target || ""}|${d.level}|${d.role}`, false),
		patrols: of("/api/v1/patrols", "patrols", (p) => p.id),
		cases: of("/api/v1/cases", "cases", (c) => c.id),
		get period() {
			return periodOf(app.place.query) || "month";
		},
		/** @returns {[List, URLSearchParams][]} */
		questions() {
			const scope = app.place.rest;
			const r = rangeOf(box.period, app.place.query, app.nowMs());

			return [[box.people, new URLSearchParams({ scope })], [box.duty, new URLSearchParams({ scope })],
				[box.patrols, new URLSearchParams({ scope, from: r.from || "1970-01-01", ...(r.to && { to: r.to }) })], [box.cases, new URLSearchParams({ scope, state: "open" })]];
		},
		/** @param {any} msg */
		frame(msg) {
			const walked = (msg.feed || []).some((/** @type {any} */ r) => r.kind === "patrol.start" || r.kind === "patrol.end");

			if (msg.op === "snapshot" || walked)
				[box.patrols, box.duty, box.people].forEach((l) => l.soon());
			if (msg.op === "snapshot" || (msg.cases || []).length)
				box.cases.soon();
			if ((msg.overdue || []).length)
				box.duty.soon();
		},
		forget: () => [box.people, box.duty, box.patrols, box.cases].forEach((l) => l.forget()),
	};

	return box;
}

/** A block of the page, or why it is empty. @param {App} app @param {List} list @param {string} id @param {unknown} title @param {import("./i18n.js").Key} none @param {() => unknown} rows @param {string} [period] */
const part = (app, list, id, title, none, rows, period) => html`<section class="block rows ${id}" aria-labelledby="h-${id}"><h2 id="h-${id}">${title}</h2>
	${list.phase === "refused" ? html`<p class="empty" role="status">${app.say("empty_refused")} <span class="own">${original(app, list.detail)}</span></p>` : list.phase !== "ready" ? html`<p class="empty" role="status">${app.say(list.phase === "loading" ? "loading" : list.phase === "denied" ? "empty_denied" : "empty_failed")}</p>`
		: list.rows.length === 0 ? html`<p class="empty">${period ? app.say("empty_period", { period }) : app.say(none)}</p>`
			: html`<div class="scroll" role="group" tabindex="0" aria-labelledby="h-${id}">${rows()}</div>`}</section>`;

/** @param {App} app @param {import("./reaches.js").Reach} r */
function reachFacts(app, r) {
	const today = added([r], "today");
	const month = added([r], "month");

	return [r.river === r.name ? "" : r.river, nameOf("reachkind", r.kind, app.lang), r.length_m === null ? "" : kmOf(r.length_m), app.say("reach_done", { n: count(today.patrols), due: count(today.owed), month: count(month.patrols), owed: count(month.owed) })].filter((w) => w).join(" · ");
}

/** @param {App} app */
export function view(app) {
	const { say, lang, grid, town } = app;
	const code = app.place.rest;
	const area = town.rows.areas.get(code);
	const above = code.length === 15 ? town.rows.areas.get(code.slice(0, 12)) : null;
	const reach = app.reaches.rows.find((r) => r.code === code);
	const name = area?.name || reach?.name || code;
	const words = periodWords(say, grid.period, rangeOf(grid.period, app.place.query, app.nowMs()));
	const query = Object.fromEntries(app.place.query);
	const more = (/** @type {List} */ list, /** @type {string} */ to) => (list.rows.length > ROWS || list.next ? html`<p class="more"><a href=${to}>${say("all_of_them", { n: count(list.total ?? list.rows.length) })}</a></p>` : nothing);

	return html`<div class="heading wide-heading"><h2>${above ? html`<a class="above" href=${link("grid", {}, above.code)}>${above.name}</a> / ` : nothing}<span class="own">${name}</span> <small>${name === code ? nothing : code}${
		!area && !reach && app.reaches.known ? say("place_absent") : area ? html` · ${say("map_done", { n: count(area.patrols_today), due: count(area.due_today ?? 0) })}` : reach ? html` · ${reachFacts(app, reach)}` : nothing}</small></h2>
		<span class="filters">${periodView(app, "month")}<button type="button" @click=${app.act.copyLink}>${say("copy_link")}</button></span></div>
	${part(app, grid.people, "gpeople", say("page_staff"), "people_none", () => peopleTable(app, grid.people.rows, null))}
	${part(app, grid.duty, "gduty", html`${say("page_duties")} <small>${numberLink(link("duties", { scope: code, state: "any" }), count(grid.duty.rows.length))}</small>`, "duties_none", () => html`<table>
		<thead><tr><th scope="col">${say("person")}</th><th scope="col">${say("target")}</th><th scope="col" class="n">${say("duty_done")}</th><th scope="col">${say("state")}</th><th scope="col">${say("remind")}</th></tr></thead>
		<tbody>${repeat(grid.duty.rows, (d) => grid.duty.key(d), (d) => html`<tr><th scope="row" class="own">${d.person_name || d.person}</th><td class="own">${d.target_name || d.target || say("target_any")}<div class="sub" title=${d.rule}>${ruleName(app, d.rule, d.level)}</div></td>
			<td class="n">${count(d.done)}<span class="of"> / ${count(d.need)}</span></td><td>${d.overdue ? html`<span class="late">${say("overdue_days")} ${say("days", { n: count(d.days) })}</span>` : nameOf("duty", d.state, lang)}</td>
			<td class="do">${d.overdue ? remindView(app, { person: d.person, rule: d.rule, target: d.target || "", name: d.person_name, ...town.rows.overdue.get(`${d.person}|${d.rule}|${d.target || ""}`) }) : nothing}</td></tr>`)}</tbody></table>`)}
	${part(app, grid.patrols, "gpatrols", html`${say("page_patrols")} <small>${words} · ${numberLink(link("patrols", { ...(query.period || query.from || query.to ? query : { period: "month" }), scope: code }), count(grid.patrols.total))}</small>`, "patrols_none", () => html`<table>
		<thead><tr><th scope="col">${say("start")}</th><th scope="col">${say("person")}</th><th scope="col">${say("target")}</th><th scope="col">${say("verdict")}</th></tr></thead>
		<tbody>${repeat(grid.patrols.rows.slice(0, ROWS), (p) => p.id, (p) => {
			const at = instant(p.start) || 0;

			return html`<tr data-row=${p.id}><td class="when"><a href="#/patrol/${encodeURIComponent(p.id)}"><time title=${full(at)}>${brief(at, app.nowMs())}</time></a></td><td class="own">${p.person_name || p.person || "—"}</td>
				<td class="own">${p.target_name || p.target || "—"}</td><td>${verdictView(app, p)}</td></tr>`;
		})}</tbody></table>${more(grid.patrols, link("patrols", { ...(query.period || query.from || query.to ? query : { period: "month" }), scope: code }))}`, words)}
	${part(app, grid.cases, "gcases", html`${say("cases")} <small>${numberLink(link("cases", { scope: code }), count(grid.cases.total))}</small>`, "cases_empty", () => html`<table>
		<thead><tr><th scope="col">${say("severity")}</th><th scope="col">${say("case")}</th><th scope="col">${say("state")}</th><th scope="col" class="n">${say("due")}</th></tr></thead>
		<tbody>${repeat(grid.cases.rows.slice(0, ROWS), (c) => c.id, (c) => html`<tr data-row=${c.id}><td class="mark">${severityView(app, c.severity || 0)}</td><td class="own"><a href="#/case/${encodeURIComponent(c.id)}">${c.title || c.category_name || c.id}</a>
			<div class="sub">${nameOf("class", c.class || "", lang)}</div></td><td>${nameOf("state", c.state, lang)}</td><td class="n">${dueView(app, { state: c.state, due: instant(c.due || "") })}</td></tr>`)}</tbody></table>${more(grid.cases, link("cases", { scope: code }))}`)}`;
}

/** @param {App} app */
export function enter(app) {
	stock(app);
	if (!app.grid)
		app.grid = newGrid(app);
	app.reaches.want();
	app.catalogue.want();
	for (const [list, q] of app.grid.questions())
		list.ask(q);
}

/** @param {App} app */
export function leave(app) {
	app.grid.forget();
}

/** @param {App} app @param {any} msg */
export function frame(app, msg) {
	app.grid.frame(msg);
}
