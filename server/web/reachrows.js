// Reaches instead of areas, for the river chiefs' office: patrols today, what is owed in this period, who is overdue.
import { html, repeat } from "./vendor/lit.js";
import { numberLink } from "./behind.js";
import { count } from "./i18n.js";
import { link } from "./route.js";
import { stock } from "./stock.js";

/** @typedef {import("./main.js").App} App */

/** @param {App} app */
export function reachTable(app) {
	const { say } = app;

	stock(app);
	app.reaches.want();
	const { rows } = app.reaches;

	if (rows.length === 0)
		return html`<p class="empty">${say(app.reaches.failed ? "empty_failed" : app.reaches.known ? "reaches_none" : "loading")}</p>`;
	return html`<table><thead><tr><th scope="col">${say("reach")}</th><th scope="col" class="n">${say("area_patrols")}</th><th scope="col" class="n" title=${say("reach_period")}>${say("duty_done")}</th><th scope="col" class="n">${say("overdue_days")}</th>
		<th scope="col" class="n">${say("area_open")}</th></tr></thead>
	<tbody>${repeat(rows, (r) => r.code, (r) => html`<tr data-row=${r.code}><th scope="row" title=${r.code}><a class="own" href=${link("grid", {}, r.code)}>${r.name}</a> <span class="sub own">${r.river}</span></th>
			<td class="n key ${r.patrols.today ? "" : "zero"}">${numberLink(link("patrols", { scope: r.code, period: "today" }), count(r.patrols.today))}</td>
			<td class="n">${r.duties.count ? numberLink(link("duties", { scope: r.code, state: "any" }), html`${count(r.duties.done)}<span class="of"> / ${count(r.duties.need)}</span>`) : "—"}</td>
			<td class="n ${r.duties.overdue ? "late" : ""}">${r.duties.overdue ? numberLink(link("duties", { scope: r.code }), say("overdue_n", { n: count(r.duties.overdue) })) : "0"}</td>
			<td class="n">${numberLink(link("cases", { scope: r.code }), count(r.open_cases))}</td></tr>`)}</tbody></table>
	${app.reaches.more ? html`<p class="more">${say("reaches_more", { n: count(rows.length) })}</p>` : ""}`;
}
