// Reaches instead of areas, for the river chiefs' office: patrols today, what is owed in this period, who is overdue.
import { html, repeat } from "./vendor/lit.js";
import { numberLink } from "./behind.js";
import { count } from "./i18n.js";
import { newList } from "./list.js";
import { link } from "./route.js";
import { stock } from "./stock.js";

/** @typedef {import("./main.js").App} App */

const EVERY_MS = 60e3;

/** @param {App} app */
export function newReachrows(app) {
	const list = newList(app, { path: "/api/v1/duty", member: "duty", key: (d) => `${d.person}|${d.rule}|${d.target || ""}|${d.level}|${d.role}`, counts: false });
	let readAt = -Infinity;

	return {
		list,
		want() {
			stock(app);
			app.reaches.want();
			if (app.mono() - readAt < EVERY_MS)
				return;
			readAt = app.mono();
			list.ask(new URLSearchParams(), 2000);
		},
		forget() {
			readAt = -Infinity;
			list.forget();
		},
	};
}

/** @param {App} app */
export function reachTable(app) {
	const { say } = app;

	if (!app.reachrows)
		app.reachrows = newReachrows(app);
	app.reachrows.want();
	const { list } = app.reachrows;
	const rows = app.reaches.rows;
	/** @type {Map<string, {need: number, done: number, overdue: number}>} */
	const owed = new Map();

	for (const d of list.rows) {
		const o = owed.get(d.target || "") || { need: 0, done: 0, overdue: 0 };

		o.need += d.state === "exempt" ? 0 : d.need;
		o.done += d.done;
		o.overdue += d.overdue ? 1 : 0;
		owed.set(d.target || "", o);
	}
	if (rows.length === 0)
		return html`<p class="empty">${say(app.reaches.failed ? "empty_failed" : app.reaches.known ? "reaches_none" : "loading")}</p>`;
	return html`<table><thead><tr><th scope="col">${say("reach")}</th><th scope="col" class="n">${say("area_patrols")}</th><th scope="col" class="n" title=${say("reach_period")}>${say("duty_done")}</th><th scope="col" class="n">${say("overdue_days")}</th>
		<th scope="col" class="n">${say("area_open")}</th></tr></thead>
	<tbody>${repeat(rows, (r) => r.code, (r) => {
		const o = owed.get(r.code);

		return html`<tr data-row=${r.code}><th scope="row" title=${r.code}><a class="own" href=${link("grid", {}, r.code)}>${r.name}</a> <span class="sub own">${r.river}</span></th>
			<td class="n key ${r.patrols_today ? "" : "zero"}">${numberLink(link("patrols", { scope: r.code, period: "today" }), count(r.patrols_today))}</td>
			<td class="n">${o ? html`${numberLink(link("duties", { target: r.code, state: "any" }), html`${count(o.done)}<span class="of"> / ${count(o.need)}</span>`)}` : list.phase === "ready" ? "—" : "…"}</td>
			<td class="n ${o?.overdue ? "late" : ""}">${o?.overdue ? numberLink(link("duties", { target: r.code }), say("overdue_n", { n: count(o.overdue) })) : "0"}</td>
			<td class="n">${numberLink(link("cases", { scope: r.code }), count(r.open_cases))}</td></tr>`;
	})}</tbody></table>`;
}
