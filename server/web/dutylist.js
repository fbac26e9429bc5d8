// Who owes what: the duties of now, the overdue ones with the reminder.
import { html, nothing, repeat } from "./vendor/lit.js";
import "./i18npages.js";
import { exportsView } from "./exportlinks.js";
import { filtersView, periodView, placeView, placeWords, selectView } from "./filters.js";
import { count, nameOf } from "./i18n.js";
import { newList } from "./list.js";
import { emptyView, moreView, sorted, sortHead } from "./listview.js";
import { daysAfter, periodOf, periodWords, rangeOf } from "./period.js";
import { mayRemind, remindView } from "./remind.js";
import { link } from "./route.js";
import { noneOverdue, ruleName } from "./rules.js";
import { stock } from "./stock.js";
import { instant } from "./time.js";

/** @typedef {import("./main.js").App} App */

const STATES = ["due_soon", "on_track", "not_due", "met", "exempt"];
const LEVELS = ["district", "town", "community", "grid"];
const NARROW = ["level", "rule", "person", "target", "scope", "reach"];
const SPAN_MS = 30e3; // what a span of days owes is computed: read no oftener

/** @type {import("./listview.js").Sorts} */
const SORTS = { person: (d) => d.person_name || d.person, target: (d) => d.target_name || d.target, done: (d) => d.done / d.need, last: (d) => d.last, days: (d) => d.days };

/** @param {App} app */
export function newDutylist(app) {
	const key = (/** @type {any} */ d) => `${d.person}|${d.rule}|${d.target || ""}|${d.level}|${d.role}`;
	const lists = { overdue: newList(app, { path: "/api/v1/overdue", member: "overdue", key, counts: false }), duty: newList(app, { path: "/api/v1/duty", member: "duty", key, counts: false }) };
	/** @type {any} */
	let later = null;
	const page = {
		/** The days that are looked at; "": the duties of now. */
		get span() {
			const p = page.overdue ? "" : periodOf(app.place.query);

			return p === "all" ? "" : p;
		},
		get overdue() {
			return (app.place.query.get("state") || "overdue") === "overdue";
		},
		get list() {
			return page.overdue ? lists.overdue : lists.duty;
		},
		query() {
			const q = app.place.query;
			const out = new URLSearchParams();

			for (const k of NARROW)
				if (q.get(k))
					out.set(k, /** @type {string} */ (q.get(k)));
			if (STATES.includes(q.get("state") || ""))
				out.set("state", /** @type {string} */ (q.get("state")));
			if (!page.overdue && q.get("role"))
				out.set("role", /** @type {string} */ (q.get("role")));
			const range = rangeOf(page.span, q, app.nowMs());

			if (page.span === "today") { // as they stand: the live rows count the same
				out.set("last", range.from);
			} else if (page.span) {
				out.set("from", range.from);
				out.set("to", range.to);
			}
			return out;
		},
		enter() {
			app.reaches.want();
			app.catalogue.want();
			page.list.ask(page.query(), 200);
		},
		leave() {
			clearTimeout(later);
			later = null;
			lists.overdue.forget();
			lists.duty.forget();
		},
		/** @param {any} msg */
		frame(msg) {
			if (msg.op === "snapshot" || (msg.overdue || []).length || (msg.feed || []).some((/** @type {any} */ r) => r.kind === "patrol.end"))
				if (!page.span || page.span === "today")
					page.list.soon();
				else
					later ??= setTimeout(() => {
						later = null;
						page.list.soon();
					}, SPAN_MS);
		},
		clear: () => app.act.go(link("duties")),
	};

	return page;
}

/** The row as the reminder needs it; the live one knows of reminders sooner. @param {App} app @param {any} d @returns {import("./remind.js").Owed} */
function owed(app, d) {
	const live = app.town.rows.overdue.get(`${d.person}|${d.rule}|${d.target || ""}`);

	return { person: d.person, rule: d.rule, target: d.target || "", name: d.person_name, ...(live?.reminders ? live : d.reminders ? { reminders: d.reminders, reminded_at: instant(d.reminded_at) ?? undefined, reminded_by: d.reminded_by, reminded_name: d.reminded_by_name } : {}) };
}

