// The reaches of the scope, and what was done there today: read when a page asks for them.
import { call } from "./api.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {{code: string, name: string, river: string, kind: string, area: string, length_m: number|null, open_cases: number, patrols_today: number}} Reach */

const EVERY_MS = 60e3;

/** @param {App} app */
export function newReaches(app) {
	let readAt = -Infinity;
	let commit = -1;
	const box = {
		/** @type {Reach[]} */ rows: [],
		known: false,
		failed: false,
		async want() {
			if (app.mono() - readAt < EVERY_MS || (box.known && commit === app.town.commit))
				return;
			readAt = app.mono();
			commit = app.town.commit ?? -1;
			const r = await call("GET", "/api/v1/reaches.geojson");

			box.failed = r.status !== 200;
			if (box.failed) {
				readAt = app.mono() - EVERY_MS + 10e3;
			} else {
				box.rows = r.body.features.map((/** @type {any} */ f) => f.properties).sort((/** @type {Reach} */ a, /** @type {Reach} */ b) => (a.code < b.code ? -1 : 1));
				box.known = true;
			}
			app.act.draw();
		},
		forget() {
			readAt = -Infinity;
			box.rows = [];
			box.known = false;
		},
	};

	return box;
}
