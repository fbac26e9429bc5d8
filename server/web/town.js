// What the page knows of the town: the rows of the live stream, by key, at one commit.

/** @typedef {{id: string, level: string, category: string, today: number, month: number, year: number, due_today: number|null}} Figure */
/** @typedef {{code: string, name: string, patrols_today: number, due_today: number|null, open_cases: number|null}} Area */
/** @typedef {{device: string, person: string, name?: string, online: boolean, seen: number|null, queue: number|null, missing: number, battery: number|null, loc: number[]|null}} Device */
/** @typedef {{commit: number, kind: string, person: string, scope: string, at: number, text: string, name?: string, place?: string}} Feed */
/** @typedef {{id: string, type: string, severity: number, case: string|null, title: string, scope: string, loc: number[]|null, at: number, state: "active"|"cleared", acked_by: string|null, acked_at: number|null, late: boolean, raised?: number, place?: string, person?: string, person_name?: string, name?: string, acked_name?: string}} Alert */
/** @typedef {{id: string, class: string, category: string, severity: number, title: string, scope: string, loc: number[]|null, state: string, etag: string, due: number|null, at: number, category_name?: string, place?: string, level?: string, holder?: string|null, holder_name?: string}} Case */
/** @typedef {{person: string, rule: string, target: string, name: string, level: string, due: number, days: number, place?: string, target_name?: string, reminders?: number, reminded_at?: number, reminded_by?: string, reminded_name?: string}} Overdue */
/** @typedef {Record<string, any>} Row */
/** @typedef {"figures"|"areas"|"alerts"|"cases"|"overdue"|"devices"|"feed"} Member */

export const FEED_ROWS = 50;

/** Records that come of themselves while a phone is on: they bury what somebody did. */
export const QUIET_KINDS = ["patrol.track", "status"];

/** @type {Record<Member, (r: Row) => string>} */
const KEY = {
	figures: (r) => `${r.id}|${r.level}|${r.category}`,
	areas: (r) => r.code,
	alerts: (r) => String(r.id),
	cases: (r) => r.id,
	overdue: (r) => `${r.person}|${r.rule}|${r.target}`,
	devices: (r) => r.device,
	feed: (r) => String(r.commit),
};
/** @type {Member[]} */
const MEMBERS = /** @type {any} */ (Object.keys(KEY));

/** @returns {Town} */
export function newTown() {
	/** @type {any} */
	const rows = {};

	for (const m of MEMBERS)
		rows[m] = new Map();
	return { db: null, commit: null, time: 0, source: {}, newsAt: 0, areasCut: false, rows, turn: { figures: 0, areas: 0, alerts: 0, cases: 0, overdue: 0, devices: 0, feed: 0 } };
}

/**
 * @typedef {object} Town
 * @property {string|null} db
 * @property {number|null} commit the state of which the rows are
 * @property {{database?: string, ingest?: string, broker?: string, since?: number}} source what the server has the records from; since: it does not answer
 * @property {number} time server time of the last frame, ms UTC
 * @property {number} newsAt when the newest record reached the platform, as far as is known; ms UTC, 0: never
 * @property {boolean} areasCut the server left out the lowest level
 * @property {Record<Member, Map<string, any>>} rows
 * @property {Record<Member, number>} turn grows whenever these rows change: what hangs on them alone need not be made anew
 */

/** Take one frame of the stream.
 * @param {Town} town @param {any} msg
 * @returns {"ok"|"gap"|"unknown"} gap: a delta that does not continue from town.commit; nothing was taken */
