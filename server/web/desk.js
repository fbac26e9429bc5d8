// The duty desk: what needs somebody on the left, where it is in the middle, how the town stands on the right.
import { html } from "./vendor/lit.js";
import { alertsView } from "./alerts.js";
import { casesView } from "./cases.js";
import { chartView } from "./chart.js";
import { closingView } from "./closing.js";
import { ledgerView } from "./ledger.js";
import { mapView } from "./map.js";
import { overdueView } from "./overdue.js";

/** @typedef {import("./main.js").App} App */

/** @param {App} app */
export const deskView = (app) => html`<div class="col">${alertsView(app)}${casesView(app)}</div>
	<div class="col">${mapView(app)}${chartView(app)}</div>
	<div class="col">${ledgerView(app)}${overdueView(app)}${closingView(app)}</div>`;
