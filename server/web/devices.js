// The field devices: who is heard, and what still waits on the way.
import { html, nothing, repeat } from "./vendor/lit.js";
import { count } from "./i18n.js";
import { link } from "./route.js";
import { ago, full } from "./time.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./town.js").Device} Device */

const ROWS = 200; // beyond, only on demand
const LOW_BATTERY = 20;

/** @param {Device} d */
const isBehind = (d) => (d.queue || 0) > 0 || (d.missing || 0) > 0;

/** @param {App} app */
export function devicesView(app) {
	const { say, town, ui } = app;
	/** @type {Device[]} */
	const all = [...town.rows.devices.values()];
	const off = all.filter((d) => !d.online);
	const behind = all.filter(isBehind);
	const rows = ui.devices === "off" ? off : ui.devices === "behind" ? behind : all;

	rows.sort((a, b) => (a.device < b.device ? -1 : 1));
	const shown = ui.allDevices ? rows : rows.slice(0, ROWS);
	/** @param {"all"|"off"|"behind"} which @param {string} text */
	const choice = (which, text) => html`<button type="button" aria-pressed=${ui.devices === which}
		@click=${() => app.act.ui({ devices: which, allDevices: false })}>${text}</button>`;

	return html`<section class="block devices" aria-labelledby="h-devices">
	<h2 id="h-devices">${say("devices")} <small>${all.length ? html`${say("on")} ${count(all.length - off.length)} / ${count(all.length)}` : nothing}</small>
		<a class="button small" data-test="staff" href=${link("staff")}>${say("page_staff")}</a></h2>
	${all.length === 0 ? html`<p class="empty">${town.commit === null ? say("loading") : say("devices_empty")}</p>` : html`
	<div class="bar"><div class="choice" role="group" aria-label=${say("state")}>${choice("all", say("filter_all", { n: count(all.length) }))}${
		choice("off", say("filter_off", { n: count(off.length) }))}${choice("behind", say("filter_behind", { n: count(behind.length) }))}</div></div>
	<div class="scroll" role="group" aria-labelledby="h-devices" tabindex="0">${rows.length === 0 ? html`<p class="empty">${say("devices_filtered")}</p>` : html`<table>
		<thead><tr><th scope="col">${say("device")}</th><th scope="col">${say("state")}</th><th scope="col" class="n">${say("seen")}</th>
			<th scope="col" class="n" title=${say("queue_hint")}>${say("queue")}</th><th scope="col" class="n" title=${say("missing_hint")}>${say("missing")}</th>
			<th scope="col" class="n">${say("battery")}</th></tr></thead>
		<tbody>${repeat(shown, (d) => d.device, (d) => deviceRow(app, d))}</tbody>
	</table>`}
	${rows.length > shown.length ? html`<p class="more">${say("more_rows", { n: count(rows.length - shown.length) })}
		<button type="button" @click=${() => app.act.ui({ allDevices: true })}>${say("show_all")}</button></p>` : nothing}</div>`}</section>`;
}

/** @param {App} app @param {Device} d */
function deviceRow(app, d) {
	const { say, lang } = app;
	const flash = app.flash(`device ${d.device}`, `${d.online} ${d.queue} ${d.missing} ${d.battery}`);
	const low = typeof d.battery === "number" && d.battery <= LOW_BATTERY;

	return html`<tr class=${flash} data-row=${d.device}><th scope="row">${d.device} <span class="sub">${d.name || d.person}</span></th>
		<td><span class="state ${d.online ? "good" : "off"}"><span class="dot" aria-hidden="true"></span>${say(d.online ? "on" : "off")}</span></td>
		<td class="n">${d.seen ? html`<time title=${full(d.seen)}>${ago(app.nowMs() - d.seen, lang)}</time>` : say("never")}</td>
		<td class="n ${d.queue ? "due" : ""}">${count(d.queue)}</td><td class="n ${d.missing ? "late" : ""}">${count(d.missing)}</td>
		<td class="n ${low ? "late" : ""}">${typeof d.battery === "number" ? html`${low ? html`${say("low")} ` : nothing}${d.battery}%` : "—"}</td></tr>`;
}
