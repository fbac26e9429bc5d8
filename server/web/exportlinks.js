// What a list offers: its very rows as a file, and its address.
import { html } from "./vendor/lit.js";
import { daysAfter } from "./period.js";

/** @typedef {import("./main.js").App} App */

/** The same question to the export; a list without a period is of all of time.
 * @param {App} app @param {string} name @param {"csv"|"xlsx"} format @param {URLSearchParams} query */
export function exportLink(app, name, format, query) {
	const q = new URLSearchParams(query);

	if (!q.get("from"))
		q.set("from", "1970-01-01");
	if (!q.get("to"))
		q.set("to", daysAfter(app.today(), 1));
	if (app.lang === "en")
		q.set("lang", "en");
	return `/api/v1/exports/${name}.${format}?${q}`;
}

/** @param {App} app @param {string} name @param {URLSearchParams} query */
export const exportsView = (app, name, query) => html`<span class="offers">
	<a class="button" data-test="csv" href=${exportLink(app, name, "csv", query)} download>${app.say("export_csv")}</a>
	<a class="button" data-test="xlsx" href=${exportLink(app, name, "xlsx", query)} download>${app.say("export_xlsx")}</a>
	<button type="button" @click=${app.act.copyLink}>${app.say("copy_link")}</button></span>`;
