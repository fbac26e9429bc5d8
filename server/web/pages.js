// The pages, in the order of the navigation: what each is called, what it draws, what it does when it is shown and left.
import { html } from "./vendor/lit.js";
import { alertsView } from "./alerts.js";
import { areasView } from "./areas.js";
import { casesView } from "./cases.js";
import { chartView } from "./chart.js";
import { closingView } from "./closing.js";
import { devicesView } from "./devices.js";
import { feedView } from "./feed.js";
import { ledgerView } from "./ledger.js";
import { letinView } from "./letin.js";
import { mapView } from "./map.js";
import { overdueView } from "./overdue.js";

/** @typedef {import("./main.js").App} App */

/** @typedef {object} Page
 * @property {import("./i18n.js").Key} text what it is called
 * @property {(app: App) => unknown} view its blocks
 * @property {boolean} [hidden] not in the navigation: reached by links
 * @property {boolean} [flow] one column that scrolls, not a desk of fixed blocks
 * @property {(app: App) => void} [enter] the address names it: app.place has its rest and query; again whenever these change
 * @property {(app: App) => void} [leave] another page is shown, or nobody is signed in
 * @property {(app: App, msg: any) => void} [frame] the live stream brought something (snapshot or delta)
 * @property {(app: App) => void} [after] after each drawing
 */

/** @type {Record<string, Page>} by the name in the address */
export const PAGES = {
	desk: { text: "page_desk", view: (app) => html`${alertsView(app)}${casesView(app)}${mapView(app)}${chartView(app)}${ledgerView(app)}${overdueView(app)}${closingView(app)}` },
	people: { text: "page_people", view: (app) => html`${areasView(app)}${devicesView(app)}${letinView(app)}${feedView(app)}` },
};

/** @param {string} name @returns {Page} */
export const pageOf = (name) => PAGES[name];

/** @param {string} name */
export const isPage = (name) => Object.prototype.hasOwnProperty.call(PAGES, name);
