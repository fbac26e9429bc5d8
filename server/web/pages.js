// The pages, in the order of the navigation: what each is called, what it draws, what it does when it is shown and left.
import { html } from "./vendor/lit.js";
import { deskFrame, enterDesk, leaveDesk } from "./by.js";
import { deskView } from "./desk.js";

/** @typedef {import("./main.js").App} App */

/** @typedef {object} Page
 * @property {import("./i18n.js").Key} text what it is called
 * @property {(app: App) => unknown} view its blocks
 * @property {boolean} [hidden] not in the navigation: reached by links
 * @property {boolean} [about] of one thing, which the address names behind it
 * @property {boolean} [flow] one column that scrolls, not a desk of fixed blocks
 * @property {(app: App) => void} [enter] the address names it: app.place has its rest and query; again whenever these change
 * @property {(app: App) => void} [leave] another page is shown, or nobody is signed in
 * @property {(app: App, msg: any) => void} [frame] the live stream brought something (snapshot or delta)
 * @property {(app: App) => void} [after] after each drawing
 */

/** @typedef {Pick<Page, "view"|"enter"|"leave"|"frame"|"after">} Module what the module of such a page exports */

/** A style sheet that comes with a page. @param {string} name @returns {Promise<void>} */
const sheet = (name) => new Promise((ok, no) => {
	const there = document.querySelector(`link[data-sheet="${name}"]`);
	const l = document.createElement("link");

	if (there)
		return ok();
	l.rel = "stylesheet";
	l.dataset.sheet = name;
	l.href = new URL(name, import.meta.url).href;
	l.onload = () => ok();
	l.onerror = () => {
		l.remove();
		no(new Error(name));
	};
	document.head.append(l);
});

/** Their module with their style. @param {() => Promise<Module>} load @returns {() => Promise<Module>} */
const paper = (load) => () => Promise.all([load(), sheet("papers.css")]).then(([m]) => m);

/** A page whose module comes when it is first shown: the desk does not wait for it.
 * @param {() => Promise<Module>} load @param {Pick<Page, "text"|"hidden"|"about"|"flow">} row @returns {Page} */
function later(load, row) {
	/** @type {Module|null} */
	let module = null;
	/** @type {"no"|"asked"|"failed"} */
	let phase = "no";
	let shown = false;

	/** @param {App} app */
	async function fetchIt(app) {
		phase = "asked";
		try {
			module = await load();
			phase = "no";
			if (shown)
				module.enter?.(app);
		} catch (_) {
			phase = "failed"; // the server is away, or is of another version
		}
		app.act.draw();
	}

	return {
		...row,
		view: (app) => (module ? module.view(app) : html`<div class="plain" role="status">${app.say(phase === "failed" ? "page_failed" : "loading")} ${
			phase === "failed" ? html`<button type="button" @click=${() => location.reload()}>${app.say("reload")}</button>` : ""}</div>`),
		enter(app) {
			shown = true;
			if (module)
				module.enter?.(app);
			else if (phase !== "asked")
				fetchIt(app);
		},
		leave(app) {
			shown = false;
			module?.leave?.(app);
		},
		frame: (app, msg) => module?.frame?.(app, msg),
		after: (app) => module?.after?.(app),
	};
}

/** @type {Record<string, Page>} by the name in the address */
export const PAGES = {
	desk: { text: "page_desk", view: deskView, enter: enterDesk, leave: leaveDesk, frame: deskFrame },
	cases: later(() => import("./caselist.js"), { text: "page_cases" }),
	patrols: later(() => import("./patrollist.js"), { text: "page_patrols" }),
	people: later(() => import("./people.js"), { text: "page_people" }),
	duties: later(() => import("./dutylist.js"), { text: "page_duties" }),
	staff: later(() => import("./stafflist.js"), { text: "page_staff", hidden: true }),
	grid: later(() => import("./grid.js"), { text: "page_grid", hidden: true, about: true }),
	events: later(() => import("./eventlist.js"), { text: "page_events", hidden: true }),
	reports: later(paper(() => import("./reports.js")), { text: "page_reports", flow: true }),
	print: later(paper(() => import("./papers.js")), { text: "page_print", flow: true, hidden: true }),
	settings: later(paper(() => import("./settings.js")), { text: "page_settings", flow: true }),
};

/** @param {string} name @returns {Page} */
export const pageOf = (name) => PAGES[name];

/** @param {string} name */
export const isPage = (name) => Object.prototype.hasOwnProperty.call(PAGES, name);
