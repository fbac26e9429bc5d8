// Periods as addresses name them: period=month, or from and to (days; to is the first that no longer counts, as in the API).
import { date } from "./time.js";

/** @typedef {{from: string, to: string}} Range days; to exclusive; "" no bound */

export const PERIODS = /** @type {const} */ (["today", "yesterday", "week", "month", "lastmonth", "year", "all"]);
/** @type {Record<typeof PERIODS[number], import("./i18n.js").Key>} */
export const PERIOD_TEXT = { today: "p_today", yesterday: "p_yesterday", week: "p_week", month: "p_month", lastmonth: "p_lastmonth", year: "p_year", all: "p_all" };

const DAY_MS = 864e5;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** @param {string} day @param {number} n @returns {string} n days later; what is no day stays as it is: the server says so */
export function daysAfter(day, n) {
	const ms = Date.parse(`${day}T00:00:00Z`) + n * DAY_MS;

	return DAY.test(day) && !Number.isNaN(ms) ? new Date(ms).toISOString().slice(0, 10) : day;
}

/** The first day of the month, n months later. @param {string} day @param {number} n */
function monthFirst(day, n) {
	const [y, m] = day.split("-").map(Number);

	return new Date(Date.UTC(y, m - 1 + n, 1)).toISOString().slice(0, 10);
}

/** @param {URLSearchParams} q @returns {string} the name of the period; "days" for from and to; "" for none */
export function periodOf(q) {
	const p = q.get("period") || "";

	if (PERIODS.includes(/** @type {any} */ (p)))
		return p;
	return q.get("from") || q.get("to") ? "days" : "";
}

/** @param {string} name @param {URLSearchParams} q @param {number} nowMs @returns {Range} */
export function rangeOf(name, q, nowMs) {
	const today = date(nowMs);

	switch (name) {
	case "today":
		return { from: today, to: daysAfter(today, 1) };
	case "yesterday":
		return { from: daysAfter(today, -1), to: today };
	case "week": {
		const monday = daysAfter(today, -((new Date(`${today}T00:00:00Z`).getUTCDay() + 6) % 7));

		return { from: monday, to: daysAfter(monday, 7) };
	}
	case "month":
		return { from: monthFirst(today, 0), to: monthFirst(today, 1) };
	case "lastmonth":
		return { from: monthFirst(today, -1), to: monthFirst(today, 0) };
	case "year":
		return { from: `${today.slice(0, 4)}-01-01`, to: `${Number(today.slice(0, 4)) + 1}-01-01` };
	case "days":
		return { from: q.get("from") || "", to: q.get("to") || "" };
	default:
		return { from: "", to: "" };
	}
}

/** In words. @param {import("./i18n.js").Say} say @param {string} name @param {Range} r */
export function periodWords(say, name, r) {
	if (name !== "days")
		return say(PERIOD_TEXT[/** @type {keyof typeof PERIOD_TEXT} */ (name)]);
	if (r.from && r.to && daysAfter(r.from, 1) === r.to)
		return r.from;
	return say("p_from_to", { from: r.from || "…", to: r.to ? daysAfter(r.to, -1) : "…" });
}
