// What the address names: a page with its filter, and over it a case or a patrol that is open.
//   #/  #/people  #/cases?class=hazard  #/case/ID  #/patrol/DEVICE.ID

/** @typedef {"desk"|"people"} Page */

/** @type {readonly Page[]} in the order of the navigation */
export const PAGES = ["desk", "people"];

/** @type {Record<Page, import("./i18n.js").Key>} what each is called */
export const PAGE_TEXT = { desk: "page_desk", people: "page_people" };

/** @typedef {{page: Page, query: URLSearchParams}} Place */
/** @typedef {{place: Place|null, caseId: string|null, patrolId: string|null}} Target place null: stay on the page that is shown */

/** @param {string} text @returns {string|null} */
function decoded(text) {
	try {
		return decodeURIComponent(text);
	} catch (_) {
		return null; // no address of ours
	}
}

/** @param {string} hash @returns {Target} */
export function parse(hash) {
	const open = /^#\/(case|patrol)\/([^/?]+)$/.exec(hash);
	const id = open && decoded(open[2]);

	if (open && id)
		return { place: null, caseId: open[1] === "case" ? id : null, patrolId: open[1] === "patrol" ? id : null };
	const m = /^#\/([a-z]*)(?:\?(.*))?$/.exec(hash);
	const page = /** @type {Page} */ (m && PAGES.includes(/** @type {Page} */ (m[1])) ? m[1] : "desk");

	return { place: { page, query: new URLSearchParams((m && m[2]) || "") }, caseId: null, patrolId: null };
}

/** @param {Place} p @returns {string} */
export function address(p) {
	const q = p.query.toString();

	return `#/${p.page === "desk" ? "" : p.page}${q ? `?${q}` : ""}`;
}
