// Why the server refused, in the page's language. Its own words are English: where there are none of ours, they are told as the original.
import "./i18npages.js";
import { nameOf } from "./i18n.js";

/** @typedef {import("./main.js").App} App */

/** @param {App} app @param {string|null|undefined} detail */
export const original = (app, detail) => (!detail || app.lang === "en" ? detail || "" : app.say("original", { what: detail }));

/** @param {App} app @param {{code?: string|null, detail?: string}|null|undefined} answer @returns {string} "": nothing to tell */
export function reason(app, answer) {
	const code = answer?.code || "";
	const known = nameOf("code", code, app.lang);

	return known !== code ? known : original(app, answer?.detail);
}
