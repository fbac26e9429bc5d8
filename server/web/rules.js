// Duty rules in a few words: what a code such as grid_weekly asks for.
import { nameOf } from "./i18n.js";

/** @typedef {import("./main.js").App} App */

/** Why nobody is overdue: nothing is asked of anybody, or all have done it. @param {App} app @returns {import("./i18n.js").Key} */
export const noneOverdue = (app) => (app.catalogue?.known && app.catalogue.rules.length === 0 ? "rules_empty" : "overdue_empty");

/** "每周 3 次"; the code itself while the catalogue does not hold it. A code may ask different things of different levels.
 * @param {App} app @param {string} code @param {string|null} [level] of that level alone @returns {string} */
export function ruleName(app, code, level) {
	const all = (app.catalogue?.rules || []).filter((r) => r.rule === code);
	const mine = level ? all.filter((r) => !r.level || r.level === level) : all;
	const words = (mine.length ? mine : all).map((r) => app.say(r.count_unit === "days" ? "rule_days" : "rule_times", { n: r.count, period: nameOf("period", r.period, app.lang) }));

	return [...new Set(words)].join(" / ") || code;
}
