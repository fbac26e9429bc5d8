// The duty ledger: how do we stand today, this month, this year.
import { html, nothing, repeat } from "./vendor/lit.js";
import { call } from "./api.js";
import { numberLink } from "./behind.js";
import { count, nameOf } from "./i18n.js";
import { link } from "./route.js";
import { codes, sum } from "./town.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./town.js").Sum} Sum */

/** Kinds of record that the ledger counts beside patrols. */
const OTHER = ["inspect", "case.report", "visit", "work", "household", "sos"];

const EVERY_MS = 300e3;

/** What is owed this month and this year, by figure and level: no commit changes it, but the day does. @param {App} app */
export function newOwed(app) {
	let day = "";
	let readAt = -Infinity;
	let turn = 0;

	const box = {
		/** @type {{figure: string, level: string, month: number, year: number}[]|null} */ rows: null,
		/** @param {string} figure @param {string} [level] */
		of(figure, level) {
			const fit = box.rows?.filter((r) => r.figure === figure && (level === undefined || r.level === level));

			return fit?.length ? { dueMonth: fit.reduce((n, r) => n + r.month, 0), dueYear: fit.reduce((n, r) => n + r.year, 0) } : {};
		},
		async after() {
			if (!app.me || app.lens || app.town.commit === null || !document.querySelector(".ledger") || (day === app.today() && app.mono() - readAt < EVERY_MS))
				return;
			if (day !== app.today())
				box.rows = null;
			day = app.today();
			readAt = app.mono();
			const mine = ++turn;
			const rows = [];

			for (let next = ""; next !== null;) {
				const r = await call("GET", `/api/v1/owed${next && `?cursor=${encodeURIComponent(next)}`}`);

				if (mine !== turn)
					return;
				if (r.status !== 200) {
					readAt = app.mono() - EVERY_MS + 10e3;
					return;
				}
				rows.push(...r.body.owed);
				next = r.body.next;
			}
			box.rows = rows;
			app.act.draw();
		},
		forget() {
			turn++;
			day = "";
			box.rows = null;
		},
	};

	return box;
}

/** What is owed of it. @param {number|null|undefined} n @param {string} href the duties */
const owed = (n, href) => (typeof n === "number" ? html`<span class="of"> / ${href ? html`<a href=${href}>${count(n)}</a>` : count(n)}</span>` : nothing);

/** @param {App} app @param {string} id @param {string} name @param {Sum} s @param {(period: string) => string} to the records behind a number @param {(period: string) => string} due to what is owed @param {string} [kind] */
function line(app, id, name, s, to, due, kind = "") {
	const known = app.town.commit !== null;
	const flash = known ? app.flash(`ledger ${id}`, `${s.today} ${s.month} ${s.year} ${s.due}`) : "";

	return html`<tr class="${kind} ${flash}" data-row=${id}><th scope="row">${name}</th>
		<td class="n key ${known && s.today ? "" : "zero"}">${known ? numberLink(to("today"), count(s.today)) : "—"}${owed(s.due, due("today"))}</td>
		<td class="n">${known ? numberLink(to("month"), count(s.month)) : "—"}${owed(s.dueMonth, due("month"))}</td><td class="n">${known ? numberLink(to("year"), count(s.year)) : "—"}${owed(s.dueYear, due("year"))}</td></tr>`;
}

/** @param {App} app @param {string} id @param {string} name @param {unknown} note @param {{code: string, name: string, sum: Sum}[]} rows
 * @param {(code: string) => (period: string) => string} to code "*": all of them @param {Sum} [all]
 * @param {Record<string, string>} [due] which duties */
export function group(app, id, name, note, rows, to, all, due) {
	const owing = (/** @type {string} */ level) => (/** @type {string} */ period) => (due ? link("duties", { ...due, level, state: "any", period }) : "");

	return html`<tbody><tr class="group"><th scope="rowgroup" colspan="4">${name} <small>${note}</small></th></tr>
		${repeat(rows, (r) => r.code, (r) => line(app, `${id} ${r.code}`, r.name, r.sum, to(r.code), owing(r.code || "none")))}
		${all ? line(app, `${id} *`, app.say("total"), all, to("*"), owing(""), "sum") : nothing}</tbody>`;
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
	/** @param {string} id @param {string} [level] @returns {Sum} */
	const withOwed = (id, level) => {
		const s = sum(town, id, level === undefined ? {} : { level });
		const more = app.owed.of(id, level);

		return "dueYear" in more ? { ...s, ...more, due: s.due ?? 0 } : s;
	};
	/** @param {"chief"|"level"} table @param {string} id @param {string[]} always */
	const byLevel = (table, id, always) => codes(town, id, "level", always.concat(app.owed.rows?.filter((r) => r.figure === id && r.year && !always.includes(r.level)).map((r) => r.level) || []))
		.map((level) => ({ code: level, name: nameOf(table, level, lang), sum: withOwed(id, level) }));
	/** @param {"route"|"kind"} table @param {string} id @param {string[]} list */
	const byCategory = (table, id, list) => list
		.map((category) => ({ code: category, name: nameOf(table, category, lang), sum: sum(town, id, { category }) }));

	return ledgerTable(app, say("ledger_note"), true, html`
		${group(app, "river_patrols", say("group_river"), say("group_river_note"),
			byLevel("chief", "river_patrols", ["town", "community"]), (c) => (period) => link("patrols", { river: "1", level: c === "*" ? "" : c || "none", period }), withOwed("river_patrols"), { role: "chief" })}
		${group(app, "patrols", say("group_level"), say("group_level_note"),
			byLevel("level", "patrols", ["town", "community", "grid"]), (c) => (period) => link("patrols", { level: c === "*" ? "" : c || "none", period }), withOwed("patrols"), {})}
		${group(app, "route", say("group_route"), nothing,
			byCategory("route", "patrols", codes(town, "patrols", "category", ["river", "gully", "road", "grid", "burning"])), (c) => (period) => link("patrols", { route: c, period }))}
		${group(app, "other", say("group_other"), nothing, byCategory("kind", "events", OTHER), (c) => (period) => link("events", { kind: c, period }))}`);
}
