// Periods of reports: civil days of the platform (+08:00), from inclusive, to exclusive.
//   ?period=tenday1   ?period=2026-11   ?from=2026-11-01&to=2026-12-01

/** @typedef {import("./i18n.js").Key} Key */
/** @typedef {{id: string, from: string, to: string, running: boolean}} Period id: of PERIODS, or "" ; running: it is not over today */
/** @typedef {{period: Period, error: null}|{period: null, error: Key, what: string, from: string, to: string}} Asked from, to: what was asked, for the form */

const DAY_MS = 864e5;

/** @type {Record<string, Key>} in the order of the buttons */
export const PERIODS = { today: "period_today", yesterday: "period_yesterday", week: "period_week", tenday1: "period_ten_a", tenday2: "period_ten_b", tenday3: "period_ten_c",
	month: "period_month", lastmonth: "period_last_month", quarter: "period_quarter", year: "period_year", lastyear: "period_last_year" };

/** @param {string} day 2026-11-23 @param {number} n @returns {string} n days later */
export const plus = (day, n) => new Date(Date.parse(`${day}T00:00:00Z`) + n * DAY_MS).toISOString().slice(0, 10);

/** @param {number} y @param {number} m 1 to 12, or beyond: of other years @returns {string} its first day */
const first = (y, m) => new Date(Date.UTC(y, m - 1, 1)).toISOString().slice(0, 10);

/** @param {string} text @returns {boolean} */
export const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) && plus(text, 0) === text;

/** Calendar months that it touches. @param {{from: string, to: string}} p */
export function monthsOf(p) {
	const [a, b] = [p.from, plus(p.to, -1)].map((d) => Number(d.slice(0, 4)) * 12 + Number(d.slice(5, 7)));

	return b - a + 1;
}

/** Monday of the ISO week. @param {number} y @param {number} w */
function monday(y, w) {
	const fourth = first(y, 1).slice(0, 8) + "04"; // it lies in week 1

	return plus(fourth, 7 * (w - 1) - ((new Date(`${fourth}T00:00:00Z`).getUTCDay() + 6) % 7));
}

/** The names that the platform's own commands know, too: 2026-Q4, 2026-H2, 2026-W47, 2026-11-D1. @param {string} name @returns {[string, string]|null} */
function partOf(name) {
	const m = /^(\d{4})-(?:([QHW])(\d{1,2})|(\d\d)-D([123]))$/.exec(name);

	if (!m || m[1] === "0000")
		return null;
	const y = Number(m[1]);
	const n = Number(m[3]);

	if (m[2] === "W")
		return n >= 1 && n <= 53 && monday(y, n) < monday(y + 1, 1) ? [monday(y, n), monday(y, n + 1)] : null;
	if (m[2]) {
		const months = m[2] === "Q" ? 3 : 6;

		return n >= 1 && n <= 12 / months ? [first(y, (n - 1) * months + 1), first(y, n * months + 1)] : null;
	}
	const month = Number(m[4]);

	if (month < 1 || month > 12)
		return null;
	const start = first(y, month);

	return m[5] === "1" ? [start, plus(start, 10)] : m[5] === "2" ? [plus(start, 10), plus(start, 20)] : [plus(start, 20), first(y, month + 1)];
}

/** Days of a named period; null: there is none of this name.
 * @param {string} name @param {string} today @returns {[string, string]|null} */
export function daysOf(name, today) {
	const [y, m] = today.split("-").map(Number);
	const month = first(y, m);
	const quarter = m - ((m - 1) % 3);

	switch (name) {
	case "today": return [today, plus(today, 1)];
	case "yesterday": return [plus(today, -1), today];
	case "week": {
		const monday = plus(today, -((new Date(`${today}T00:00:00Z`).getUTCDay() + 6) % 7));

		return [monday, plus(monday, 7)];
	}
	case "tenday1": return [month, plus(month, 10)];
	case "tenday2": return [plus(month, 10), plus(month, 20)];
	case "tenday3": return [plus(month, 20), first(y, m + 1)];
	case "month": return [month, first(y, m + 1)];
	case "lastmonth": return [first(y, m - 1), month];
	case "quarter": return [first(y, quarter), first(y, quarter + 3)];
	case "year": return [first(y, 1), first(y + 1, 1)];
	case "lastyear": return [first(y - 1, 1), first(y, 1)];
	}
	const part = /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?$/.exec(name);

	if (!part || !isDay(`${part[1]}-${part[2] || "01"}-${part[3] || "01"}`))
		return partOf(name);
	if (part[3])
		return [name, plus(name, 1)];
	return part[2] ? [first(Number(part[1]), Number(part[2])), first(Number(part[1]), Number(part[2]) + 1)] : [first(Number(part[1]), 1), first(Number(part[1]) + 1, 1)];
}

/** What the address asks for; without anything: this month.  What has not begun is refused.
 * @param {URLSearchParams} query @param {string} today @returns {Asked} */
export function asked(query, today) {
	const name = query.get("period") || (query.get("from") || query.get("to") ? "" : "month");
	const days = name ? daysOf(name, today) : [query.get("from") || "", query.get("to") || ""];
	const [from, to] = days || ["", ""];
	const wrong = (/** @type {Key} */ error, what = "") => ({ period: null, error, what, from, to });

	if (!days)
		return wrong("period_unknown", name);
	if (!isDay(from) || !isDay(to))
		return wrong("period_no_day");
	if (from >= to)
		return wrong("period_backwards");
	if (from > today)
		return wrong("period_future", from);
	return { period: { id: name in PERIODS ? name : "", from, to, running: to > today }, error: null };
}
