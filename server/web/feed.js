// The last records, newest first.
import { html, nothing, repeat } from "./vendor/lit.js";
import { nameOf } from "./i18n.js";
import { FEED_ROWS, newestFirst } from "./town.js";
import { full, when } from "./time.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./town.js").Feed} Feed */

/** An event time so far ahead of the platform's clock that the phone's must be wrong. */
const AHEAD_MS = 10e3;

/** @param {App} app */
export function feedView(app) {
	const { say, town, ui } = app;
	const all = town.rows.feed.size;
	const rows = newestFirst(town, ui.quiet).slice(0, FEED_ROWS);

	return html`<section class="block feed" aria-labelledby="h-feed">
	<h2 id="h-feed">${say("feed")} <small>${say(ui.quiet ? "feed_all" : "feed_some", { n: rows.length })}</small>
		<button type="button" class="small" aria-pressed=${ui.quiet} @click=${() => app.act.ui({ quiet: !ui.quiet })}>${say("feed_quiet")}</button></h2>
	${rows.length === 0 ? html`<p class="empty">${say(town.commit === null ? "loading" : all ? "feed_only_quiet" : "feed_empty")}</p>` : html`
	<div class="scroll" role="group" aria-labelledby="h-feed" tabindex="0"><table>
		<thead class="vh"><tr><th scope="col">${say("feed_time")}</th><th scope="col">${say("feed_what")}</th></tr></thead>
		<tbody>${repeat(rows, (r) => r.commit, (r) => feedRow(app, r))}</tbody>
	</table></div>`}</section>`;
}

/** @param {App} app @param {Feed} r */
function feedRow(app, r) {
	const flash = app.flash(`feed ${r.commit}`, "", r.commit > app.firstCommit);

	return html`<tr class="${flash} ${r.kind === "sos" ? "sos" : ""}" data-row=${r.commit}><td class="when"><time title=${full(r.at)}>${when(r.at, app.nowMs())}</time></td>
		<td class="what">${sentence(app, r)}${r.at > app.nowMs() + AHEAD_MS ? html` <small class="due">${app.say("clock_ahead")}</small>` : nothing}</td></tr>`;
}

/** Kinds whose text after the colon is somebody's own words, not a code. */
const OWN_WORDS = ["case.report", "sos"];

/** In Chinese the platform's own sentence; in English one made of the same parts.
 * @param {App} app @param {Feed} r */
function sentence(app, r) {
	const kind = nameOf("kind", r.kind, app.lang);
	const area = app.town.rows.areas.get(r.scope);
	const who = r.name || r.person;
	const where = r.place || (area ? area.name : r.scope);
	const at = r.text.indexOf(kind);

	if (app.lang === "zh" && at >= 0)
		return html`${r.text.slice(0, at)}<b>${kind}</b>${r.text.slice(at + kind.length)}`;
	if (app.lang === "zh" && r.text)
		return r.text;
	const colon = r.text.indexOf("\uff1a"); // full width
	const words = OWN_WORDS.includes(r.kind) && colon >= 0 ? r.text.slice(colon + 1) : "";

	return html`<b>${kind}</b>${who ? html` · ${who}` : nothing}${where ? html` · ${where}` : nothing}${words ? html`: ${words}` : nothing}`;
}
