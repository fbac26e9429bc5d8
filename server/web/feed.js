// The last records, newest first.
import { html, nothing, repeat } from "./vendor/lit.js";
import { nameOf } from "./i18n.js";
import { newestFirst } from "./town.js";
import { full, when } from "./time.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./town.js").Feed} Feed */

/** @param {App} app */
export function feedView(app) {
	const { say, town } = app;
	const rows = newestFirst(town);

	return html`<section class="block feed" aria-labelledby="h-feed">
	<h2 id="h-feed">${say("feed")} <small>${say("feed_note")}</small></h2>
	${rows.length === 0 ? html`<p class="empty">${town.commit === null ? say("loading") : say("feed_empty")}</p>` : html`
	<div class="scroll" role="region" aria-labelledby="h-feed" tabindex="0"><table>
		<thead class="vh"><tr><th scope="col">${say("feed_time")}</th><th scope="col">${say("feed_what")}</th></tr></thead>
		<tbody>${repeat(rows, (r) => r.commit, (r) => feedRow(app, r))}</tbody>
	</table></div>`}</section>`;
}

/** @param {App} app @param {Feed} r */
function feedRow(app, r) {
	const flash = app.flash(`feed ${r.commit}`, "", r.commit > app.firstCommit);

	return html`<tr class="${flash} ${r.kind === "sos" ? "sos" : ""}" data-row=${r.commit}><td class="when"><time title=${full(r.at)}>${when(r.at, app.nowMs())}</time></td>
		<td class="what">${app.lang === "zh" && r.text ? r.text : sentence(app, r)}</td></tr>`;
}

/** @param {App} app @param {Feed} r */
function sentence(app, r) {
	const area = app.town.rows.areas.get(r.scope);
	const where = r.place || (area ? area.name : r.scope);
	const who = r.name || r.person;

	return html`<b>${nameOf("kind", r.kind, app.lang)}</b>${who ? html` · ${who}` : nothing}${where ? html` · ${where}` : nothing}`;
}