export function take(town, msg) {
	if (msg.op === "tick") {
		if (town.commit === null)
			return "gap";
		town.source = msg.source || town.source;
		town.commit = Math.max(town.commit, msg.commit);
		town.time = msg.time;
		return "ok";
	}
	if (msg.op !== "snapshot" && msg.op !== "delta")
		return "unknown";
	const fresh = msg.op === "snapshot";

	if (!fresh && msg.from !== town.commit)
		return "gap";
	for (const m of MEMBERS) {
		const map = town.rows[m];

		if (fresh)
			map.clear();
		if (fresh || msg[m]?.length)
			town.turn[m]++;
		for (const row of msg[m] || []) {
			const key = KEY[m](row);

			if (row.gone)
				map.delete(key);
			else
				map.set(key, row);
		}
	}
	town.source = msg.source || town.source;
	if (fresh) {
		town.db = msg.db;
		town.areasCut = !!msg.areas_cut;
	}
	if (fresh) {
		const last = newestFirst(town)[0];

		town.newsAt = last ? Math.min(last.at, msg.time) : 0; // the phone's clock may run ahead
	} else if ((msg.feed || []).some((/** @type {Row} */ r) => !r.gone)) {
		town.newsAt = msg.time;
	}
	trimFeed(town);
	town.commit = msg.commit;
	town.time = msg.time;
	return "ok";
}

/** Keeps the newest rows, and the newest of those that are not quiet.
 * @param {Town} town */
function trimFeed(town) {
	const kept = new Set();

	for (const quiet of [true, false])
		for (const r of newestFirst(town, quiet).slice(0, FEED_ROWS))
			kept.add(String(r.commit));
	for (const key of [...town.rows.feed.keys()])
		if (!kept.has(key))
			town.rows.feed.delete(key);
}

/** @param {Town} town @param {boolean} [quiet] the quiet kinds too @returns {Feed[]} */
export const newestFirst = (town, quiet = true) =>
	[...town.rows.feed.values()].filter((r) => quiet || !QUIET_KINDS.includes(r.kind)).sort((a, b) => b.commit - a.commit);

/** @typedef {{today: number, month: number, year: number, due: number|null, dueMonth?: number|null, dueYear?: number|null}} Sum due: what is owed of it */

/** Adds up the figure's rows that fit; a row for all categories counts instead of its parts.
 * @param {Town} town @param {string} id @param {{level?: string, category?: string}} [where] @returns {Sum} */
export function sum(town, id, where = {}) {
	const rows = [...town.rows.figures.values()].filter((r) => r.id === id);
	/** levels that have a row of their own for all categories */
	const whole = new Set(rows.filter((r) => r.category === "").map((r) => r.level));
	const s = { today: 0, month: 0, year: 0, due: /** @type {number|null} */ (null) };

	for (const r of rows) {
		if (where.level !== undefined && r.level !== where.level)
			continue;
		if (where.category !== undefined ? r.category !== where.category : r.category !== "" && whole.has(r.level))
			continue;
		s.today += r.today;
		s.month += r.month;
		s.year += r.year;
		if (typeof r.due_today === "number")
			s.due = (s.due || 0) + r.due_today;
	}
	return s;
}

/** The codes that a figure has, beside those that are always listed.
 * @param {Town} town @param {string} id @param {"level"|"category"} by @param {string[]} always @returns {string[]} */
export function codes(town, id, by, always) {
	const out = [...always];

	for (const r of town.rows.figures.values())
		if (r.id === id && !out.includes(r[by]) && (r[by] !== "" || by === "level"))
			out.push(r[by]);
	return out;
}

/** What is made of rows alone, made again only when they changed: a desk of thousands is drawn every second.
 * @template T @param {() => T} make @param {unknown[]} keys @param {{keys: unknown[], value: T}|undefined} last @returns {{keys: unknown[], value: T}} */
export const made = (make, keys, last) => (last?.keys.every((k, i) => k === keys[i]) ? last : { keys, value: make() });

/** @param {string} code @returns {"district"|"town"|"community"|"grid"|""} */
export function tierOf(code) {
	const tiers = /** @type {const} */ ({ 6: "district", 9: "town", 12: "community", 15: "grid" });

	return /** @type {any} */ (tiers)[code.length] || "";
}
