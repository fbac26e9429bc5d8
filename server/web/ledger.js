// The duty ledger: how do we stand today, this month, this year.
import { html, nothing, repeat } from "./vendor/lit.js";
import { numberLink } from "./behind.js";
import { count, nameOf } from "./i18n.js";
import { link } from "./route.js";
import { codes, sum } from "./town.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./town.js").Sum} Sum */

/** Kinds of record that the ledger counts beside patrols. */
const OTHER = ["inspect", "case.report", "visit", "work", "household", "sos"];

/** What is owed of it. @param {number|null|undefined} n */
const owed = (n) => (typeof n === "number" ? html`<span class="of"> / ${count(n)}</span>` : nothing);

/** @param {App} app @param {string} id @param {string} name @param {Sum} s @param {(period: string) => string} to the records behind a number @param {string} [kind] */
function line(app, id, name, s, to, kind = "") {
	const known = app.town.commit !== null;
	const flash = known ? app.flash(`ledger ${id}`, `${s.today} ${s.month} ${s.year} ${s.due}`) : "";

	return html`<tr class="${kind} ${flash}" data-row=${id}><th scope="row">${name}</th>
		<td class="n key ${known && s.today ? "" : "zero"}">${known ? numberLink(to("today"), count(s.today)) : "—"}${owed(s.due)}</td>
		<td class="n">${known ? numberLink(to("month"), count(s.month)) : "—"}${owed(s.dueMonth)}</td><td class="n">${known ? numberLink(to("year"), count(s.year)) : "—"}${owed(s.dueYear)}</td></tr>`;
}

/** @param {App} app @param {string} id @param {string} name @param {unknown} note @param {{code: string, name: string, sum: Sum}[]} rows
 * @param {(code: string) => (period: string) => string} to code "*": all of them @param {Sum} [all] */
export function group(app, id, name, note, rows, to, all) {
	return html`<tbody><tr class="group"><th scope="rowgroup" colspan="4">${name} <small>${note}</small></th></tr>
		${repeat(rows, (r) => r.code, (r) => line(app, `${id} ${r.code}`, r.name, r.sum, to(r.code)))}
		${all ? line(app, `${id} *`, app.say("total"), all, to("*"), "sum") : nothing}</tbody>`;
}

/** The block, with whatever it counts. @param {App} app @param {string} note @param {boolean} known @param {unknown} groups */
export const ledgerTable = (app, note, known, groups) => html`<section class="block ledger" aria-labelledby="h-ledger">
	<h2 id="h-ledger">${app.say("ledger")} <small>${note}</small></h2>
	${known ? html`<div class="scroll" role="group" aria-labelledby="h-ledger" tabindex="0"><table>
		<thead><tr><th scope="col">${app.say("level")}</th><th scope="col" class="n">${app.say("today")}</th>
			<th scope="col" class="n">${app.say("month")}</th><th scope="col" class="n">${app.say("year")}</th></tr></thead>
		${groups}</table></div>` : html`<p class="empty">${app.say("loading")}</p>`}</section>`;

/** @param {App} app */
export function ledgerView(app) {
	const { say, town, lang } = app;
	/** @param {"chief"|"level"} table @param {string} id @param {string[]} always */
	const byLevel = (table, id, always) => codes(town, id, "level", always)
		.map((level) => ({ code: level, name: nameOf(table, level, lang), sum: sum(town, id, { level }) }));
	/** @param {"route"|"kind"} table @param {string} id @param {string[]} list */
	const byCategory = (table, id, list) => list
		.map((category) => ({ code: category, name: nameOf(table, category, lang), sum: sum(town, id, { category }) }));

	return ledgerTable(app, say("ledger_note"), true, html`
		${group(app, "river_patrols", say("group_river"), say("group_river_note"),
			byLevel("chief", "river_patrols", ["town", "community"]), (c) => (period) => link("patrols", { river: "1", level: c === "*" ? "" : c || "none", period }), sum(town, "river_patrols"))}
		${group(app, "patrols", say("group_level"), say("group_level_note"),
			byLevel("level", "patrols", ["town", "community", "grid"]), (c) => (period) => link("patrols", { level: c === "*" ? "" : c || "none", period }), sum(town, "patrols"))}
		${group(app, "route", say("group_route"), nothing,
			byCategory("route", "patrols", codes(town, "patrols", "category", ["river", "gully", "road", "grid", "burning"])), (c) => (period) => link("patrols", { route: c, period }))}
		${group(app, "other", say("group_other"), nothing, byCategory("kind", "events", OTHER), (c) => (period) => link("events", { kind: c, period }))}`);
}
