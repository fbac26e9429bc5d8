// What the address names: a page with its filter, and over it a case or a patrol that is open.
//   #/  #/people  #/cases?class=hazard  #/grid/990101100003001?period=month  #/case/ID  #/patrol/DEVICE.ID

/** @typedef {{page: string, rest: string, query: URLSearchParams}} Place page: a name of pages.js; rest: what the page is about */
/** @typedef {{place: Place|null, caseId: string|null, patrolId: string|null}} Target place null: stay on the page that is shown */

/** @param {string} text @returns {string|null} */
function decoded(text) {
	try {
		return decodeURIComponent(text);
	} catch (_) {
		return null; // no address of ours
	}
}

/** @param {string} hash @returns {Target} page: as it stands there, whether or not there is such a page */
export function parse(hash) {
	const m = /^#\/([a-z]*)(?:\/([^/?]+))?(?:\?(.*))?$/.exec(hash);
	const rest = m?.[2] ? decoded(m[2]) : "";

	if (m && rest && m[3] === undefined && (m[1] === "case" || m[1] === "patrol"))
		return { place: null, caseId: m[1] === "case" ? rest : null, patrolId: m[1] === "patrol" ? rest : null };
	return { place: { page: m?.[1] || "desk", rest: rest || "", query: new URLSearchParams(m?.[3] || "") }, caseId: null, patrolId: null };
}

/** @param {string} page @param {Record<string, string>|URLSearchParams} [query] empty values are left out @param {string} [rest] @returns {string} */
export function link(page, query = {}, rest = "") {
	const q = new URLSearchParams();

	for (const [k, v] of query instanceof URLSearchParams ? query : Object.entries(query))
		if (v !== "")
			q.append(k, v);
	const text = q.toString();

	return `#/${page === "desk" ? "" : page}${rest ? `/${encodeURIComponent(rest)}` : ""}${text ? `?${text}` : ""}`;
}

/** @param {Place} p @returns {string} */
export const address = (p) => link(p.page, p.query, p.rest);
