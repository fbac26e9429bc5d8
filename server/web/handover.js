// What came while nobody looked: a line at the desk for whoever comes back, until he has read it. Each user of the browser has his own.
import { html, nothing } from "./vendor/lit.js";
import { call } from "./api.js";
import { count } from "./i18n.js";
import { keep, kept } from "./kept.js";
import { link } from "./route.js";
import { date, full, when } from "./time.js";

/** @typedef {import("./main.js").App} App */

const AWAY_MS = 30 * 60e3; // shorter is no absence
const STAMP_MS = 60e3;
const PAGES_MAX = 5; // of 200 alerts

/** @param {App} app */
export function newHandover(app) {
	const key = `xunge.looked.${app.me?.user || ""}`;
	let next = 0; // monotonic ms
	let busy = false;
	/** @type {{since: number, alerts: number, over: number, more: boolean, cases: number, casesMore: boolean}|null} */
	let told = null;

	/** @param {number} since @returns {Promise<boolean>} */
	async function ask(since) {
		const from = new Date(since).toISOString();
		const cases = await call("GET", `/api/v1/cases?${new URLSearchParams({ from, limit: "1", count: "true" })}`);
		/** @type {any[]} */
		const rows = [];
		let cursor = "";

		for (let i = 0; i < PAGES_MAX && cursor !== null; i++) {
			const r = await call("GET", `/api/v1/alerts?${new URLSearchParams({ from, limit: "200", ...(cursor && { cursor }) })}`);

			if (r.status !== 200 || cases.status !== 200)
				return false;
			rows.push(...r.body.alerts);
			cursor = r.body.next;
		}
		const mine = rows.filter((a) => !a.type.startsWith("duty_")); // these have a block of their own

		told = { since, alerts: mine.length, over: mine.filter((a) => a.state === "cleared").length, more: cursor !== null, cases: cases.body.total, casesMore: cases.body.total_more };
		app.act.draw();
		return true;
	}

	return {
		second() {
			if (busy || document.hidden || app.link?.phase !== "live" || app.mono() < next)
				return;
			const last = Number(kept(key));
			const now = app.nowMs();

			next = app.mono() + STAMP_MS;
			if (!last || now - last < AWAY_MS)
				return keep(key, String(now));
			busy = true;
			ask(last).then((done) => {
				busy = false;
				if (done)
					keep(key, String(now));
			});
		},
		view() {
			const { say } = app;

			if (!told || app.wall)
				return nothing;
			const t = told;
			const n = (/** @type {number} */ x, /** @type {boolean} */ more) => count(x) + (more ? "+" : "");

			return html`<div class="notice handover" role="status" data-test="handover"><span title=${full(t.since)}>${say("handover", { time: when(t.since, app.nowMs()) })}</span>
				<span>${say("handover_alerts", { n: n(t.alerts, t.more), over: n(t.over, t.more) })}</span> <a href=${link("cases", { from: date(t.since), state: "any" })}>${say("handover_cases", { n: n(t.cases, t.casesMore) })}</a>
				<button type="button" class="small" @click=${() => {
					told = null;
					app.act.draw();
				}}>${say("handover_read")}</button></div>`;
		},
	};
}
