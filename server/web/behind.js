// Every number opens the records behind it: which list, with which filter.
import { html } from "./vendor/lit.js";
import { link } from "./route.js";

/** Figures that are counted from patrols: what narrows their list. @type {Record<string, Record<string, string>>} */
const PATROLS = { river_patrols: { river: "1" }, river_patrols_valid: { river: "1", valid: "1" }, patrols: {}, patrol_km: {}, patrol_minutes: {} };
const RECORDS = ["inspections", "visits", "visited_households", "visit_staff", "aid", "works", "monitored_households", "monitored_persons", "risk_removed_households", "risk_removed_persons"];

/** The address of the records that a figure counts.  "": duties are no records, the list of duties has them.
 * @param {string} id @param {string} level @param {string} category @param {{period?: string, from?: string, to?: string, scope?: string, reach?: string}} where from, to: days, to exclusive */
export function behindFigure(id, level, category, where) {
	if (id.startsWith("duty_"))
		return "";
	if (PATROLS[id])
		return link("patrols", { ...PATROLS[id], level, route: category, ...where });
	return link(RECORDS.includes(id) ? "events" : "cases", { figure: id, level, category, ...where });
}

/** @param {string} href "": a number without records @param {unknown} text */
export const numberLink = (href, text) => (href ? html`<a class="number" href=${href}>${text}</a>` : text);