/** @param {App} app */
export function view(app) {
	const { say, lang, dutylist } = app;
	const { list, overdue } = dutylist;
	const q = app.place.query;
	const get = (/** @type {string} */ k) => q.get(k) || "";
	const rows = sorted(app, list.rows, SORTS);
	const narrowed = NARROW.some((k) => q.get(k)) || !overdue;
	const people = new Set(rows.map((d) => d.person)).size;
	const duties = overdue ? new Set(rows.map((d) => `${d.person}|${d.rule}|${d.target || ""}`)).size : rows.length; // as the live rows count them
	const words = [overdue ? say("overdue") : STATES.includes(get("state")) ? nameOf("duty", get("state"), lang) : say("f_anystate"), dutylist.span && periodWords(say, dutylist.span, rangeOf(dutylist.span, q, app.nowMs())), !overdue && get("role") && nameOf("role", get("role"), lang), get("level") && nameOf("level", get("level"), lang), get("rule") && say("w_rule", { rule: ruleName(app, get("rule"), get("level")) }),
		get("person"), get("target") && placeWords(app, get("target")), (get("scope") || get("reach")) && placeWords(app, get("scope") || get("reach"))].filter((w) => w);
	const remindable = overdue && mayRemind(app) ? rows.map((d) => owed(app, d)).filter((r) => !app.remind.lately(r)) : [];
	const added = (/** @type {"need"|"done"} */ k) => count(rows.reduce((n, d) => n + (d.state === "exempt" ? 0 : d[k]), 0));
	const exported = new URLSearchParams(get("scope") ? { scope: get("scope") } : get("reach") ? { reach: get("reach") } : {});

	return html`<section class="block rows dutyrows" aria-labelledby="h-dutylist">
	<div class="heading"><h2 id="h-dutylist">${list.phase === "ready" ? say(list.next ? "n_duties_least" : "n_duties", { n: count(people), d: count(duties) }) : say("page_duties")} <small data-test="words">${dutylist.span && list.phase === "ready" && !list.next ? html`<span data-test="sum">${say("duties_sum", { need: added("need"), done: added("done") })}</span> · ` : nothing}${words.join(" · ")}</small></h2>
		<span class="offers">${remindable.length > 1 ? html`<button type="button" data-test="remind-all" @click=${() => app.remind.all(remindable)}>${say("remind_all")} ${count(remindable.length)}</button>` : nothing}
		${overdue && !["level", "rule", "person", "target"].some((k) => q.get(k)) ? exportsView(app, "overdue", exported) : html`<button type="button" @click=${app.act.copyLink}>${say("copy_link")}</button>`}</span></div>
	${filtersView(app, html`${selectView(app, "state", say("state"), [["overdue", say("overdue")], ["any", say("f_anystate")], ...STATES.map((s) => /** @type {[string, string]} */ ([s, nameOf("duty", s, lang)]))], {}, "overdue")}
		${selectView(app, "level", say("f_level"), LEVELS.map((l) => [l, nameOf("level", l, lang)]))}
		${selectView(app, "rule", say("rule"), [...new Set(app.catalogue.rules.map((r) => /** @type {string} */ (r.rule)))].map((r) => [r, `${ruleName(app, r)} (${r})`]))}
		${placeView(app)}${dutylist.span ? periodView(app, "") : nothing}
		${narrowed ? html`<button type="button" data-test="clear" @click=${dutylist.clear}>${say("filter_clear")}</button>` : nothing}`)}
	${rows.length === 0 ? emptyView(app, list, { narrowed, period: "", none: noneOverdue(app), clear: dutylist.clear })
		: html`<div class="scroll" role="group" aria-labelledby="h-dutylist" tabindex="0"><table>
		<thead><tr>${sortHead(app, SORTS, "person", say("person"))}${sortHead(app, SORTS, "target", say("target"))}<th scope="col" class="far">${say("rule")}</th>
			${sortHead(app, SORTS, "last", say("duty_span"), "far")}${sortHead(app, SORTS, "done", say("duty_done"), "n")}<th scope="col" class="far">${say(overdue || dutylist.span ? "duty_now" : "state")}</th>
			${overdue ? html`${sortHead(app, SORTS, "days", say("overdue_days"), "n")}<th scope="col">${say("remind")}</th>` : nothing}</tr></thead>
		<tbody>${repeat(rows, (d) => list.key(d), (d) => rowView(app, d))}</tbody></table>
		${moreView(app, list, SORTS)}</div>`}</section>`;
}

/** @param {App} app @param {any} d */
function rowView(app, d) {
	const { say, lang, dutylist } = app;
	const month = { person: d.person, period: "month" };

	return html`<tr class=${app.flash(`dutylist ${dutylist.list.key(d)}`, `${d.done} ${d.state} ${d.days} ${d.reminders}`)} data-row=${`${d.person} ${d.rule} ${d.target || ""}`}>
		<th scope="row"><a class="own" href=${link("patrols", month)}>${d.person_name || d.person}</a><div class="sub">${nameOf("level", d.level, lang)}</div></th>
		<td class="own">${d.target_name || d.target || say("target_any")}<div class="sub near">${ruleName(app, d.rule, d.level)}</div></td>
		<td class="far own" title=${d.rule}>${ruleName(app, d.rule, d.level)}</td>
		<td class="far">${d.first ? `${d.first.slice(5)} – ${d.last.slice(5)}` : "—"}</td>
		<td class="n">${numbers(d)}</td>
		<td class="far ${d.state === "due_soon" ? "due" : d.state === "met" ? "good" : ""}">${nameOf("duty", d.state, lang)}${d.reason ? html`<div class="sub own">${d.reason}</div>` : nothing}</td>
		${dutylist.overdue ? html`<td class="n late"><span title=${d.due}>${say("days", { n: count(d.days) })}</span></td><td class="do">${remindView(app, owed(app, d))}</td>` : nothing}</tr>`;
}

/** @param {any} d */
const numbers = (d) => html`<a class="number" href=${link("patrols", { person: d.person, target: /^\d+$/.test(d.target || "") ? "" : d.target || "", ...(d.first ? { from: d.first, to: daysAfter(d.last, 1) } : { period: "month" }) })}>${count(d.done)}</a><span class="of"> / ${count(d.need)}</span>`;


/** @param {App} app */
export function after(app) {
	const { list } = app.dutylist;

	if (list.phase === "ready" && list.next)
		list.rest(); // so that the number over the list is its own
}

/** @param {App} app */
export function enter(app) {
	stock(app);
	if (!app.dutylist)
		app.dutylist = newDutylist(app);
	app.dutylist.enter();
}

/** @param {App} app */
export function leave(app) {
	app.dutylist.leave();
}

/** @param {App} app @param {any} msg */
export function frame(app, msg) {
	app.dutylist.frame(msg);
}
