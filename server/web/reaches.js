// The reaches of the scope: who has them, what was done and is owed there.  One list, read when a page asks for it.
import { call } from "./api.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {{patrols: number, valid: number, owed: number}} Count */
/** @typedef {{level: string, today: Count, month: Count, year: Count}} Level */
/** @typedef {{code: string, name: string, river: string|null, kind: string, area: string, area_name: string|null, length_m: number|null, drawn: boolean,
 *   people: {person: string, person_name: string|null, role: string, level: string|null}[], people_cut: number, levels: Level[], patrols: {today: number, month: number, year: number},
 *   duties: {count: number, met: number, overdue: number, need: number, done: number},
 *   last_patrol: {id: string, start: string, person: string|null, person_name: string|null, valid: boolean}|null, open_cases: number, open_hazards: number}} Reach */

const EVERY_MS = 60e3;
const SOON_MS = 5e3; // after something happened, and no oftener
const REST = 20; // a long list is read less often: so many times as long as it takes
const PAGE = 200;
const ROWS_MAX = 2000;

/** @param {App} app */
export function newReaches(app) {
	let readAt = -Infinity;
	let commit = -1;
	let turn = 0;
	let took = 0; // ms, the last reading
	let wanted = false;
	/** @type {any} */
	let timer = null;

	async function read() {
		const mine = ++turn;
		/** @type {Reach[]} */
		const rows = [];
		let next = "";

		readAt = app.mono();
		commit = app.town.commit ?? -1;
		do {
			const r = await call("GET", `/api/v1/reaches?limit=${PAGE}${next ? `&cursor=${encodeURIComponent(next)}` : ""}`);

			if (mine !== turn)
				return;
			if (r.status !== 200) {
				box.failed = true;
				readAt = app.mono() - EVERY_MS + 10e3;
				return app.act.draw();
			}
			rows.push(...r.body.reaches);
			next = r.body.next || "";
		} while (next && rows.length < ROWS_MAX);
		took = app.mono() - readAt;
		Object.assign(box, { rows, known: true, failed: false, more: next !== "", version: box.version + 1, asOf: app.nowMs() });
		app.act.draw();
	}

	const box = {
		/** @type {Reach[]} */ rows: [],
		known: false,
		failed: false,
		more: false, // beyond ROWS_MAX there are others
		version: 0,
		asOf: 0,
		want() {
			wanted = true;
			if (app.mono() - readAt >= EVERY_MS && !(box.known && commit === app.town.commit))
				read();
		},
		/** Something was done on a reach, or may have been. */
		soon() {
			if (!wanted || timer !== null)
				return;
			timer = setTimeout(() => {
				timer = null;
				read();
			}, Math.max(Math.max(SOON_MS, REST * took) - (app.mono() - readAt), 600));
		},
		forget() {
			turn++;
			clearTimeout(timer);
			timer = null;
			wanted = false;
			readAt = -Infinity;
			box.rows = [];
			box.known = box.more = box.failed = false;
		},
	};

	return box;
}

/** Over all levels. @param {Reach[]} rows @param {"today"|"month"|"year"} span @param {string} [level] of that level alone @returns {Count} */
export function added(rows, span, level) {
	const sum = { patrols: 0, valid: 0, owed: 0 };

	for (const r of rows)
		for (const l of r.levels)
			if (level === undefined || l.level === level) {
				sum.patrols += l[span].patrols;
				sum.valid += l[span].valid;
				sum.owed += l[span].owed;
			}
	return sum;
}

/** Is it the code of a reach? @param {string|null|undefined} code */
export const isReach = (code) => !!code && /[^0-9]/.test(code);

/** A `reach` of an address in words: "*", a river, a code. @param {App} app @param {string} v */
export const reachWords = (app, v) => (v === "*" ? app.say("reach_any") : app.reaches?.rows.find((r) => r.code === v)?.name || v);
