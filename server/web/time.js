// Times on the page are those of the platform: civil time of +08:00, whatever the PC says.

const SHIFT_MS = 8 * 3600e3;
const WEEKDAY = [["周日", "Sun"], ["周一", "Mon"], ["周二", "Tue"], ["周三", "Wed"], ["周四", "Thu"], ["周五", "Fri"], ["周六", "Sat"]];
const MONTH = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** @typedef {"zh"|"en"} Lang */

/** @param {number} n */
const two = (n) => String(n).padStart(2, "0");

/** @param {number} ms UTC @returns {Date} whose UTC fields read the civil time */
const civil = (ms) => new Date(ms + SHIFT_MS);

/** @param {number} ms UTC @returns {string} 09:41:07 */
export function clock(ms) {
	const d = civil(ms);
	return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
}

/** @param {number} ms UTC @returns {string} 2026-11-23 */
export const date = (ms) => civil(ms).toISOString().slice(0, 10);

/** @param {number} ms UTC @returns {string} 2026-11-23 09:41:07 +08:00, for titles */
export const full = (ms) => `${date(ms)} ${clock(ms)} +08:00`;

/** @param {number} ms UTC @param {Lang} lang @returns {string} 11月23日 周一 */
export function day(ms, lang) {
	const d = civil(ms);
	return lang === "zh"
		? `${d.getUTCMonth() + 1}月${d.getUTCDate()}日 ${WEEKDAY[d.getUTCDay()][0]}`
		: `${WEEKDAY[d.getUTCDay()][1]} ${d.getUTCDate()} ${MONTH[d.getUTCMonth()]}`;
}

/** The time of day; with the date when it is not today's.
 * @param {number} ms UTC @param {number} nowMs UTC @returns {string} 09:41:07, 11-22 17:20, 2025-12-31 17:20 */
export function when(ms, nowMs) {
	const d = date(ms);
	const n = date(nowMs);

	if (d === n)
		return clock(ms);
	return `${d.slice(0, 4) === n.slice(0, 4) ? d.slice(5) : d} ${clock(ms).slice(0, 5)}`;
}

/** To the minute, for what is not of this moment.
 * @param {number} ms UTC @param {number} nowMs UTC @returns {string} 09:41, 11-22 17:20 */
export function brief(ms, nowMs) {
	const t = when(ms, nowMs);

	return t.length === 8 ? t.slice(0, 5) : t;
}

/** @param {number} spanMs; what lies ahead is nothing @param {Lang} lang @returns {string} 3 小时 */
export function lasting(spanMs, lang) {
	const m = Math.max(0, Math.floor(spanMs / 60e3));
	const [n, zh, en] = m < 60 ? [m, "分钟", "min"] : m < 2880 ? [Math.floor(m / 60), "小时", "h"] : [Math.floor(m / 1440), "天", "d"];

	return `${n} ${lang === "zh" ? zh : en}`;
}

/** @param {string} text an RFC 3339 instant, or nothing @returns {number|null} ms UTC */
export function instant(text) {
	const ms = text ? Date.parse(text) : Number.NaN;

	return Number.isNaN(ms) ? null : ms;
}

/** @param {number} ms UTC @returns {string} 2026-11-23T09:41, civil, for an input */
export const forInput = (ms) => new Date(ms + SHIFT_MS).toISOString().slice(0, 16);

/** @param {number} spanMs how long ago; what lies ahead counts as now @param {Lang} lang @returns {string} 2 秒前 */
export function ago(spanMs, lang) {
	const s = Math.max(0, Math.floor(spanMs / 1000));
	const [n, zh, en] = s < 60 ? [s, "秒", "s"]
		: s < 3600 ? [Math.floor(s / 60), "分钟", "min"]
		: s < 86400 ? [Math.floor(s / 3600), "小时", "h"]
		: [Math.floor(s / 86400), "天", "d"];

	return lang === "zh" ? `${n} ${zh}前` : `${n} ${en} ago`;
}
