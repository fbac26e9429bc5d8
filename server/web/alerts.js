// What must be known now: alerts, those that nobody has signed for first.
import { html, nothing, repeat } from "./vendor/lit.js";
import { count, nameOf } from "./i18n.js";
import { brief, full, lasting, when } from "./time.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./town.js").Alert} Alert */

const ROWS = 60; // beyond, only on demand

/** Severity as shape, numeral and word: never by colour alone.
 * @param {App} app @param {number} severity */
export function severityView(app, severity) {
	const word = nameOf("severity", String(severity), app.lang);

	return html`<span class="sev s${severity}" title=${word}><span class="vh">${word}</span><span aria-hidden="true">${["", "Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ"][severity] || "—"}</span></span>`;
}

/** @param {App} app does the signed-in user sign for alerts? */
export const maySign = (app) => !!app.me && app.me.roles.some((r) => r === "centre" || r === "leader");

/** @param {App} app @returns {Alert[]} active ones, the most urgent first */
export const alertsInOrder = (app) => [...app.town.rows.alerts.values()].filter((a) => a.state !== "cleared")
	.sort((a, b) => Number(!!a.acked_by) - Number(!!b.acked_by) || a.severity - b.severity || b.at - a.at);

/** What an alert says; in English as soon as its words are there. @param {App} app @param {{type: string, title: string}} a */
export const titleOf = (app, a) => (app.lang === "en" && app.titles ? app.titles.englishTitle(a) : a.title);

/** @param {App} app */
export const unsigned = (app) => alertsInOrder(app).filter((a) => !a.acked_by).length;

/** @param {App} app @param {{place?: string, scope: string}} row */
export function placeOf(app, row) {
	const area = app.town.rows.areas.get(row.scope);

	return row.place || (area ? area.name : row.scope);
}

/** @param {App} app */
export function alertsView(app) {
	const { say, town, ui } = app;
	const each = alertsInOrder(app);
	const all = app.lens ? each.filter(app.lens.hasAlert) : each;
	const away = app.lens ? each.filter((a) => !app.lens?.hasAlert(a)) : [];
	const open = all.filter((a) => !a.acked_by);
	const rows = ui.unsigned ? open : all;
	const shown = ui.allAlerts ? rows : rows.slice(0, ROWS);

	return html`<section class="block alerts" data-rest=${rows.length - shown.length} aria-labelledby="h-alerts">
	<h2 id="h-alerts">${say("alerts")} <small>${all.length ? say("alerts_unsigned", { n: count(open.length) }) : nothing}${app.lens?.hidden(away.length, away.filter((a) => a.severity === 1 && !a.acked_by).length, !all.length)}</small>
		${all.length ? html`<button type="button" class="small" aria-pressed=${ui.unsigned} @click=${() => app.act.ui({ unsigned: !ui.unsigned })}>${say("alerts_only_unsigned")}</button>` : nothing}</h2>
	${rows.length === 0 ? html`<p class="empty">${town.commit !== null && !all.length && app.lens ? app.lens.word("alerts") : say(town.commit === null ? "loading" : all.length ? "alerts_all_signed" : "alerts_empty")}</p>` : html`
	<div class="scroll" role="group" aria-labelledby="h-alerts" tabindex="0"><table>
		<thead class="vh"><tr><th scope="col">${say("severity")}</th><th scope="col">${say("alert")}</th><th scope="col">${say("signed")}</th></tr></thead>
		<tbody>${repeat(shown, (a) => a.id, (a) => alertRow(app, a))}</tbody></table>
	${rows.length > shown.length ? html`<p class="more">${say("more_rows", { n: count(rows.length - shown.length) })}
		<button type="button" @click=${() => app.act.ui({ allAlerts: true })}>${say("show_all")}</button></p>` : nothing}</div>`}</section>`;
}

/** @param {App} app @param {Alert} a */
function alertRow(app, a) {
	const { say, lang } = app;
	const flash = app.flash(`alert ${a.id}`, `${a.severity} ${a.acked_by} ${a.at}`, a.at > app.bornAt);
	const type = nameOf("alert", a.type, lang);
	const words = titleOf(app, a) || type;
	const who = a.person_name || a.name || a.person;
	const place = placeOf(app, a);

	return html`<tr class="${flash} ${a.case && (app.file.id === a.case || app.picked === a.case) ? "here" : ""}" data-row=${a.id} data-pick=${a.case || nothing}><td class="mark">${severityView(app, a.severity)}</td>
		<td class="what"><div class="line">${a.case ? html`<a href="#/case/${encodeURIComponent(a.case)}">${words}</a>` : html`<b>${words}</b>`}
			${a.late ? html`<span class="chip due" title=${say("late_hint")}>${say("late")}</span>` : nothing}</div>
		<div class="sub facts">${words === type ? nothing : html`<span>${type}</span>`}${place ? html`<span class="own">${place}</span>` : nothing}${who ? html`<span class="own">${who}</span>` : nothing}
			<time title=${full(a.at)}>${when(a.at, app.nowMs())}</time>
			${a.acked_by ? html`<span>${say("signed_by")} <span class="own">${a.acked_name || a.acked_by}</span>${a.acked_at ? html` <time title=${full(a.acked_at)}>${brief(a.acked_at, app.nowMs())}</time>` : nothing}</span>`
				: html`<span class="late">${say("unsigned")} ${lasting(app.nowMs() - (a.raised || a.at), lang)}</span>`}</div></td>
		<td class="do">${a.acked_by ? nothing : signView(app, a)}</td></tr>`;
}

/** @param {App} app @param {Alert} a */
function signView(app, a) {
	const { say, lang } = app;
	const busy = app.signing.get(a.id);

	return html`${maySign(app) ? html`<button type="button" class="small own" ?disabled=${busy?.busy} aria-label=${say("sign_for", { what: titleOf(app, a) || nameOf("alert", a.type, lang) })}
			@click=${() => app.act.sign(a.id)}>${say(busy?.busy ? "signing" : "sign")}</button>` : nothing}
		${busy?.error ? html`<div class="late" role="alert">${say(busy.error)}</div>` : nothing}`;
}
