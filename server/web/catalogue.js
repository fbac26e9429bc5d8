// The town's catalogue of categories and rules: read once, and again when it was asked for and is old.
import { call } from "./api.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {{class: string, code: string, name: string, name_en: string}} Category */

const EVERY_MS = 10 * 60e3;

/** @param {App} app */
export function newCatalogue(app) {
	let readAt = -Infinity;
	let all = false; // was asked for, not the rules alone
	const cat = {
		/** @type {Category[]} */ categories: [],
		/** @type {any[]} */ rules: [],
		known: false,
		/** @param {boolean} [rules] they are enough */
		async want(rules) {
			const whole = all || !rules;

			if (app.mono() - readAt < EVERY_MS && whole === all)
				return;
			readAt = app.mono();
			all = whole;
			const r = await call("GET", `/api/v1/catalogue${whole ? "" : "?only=rules"}`);

			if (r.status !== 200) {
				readAt = app.mono() - EVERY_MS + 15e3;
				return;
			}
			if (all && !whole) // all of it was asked for meanwhile
				return;
			cat.categories = r.body.categories || [];
			cat.rules = r.body.rules;
			cat.known = true;
			app.act.draw();
		},
		/** @param {string} code @param {string} [cls] */
		nameOf(code, cls) {
			const c = cat.categories.find((x) => x.code === code && (!cls || x.class === cls));

			return c ? (app.lang === "en" && c.name_en) || c.name : code;
		},
		forget() {
			readAt = -Infinity;
			all = false;
			cat.categories = [];
			cat.rules = [];
			cat.known = false;
		},
	};

	return cat;
}
