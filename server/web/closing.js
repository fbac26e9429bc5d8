// How cases were closed this month: received and closed, due and closed, by class; the two rates by their names.
import { html, nothing } from "./vendor/lit.js";
import { call } from "./api.js";
import { behindFigure, numberLink } from "./behind.js";
import { count, nameOf } from "./i18n.js";

/** @typedef {import("./main.js").App} App */

const EVERY_MS = 60e3;
/** What is read: the whole list of figures is a hundred times as long. */
const FIGURES = ["cases_received", "cases_closed", "case_close_rate"];
const CLASSES = ["hazard", "finding", "appeal", "dispute", "rectify"];

/** @param {App} app */
export function newClosing(app) {
	/** @type {Map<string, any>|null} by "figure category" */
	let rows = null;
	let readAt = -Infinity;
	let commit = -1;
	let failed = false;
	let asked = "";

	return {
		/** Another question than before is asked at once. */
		ask() {
			const filter = app.lens?.filter || "";

			if (filter === asked)
				return;
			asked = filter;
			rows = null;
			readAt = -Infinity;
			commit = -1;
		},
		get rows() {
			return rows;
		},
		get failed() {
			return failed && !rows;
		},
		async after() {
			this.ask();
			if (!app.me || !document.querySelector(".closing") || app.mono() - readAt < EVERY_MS || (commit === app.town.commit && !failed))
				return;
			readAt = app.mono();
			commit = app.town.commit ?? -1;
			const filter = asked;
			const r = await call("GET", `/api/v1/figures?figure=${FIGURES.join(",")}${filter && `&reach=${encodeURIComponent(filter)}`}`);

			if (filter !== asked)
				return;
			failed = r.status !== 200;
			if (failed)
				readAt = app.mono() - EVERY_MS + 10e3;
			else
				rows = new Map(r.body.figures.map((/** @type {any} */ f) => [`${f.id} ${f.category}`, f]));
			app.act.draw();
		},
		forget() {
			rows = null;
			readAt = -Infinity;
			commit = -1;
		},
	};
}

/** @param {App} app */
export function closingView(app) {
	const { say, lang, closing } = app;
	const get = (/** @type {string} */ id, /** @type {string} */ c) => closing.rows?.get(`${id} ${c}`);
	const value = (/** @type {string} */ id, /** @type {string} */ c) => (get(id, c) ? count(get(id, c).value) : "0");
	const part = (/** @type {"numerator"|"denominator"} */ of, /** @type {string} */ c) => count(get("case_close_rate", c)?.[of] || 0);
	const rate = (/** @type {string} */ id, /** @type {string} */ c) => get(id, c)?.display || "—";
	const cell = (/** @type {string} */ id, /** @type {string} */ c, /** @type {string} */ n) => html`<td class="n">${numberLink(behindFigure(id, "", c, { period: "month", reach: app.lens?.filter || "" }), n)}</td>`;
	const line = (/** @type {string} */ c, /** @type {string} */ name) => html`<tr class=${c ? "" : "sum"} data-row="closing ${c}"><th scope="row">${name}</th>
		${cell("cases_received", c, value("cases_received", c))}${cell("cases_closed", c, value("cases_closed", c))}
		${cell("cases_due", c, part("denominator", c))}${cell("cases_due_closed", c, part("numerator", c))}<td class="n">${rate("case_close_rate", c)}</td></tr>`;

	return html`<section class="block closing" aria-labelledby="h-closing">
	<h2 id="h-closing">${say("closing")} <small title=${get("case_close_rate", "")?.definition || nothing}>${app.lens ? app.lens.word("closing") : say("closing_note")}</small></h2>
	${closing.rows === null ? html`<p class="empty">${say(closing.failed ? "closing_failed" : "loading")}</p>` : html`<div class="scroll" role="group" aria-labelledby="h-closing" tabindex="0"><table>
		<thead><tr><th scope="col">${say("class")}</th><th scope="col" class="n">${say("received")}</th><th scope="col" class="n">${say("closed")}</th>
			<th scope="col" class="n">${say("fell_due")}</th><th scope="col" class="n">${say("due_closed")}</th><th scope="col" class="n">${say("close_rate")}</th></tr></thead>
		<tbody>${CLASSES.map((c) => line(c, nameOf("class", c, lang)))}${line("", say("total"))}</tbody></table></div>`}</section>`;
}
