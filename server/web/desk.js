// The duty desk: what needs somebody on the left, where it is in the middle, how the town stands on the right.
import { html, nothing } from "./vendor/lit.js";
import { alertsView } from "./alerts.js";
import { byReach, byView } from "./by.js";
import { casesView } from "./cases.js";
import { chartView } from "./chart.js";
import { closingView } from "./closing.js";
import { ledgerView } from "./ledger.js";
import { mapView } from "./map.js";
import { overdueView } from "./overdue.js";

/** @typedef {import("./main.js").App} App */

const phone = matchMedia("(max-width: 720px)");

/** @param {App} app */
export function deskView(app) {
	if (byReach(app) && !app.lens)
		return html`<div class="plain" role="status">${app.say("loading")}</div>`;
	return html`${phone.matches ? html`<div class="bar">${byView(app)}</div>` : nothing}<div class="col">${app.handover ? app.handover.view() : nothing}${alertsView(app)}${casesView(app)}</div>
	<div class="col">${mapView(app, phone.matches ? nothing : byView(app))}${app.lens ? app.lens.table() : nothing}${chartView(app)}</div>
	<div class="col">${app.lens ? app.lens.ledger() : ledgerView(app)}${overdueView(app)}${closingView(app)}</div>`;
}
