// The tables of the reports page: which figures stand side by side, what their rows are, and how they count.

/** @typedef {import("./i18n.js").Key} Key */
/** @typedef {{id: string, name: string, level: string, category: string, category_name: string|null, value: number|null, unit: string|null,
 *   numerator: number|null, denominator: number|null, display: string, definition: string}} Figure a row of GET /api/v1/figures */
/** @typedef {string|{figure: string, of: "numerator"|"denominator", text: Key}} Column a figure as it is shown, or a part of a rate */
/** @typedef {{basis: Key|null, columns: Column[]}} Group basis: the way of counting, where there are several */
/** @typedef {{id: string, text: Key, by: "chief"|"level"|"route"|"class"|"category"|"list", groups: Group[]}} Sheet by: what its rows are; list: the figures themselves */

/** @param {Column[]} columns @returns {Group[]} */
const one = (...columns) => [{ basis: null, columns }];

/** @type {Sheet[]} */
export const SHEETS = [
	{ id: "river", text: "rep_river", by: "chief", groups: one("river_patrols", "river_patrols_valid") },
	{ id: "route", text: "rep_route", by: "route", groups: one("patrols", "patrol_km", "patrol_minutes") },
	{ id: "duty", text: "rep_duty", by: "level", groups: one({ figure: "duty_rate", of: "denominator", text: "rep_owed" }, { figure: "duty_rate", of: "numerator", text: "rep_met" }, "duty_rate") },
	{ id: "inspections", text: "rep_inspections", by: "category", groups: one("inspections") },
	{ id: "hazards", text: "rep_hazards", by: "category", groups: [{ basis: "rep_cohort", columns: ["hazards_found", "hazards_rectified", "hazard_rate"] }, { basis: "rep_flow", columns: ["hazards_rectified_flow", "hazard_rate_flow"] }] },
	{ id: "findings", text: "rep_findings", by: "category", groups: [{ basis: "rep_cohort", columns: ["findings_found", "findings_rectified"] }, { basis: "rep_flow", columns: ["findings_rectified_flow"] }] },
	{ id: "appeals", text: "rep_appeals", by: "category", groups: [{ basis: "rep_cohort", columns: ["appeals_received", "appeals_closed", "appeal_close_rate", "appeals_rated", "appeals_no_contact", "appeal_satisfaction"] },
		{ basis: "rep_flow", columns: ["appeals_closed_flow", "appeal_close_rate_flow"] }] },
	{ id: "disputes", text: "rep_disputes", by: "category", groups: [{ basis: "rep_cohort", columns: ["disputes_found", "disputes_closed", "disputes_settled", "dispute_rate"] },
		{ basis: "rep_flow", columns: ["disputes_closed_flow", "disputes_settled_flow", "dispute_rate_flow"] }] },
	{ id: "settled", text: "rep_settled", by: "level", groups: [{ basis: "rep_cohort", columns: ["disputes_by_level"] }] },
	{ id: "rectify", text: "rep_rectify", by: "category", groups: [{ basis: "rep_cohort", columns: ["rectify_total", "rectify_done"] }, { basis: "rep_flow", columns: ["rectify_done_flow"] }] },
	{ id: "cases", text: "rep_cases", by: "class", groups: [{ basis: "rep_cohort", columns: ["cases_received", "cases_accepted", "cases_closed"] }, { basis: "rep_flow", columns: ["cases_closed_flow"] },
		{ basis: "rep_by_due", columns: ["cases_due", "cases_due_closed", "case_close_rate", "cases_due_on_time", "case_on_time_rate", "cases_reworked", "cases_extended"] }] },
	{ id: "households", text: "rep_households", by: "list", groups: one("monitored_households", "monitored_persons", "risk_removed_households", "risk_removed_persons") },
	{ id: "visits", text: "rep_visits", by: "list", groups: one("visits", "visited_households", "visit_staff", "aid") },
	{ id: "works", text: "rep_works", by: "category", groups: one("works") },
];

/** @param {Column} c */
export const figureOf = (c) => (typeof c === "string" ? c : c.figure);

/** What a cell shows: the server's own text.  A count tells only the parts that it has, so another one is nothing; a rate over nothing is a dash.
 * @param {Column} c @param {Figure|undefined} f @param {Figure|undefined} total of the same figure @returns {string} */
export const shown = (c, f, total) => (!f ? (total && total.unit !== "%" ? "0" : "—") : typeof c === "string" ? f.display : String(f[c.of]));

/** Rows of a sheet: one for each level or category that any of its figures has, in the server's order; a work in two units is two.
 * @param {Sheet} sheet @param {Figure[]} figures @returns {{key: string, part: Figure, cells: (Figure|undefined)[]}[]} */
export function rowsOf(sheet, figures) {
	const columns = sheet.groups.flatMap((g) => g.columns);
	const key = (/** @type {Figure} */ f) => `${f.level}|${f.category}|${f.id === "works" ? f.unit : ""}`;
	/** @type {Map<string, {key: string, part: Figure, cells: (Figure|undefined)[]}>} */
	const rows = new Map();

	columns.forEach((c, i) => {
		for (const f of figures) {
			if (f.id !== figureOf(c) || (!f.level && !f.category))
				continue;
			const row = rows.get(key(f)) || { key: key(f), part: f, cells: columns.map(() => undefined) };

			row.cells[i] = f;
			rows.set(key(f), row);
		}
	});
	return [...rows.values()];
}

/** The total of a figure. @param {Figure[]} figures @param {string} id */
export const totalOf = (figures, id) => figures.find((f) => f.id === id && !f.level && !f.category);

/** @typedef {{text: string, query?: string, name?: string}} Piece */

/** The report's paragraph, cut where its numbers stand: they come in the order of the rows.
 * @param {string} paragraph @param {{clause: string, text: string, name: string, query: string|null}[]} rows @returns {Piece[]} */
export function pieces(paragraph, rows) {
	/** @type {Piece[]} */
	const out = [];
	let at = 0;

	for (const r of rows) {
		const i = r.text && r.clause !== "corrections" ? paragraph.indexOf(r.text, at) : -1;

		if (i < 0)
			continue; // told in other words: it stays text
		if (i > at)
			out.push({ text: paragraph.slice(at, i) });
		out.push(r.query ? { text: r.text, query: r.query, name: r.name } : { text: r.text });
		at = i + r.text.length;
	}
	if (at < paragraph.length)
		out.push({ text: paragraph.slice(at) });
	return out;
}
