// People and places: areas, devices, how a phone is let in, the last records.
import { html } from "./vendor/lit.js";
import "./i18npages.js";
import { areasView } from "./areas.js";
import { devicesView } from "./devices.js";
import { feedView } from "./feed.js";
import { letinView, newLetin } from "./letin.js";

/** @typedef {import("./main.js").App} App */

/** @param {App} app */
export function view(app) {
	if (!app.letin)
		app.letin = newLetin(app);
	return html`${areasView(app)}${devicesView(app)}${letinView(app)}${feedView(app)}`;
}
