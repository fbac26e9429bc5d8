// Who owes a patrol: the longest first.
import { html, nothing, repeat } from "./vendor/lit.js";
import { numberLink } from "./behind.js";
import { count, nameOf } from "./i18n.js";
import { remindView } from "./remind.js";
import { link } from "./route.js";
import { noneOverdue, ruleName } from "./rules.js";
import { full } from "./time.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./town.js").Overdue} Overdue */

const ROWS = 60; // beyond, only on demand

/** @param {App} app */
export function overdueView(app) {
	const { say, town, ui } = app;
	/** @type {Overdue[]} */
	const each = [...town.rows.overdue.values()];
	const rows = (app.lens ? each.filter((r) => app.lens?.has(r.target)) : each).sort((a, b) => b.days - a.days || a.due - b.due || (a.person < b.person ? -1 : 1));
	const people = new Set(rows.map((r) => r.person)).size;
	const shown = ui.allOverdue ? rows : rows.slice(0, ROWS);

	return html`<section class="block overdue" data-rest=${rows.length - shown.length} aria-labelledby="h-overdue">
	<h2 id="h-overdue">${say("overdue")} <small>${rows.length ? numberLink(link("duties", { state: "overdue", reach: app.lens?.filter || "" }), say("overdue_count", { n: count(people), d: count(rows.length) })) : nothing}${app.lens?.hidden(each.length - rows.length, 0, !rows.length)}</small></h2>
	${rows.length === 0 ? html`<p class="empty">${town.commit !== null && app.lens && noneOverdue(app) === "overdue_empty" ? app.lens.word("overdue") : say(town.commit === null ? "loading" : noneOverdue(app))}</p>` : html`
	<div class="scroll" role="group" aria-labelledby="h-overdue" tabindex="0"><table>
		<thead><tr><th scope="col">${say("person")}</th><th scope="col">${say("target")}</th><th scope="col" class="n">${say("overdue_days")}</th><th scope="col">${say("remind")}</th></tr></thead>
		<tbody>${repeat(shown, (r) => `${r.person}|${r.rule}|${r.target}`, (r) => overdueRow(app, r))}</tbody></table>
	${rows.length > shown.length ? html`<p class="more">${say("more_rows", { n: count(rows.length - shown.length) })}
		<button type="button" @click=${() => app.act.ui({ allOverdue: true })}>${say("show_all")}</button></p>` : nothing}</div>`}</section>`;
}

/** @param {App} app @param {Overdue} r */
function overdueRow(app, r) {
	const area = app.town.rows.areas.get(r.target);
	const place = r.place || r.target_name || (area ? area.name : r.target) || app.say("target_any");

	return html`<tr class="${app.flash(`overdue ${r.person} ${r.rule} ${r.target}`, `${r.days} ${r.reminders || 0}`)} ${r.target && app.picked === r.target ? "here" : ""}" data-row="${r.person} ${r.rule}" data-pick=${r.target || nothing}>
		<th scope="row"><span class="own">${r.name || r.person}</span> <span class="sub">${nameOf("level", r.level, app.lang)}</span></th>
		<td><span class="own">${place}</span> <span class="sub own" title=${r.rule}>${app.catalogue?.known ? ruleName(app, r.rule, r.level) : nothing}</span></td>
		<td class="n late"><time title=${full(r.due)}>${app.say("days", { n: count(r.days) })}</time></td>
		<td class="do">${remindView(app, r)}</td></tr>`;
}
