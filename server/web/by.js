// By grid or by reach: the desk of the town's grid centre, or that of the river chiefs' office.  In the address, and remembered for the user.
import { html } from "./vendor/lit.js";
import { keep, kept } from "./kept.js";
import { link } from "./route.js";

/** @typedef {import("./main.js").App} App */

/** @param {App} app */
const mine = (app) => `xunge.by.${app.me?.user || ""}`;

/** @param {App} app @param {string|null} said */
const isReach = (app, said) => said === "reach" || (said !== "grid" && !!app.me?.roles.length && app.me.roles.every((r) => r === "chief" || r === "patroller"));

/** What the address says; else what this user chose last; else what fits his role. @param {App} app */
export const byReach = (app) => isReach(app, app.place.query.get("by") || kept(mine(app)));

/** Pages that follow the choice, and how: one clears it there like any filter. @type {Record<string, Record<string, string>>} */
const FOLLOW = { cases: { reach: "*" }, patrols: { reach: "*" }, duties: { reach: "*" }, reports: { reach: "*" }, people: { by: "reach" } };

/** Where the navigation leads. @param {App} app @param {string} page */
export const linkTo = (app, page) => link(page, isReach(app, kept(mine(app))) && FOLLOW[page] || {});

/** @param {App} app @param {"grid"|"reach"} by */
function choose(app, by) {
	keep(mine(app), by);
	app.said = app.say(by === "reach" ? "said_by_reach" : "said_by_grid");
	app.act.go(link("desk", { by }));
}

/** @param {App} app */
export function byView(app) {
	const reach = byReach(app);
	const button = (/** @type {"grid"|"reach"} */ by) => html`<button type="button" class="small" data-test="by-${by}" aria-pressed=${reach === (by === "reach")} @click=${() => choose(app, by)}>${app.say(by === "reach" ? "by_reach" : "by_grid")}</button>`;

	return html`<span class="choice by" role="group" aria-label=${app.say("by")}>${button("grid")}${button("reach")}</span>`;
}

/** @type {typeof import("./byreach.js")|null} fetched when somebody looks by reach */
let module = null;

/** The desk is shown, or its address is another. @param {App} app */
export async function enterDesk(app) {
	if (!byReach(app)) {
		leaveDesk(app);
		return;
	}
	if (app.place.query.get("by") !== "reach") {
		app.act.go(link("desk", { ...Object.fromEntries(app.place.query), by: "reach" }));
		return;
	}
	module = module || await import("./byreach.js").catch(() => null);
	if (app.place.page !== "desk" || !byReach(app) || !app.me)
		return;
	if (!module) { // what is shown is by grid: then the switch says so
		app.said = app.say("page_failed");
		app.act.go(link("desk", { by: "grid" }));
		return;
	}
	app.lens = app.lens || module.newLens(app);
	app.lens.enter();
	app.act.draw();
}

/** @param {App} app */
export function leaveDesk(app) {
	app.lens = null;
}

/** @param {App} app @param {any} msg */
export const deskFrame = (app, msg) => app.lens?.frame(msg);
