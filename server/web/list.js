// A list of the API, read page by page: what was asked, the rows so far, how many there are.
//
//   ask --> loading --answer--> ready | denied | refused | failed       refresh: the same question again, as many rows as are shown
import { call } from "./api.js";

/** @typedef {import("./main.js").App} App */

const PAGE = 100;
const PAGE_MAX = 200; // of the API
export const SORT_MAX = 2000; // rows that are fetched to be sorted here
const SOON_MS = 600; // changes come in crowds

/** @param {App} app @param {{path: string, member: string, key: (row: any) => string, counts?: boolean}} of counts false: the list does not say how many there are */
export function newList(app, of) {
	let turn = 0;
	let question = "";
	/** @type {any} */
	let timer = null;
	const list = {
		/** @type {"loading"|"ready"|"denied"|"refused"|"failed"} */ phase: "loading",
		/** @type {any[]} */ rows: [],
		/** @type {string|null} */ next: null,
		/** @type {number|null} */ total: null,
		totalMore: false,
		busy: false, // further rows are on their way
		asOf: 0,
		detail: "",
		key: of.key,
		/** @param {URLSearchParams} query @param {number} [rows] as many at once */
		async ask(query, rows = PAGE) {
			const q = query.toString();

			if (q !== question) {
				list.rows = [];
				list.total = null;
				list.next = null;
				list.phase = "loading";
			}
			question = q;
			await read(rows, false);
		},
		async more() {
			if (list.next && !list.busy)
				await read(list.rows.length + PAGE, true);
		},
		/** All of them, SORT_MAX at most. */
		async rest() {
			if (list.next && !list.busy && list.rows.length < SORT_MAX)
				await read(SORT_MAX, true);
		},
		/** Something may have changed. */
		soon() {
			if (timer === null)
				timer = setTimeout(() => {
					timer = null;
					list.refresh();
				}, SOON_MS);
		},
		refresh: () => read(Math.max(list.rows.length, PAGE), false),
		forget() {
			turn++;
			clearTimeout(timer);
			timer = null;
			question = "\n";
			list.rows = [];
			list.next = list.total = null;
			list.busy = false;
			list.phase = "loading";
		},
		/** Called after each answer that changed the rows. */
		changed: () => {},
	};

	/** @param {number} want rows in all @param {boolean} on behind those that are here */
	async function read(want, on) {
		const mine = ++turn;
		const rows = on ? [...list.rows] : [];
		const seen = new Set(rows.map(of.key));
		let next = on ? list.next : "";
		let first = !on;
		let { total, totalMore, asOf } = list;

		list.busy = true;
		app.act.draw();
		while (next !== null && rows.length < want) {
			const q = new URLSearchParams(question);

			q.set("limit", String(Math.min(PAGE_MAX, Math.max(want - rows.length, 1))));
			if (first && of.counts !== false)
				q.set("count", "true");
			if (next)
				q.set("cursor", next);
			const r = await call("GET", `${of.path}?${q}`);

			if (mine !== turn)
				return;
			if (r.status === 401)
				return app.act.expired();
			if (r.status !== 200) {
				list.busy = false;
				list.detail = r.body?.detail || "";
				if (r.status === 403 || r.status === 400 || !list.rows.length)
					list.phase = r.status === 403 ? "denied" : r.status === 400 ? "refused" : "failed";
				return app.act.draw();
			}
			for (const row of r.body[of.member])
				if (!seen.has(of.key(row))) {
					seen.add(of.key(row));
					rows.push(row);
				}
			if (first) {
				total = r.body.total ?? null;
				totalMore = !!r.body.total_more;
				asOf = r.body.as_of;
			}
			first = false;
			next = r.body.next;
		}
		Object.assign(list, { rows, next, total, totalMore, asOf, phase: "ready", busy: false });
		list.changed();
		app.act.draw();
	}

	return list;
}
