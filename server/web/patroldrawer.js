// One patrol opened: its facts and verdict in the drawer.
import { html, nothing } from "./vendor/lit.js";
import "./i18npages.js";
import { asOf, isStale, placeName } from "./head.js";
import { count, nameOf } from "./i18n.js";
import { ruleName } from "./rules.js";
import { full, instant, when } from "./time.js";

/** @typedef {import("./main.js").App} App */

const UNDER_WAY_MS = 3 * 3600e3; // a patrol without an end

/** Minutes and kilometres as people say them. @param {number} seconds @param {App} app */
export const minutesOf = (seconds, app) => app.say("minutes", { n: count(Math.round(seconds / 60)) });
/** @param {number} metres */
export const kmOf = (metres) => `${(metres / 1000).toFixed(2)} km`;

/** @param {App} app @param {any} p */
function isUnderWay(app, p) {
	const start = instant(p.start || "");

	return p.end === null && start !== null && app.nowMs() - start < UNDER_WAY_MS;
}

/** Valid, or why not. @param {App} app @param {{valid: boolean, start?: string|null, end?: string|null, reasons?: {code: string, name: string}[]}} p */
export function verdictView(app, p) {
	if (p.valid)
		return html`<span class="good">${app.say("valid")}</span>`;
	if (isUnderWay(app, p)) // it is judged as it stands, and may yet become valid
		return html`<span class="due">${app.say("under_way")}</span> <span class="sub">${app.say("so_far")}${(p.reasons || []).filter((r) => r.code !== "NO_END").map((r) => nameOf("reason", r.code, app.lang)).join(app.say("list_comma")) || app.say("valid")}</span>`;
	return html`<span class="late">${app.say("invalid")}</span> <span class="sub">${(p.reasons || []).map((r) => nameOf("reason", r.code, app.lang)).join(app.say("list_comma"))}</span>`;
}

/** What the rule asks of a patrol. @param {App} app @param {any} a */
function askedWords(app, a) {
	const { say } = app;
	const out = [];

	if (a && a.min_minutes !== null)
		out.push(say("asks_minutes", { n: a.min_minutes }));
	if (a && a.min_metres !== null)
		out.push(say("asks_metres", { n: count(a.min_metres) }));
	if (a && a.min_coverage_permille !== null)
		out.push(say("asks_coverage", { n: (a.min_coverage_permille / 10).toFixed(0) }));
	if (a && a.min_gap_hours !== null)
		out.push(say("asks_gap", { n: a.min_gap_hours }));
	return out.length ? out.join(say("list_comma")) : say("asks_nothing");
}

/** The measure that a reason speaks of, beside what was asked. @param {App} app @param {string} code @param {any} d */
function reasonWords(app, code, d) {
	const { say } = app;
	const a = d.asked || {};

	switch (code) {
	case "TOO_SHORT_TIME":
		return a.min_minutes === null || a.min_minutes === undefined ? "" : say("of_asked", { is: minutesOf(d.duration_s, app), asked: say("minutes", { n: a.min_minutes }) });
	case "TOO_SHORT_DIST":
		return a.min_metres === null || a.min_metres === undefined ? "" : say("of_asked", { is: kmOf(d.distance_m), asked: kmOf(a.min_metres) });
	case "LOW_COVERAGE":
		return a.min_coverage_permille === null || a.min_coverage_permille === undefined || d.coverage_permille === null ? ""
			: say("of_asked", { is: `${(d.coverage_permille / 10).toFixed(1)}%`, asked: `${(a.min_coverage_permille / 10).toFixed(0)}%` });
	case "MIN_GAP":
		return a.min_gap_hours === null || a.min_gap_hours === undefined ? "" : say("asks_gap", { n: a.min_gap_hours });
	case "TOO_FEW_POINTS":
		return say("points_are", { n: count(d.points) });
	default:
		return nameOf("why", code, app.lang) === code ? "" : nameOf("why", code, app.lang);
	}
}

/** Whose it is and of when: on paper. @param {App} app */
export function paperLine(app) {
	const { say } = app;

	return html`<p class="paper">${say("brand")} · ${placeName(app)} · ${say("rep_as_of", { commit: app.town.commit ?? "—", time: full(asOf(app)) })}${isStale(app) ? html` · <b>${say("stale")}</b>` : nothing}${app.me?.demo ? html` · ${say("demo")}: ${say("demo_hint")}` : nothing}</p>`;
}

/** @param {App} app */
export function patrolDrawer(app) {
	const { say, patrol, lang } = app;
	const d = patrol.data;

	if (patrol.id === null)
		return nothing;
	return html`<section class="drawer patrol" role="dialog" aria-labelledby="h-patrol" @keydown=${(/** @type {KeyboardEvent} */ e) => e.key === "Escape" && app.act.closeFile()}>
	<div class="drawer-top"><h2 id="h-patrol" tabindex="-1">${d ? html`<span class="own">${d.target_name || d.target || nameOf("route", d.route, lang)}</span>` : say("patrol")}</h2>
		<button type="button" class="small" @click=${app.act.copyLink}>${say("copy_link")}</button>
		<button type="button" class="small" data-test="print-patrol" @click=${() => app.act.print("drawer")}>${say("print")}</button>
		<button type="button" class="small" data-test="close-patrol" @click=${app.act.closeFile}>${say("close")}</button></div>
	${paperLine(app)}
	<div class="drawer-in" role="group" tabindex="0" aria-labelledby="h-patrol">${d ? factsView(app, d)
		: html`<p class="plain" role="status">${say(patrol.phase === "absent" ? "patrol_absent" : patrol.phase === "failed" ? "patrol_failed" : "loading")}</p>
		${patrol.phase === "failed" ? html`<p><button type="button" @click=${() => patrol.read()}>${say("again")}</button></p>` : nothing}`}</div></section>`;
}

/** @param {App} app @param {any} d */
function factsView(app, d) {
	const { say, lang } = app;
	const fact = (/** @type {unknown} */ name, /** @type {unknown} */ value) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
	const time = (/** @type {string|null} */ text) => {
		const ms = instant(text || "");

		return ms === null ? "—" : html`<time title=${full(ms)}>${when(ms, app.nowMs())}</time>`;
	};
	const lines = (app.patrol.track?.features || []).find((/** @type {any} */ f) => f.id === "lines")?.geometry.coordinates.length || 0;

	return html`<dl class="case-facts">
		${fact(say("verdict"), d.valid === null ? html`<span class="sub">${say("substitute")}</span>` : verdictView(app, d))}
		${fact(say("route"), nameOf("route", d.route, lang))}
		${fact(say("person"), html`<span class="own">${d.person_name || d.person || "—"}</span> <span class="sub">${d.level ? nameOf(d.river_patrol ? "chief" : "level", d.level, lang) : nothing}</span>`)}
		${d.actor && d.actor !== d.person ? fact(say("actor"), html`<span class="own">${d.actor_name || d.actor}</span>`) : nothing}
		${fact(say("start"), time(d.start))}
		${fact(say("end"), time(d.end))}
		${fact(say("duration"), minutesOf(d.duration_s, app))}
		${fact(say("distance"), kmOf(d.distance_m))}
		${d.coverage_permille === null ? nothing : fact(say("coverage"), `${(d.coverage_permille / 10).toFixed(1)}%`)}
		${fact(say("points"), html`${count(d.points)} ${d.dropped ? html`<span class="sub">${say("points_dropped", { n: count(d.dropped) })}</span>` : nothing}`)}
		${d.clear === null || d.clear === undefined ? nothing : fact(say("report"), say(d.clear ? "clear" : "not_clear"))}
		${d.substitute ? fact(say("substitute"), html`${nameOf("way", d.substitute.way, lang)} <span class="own">${d.substitute.person_name || d.substitute.person || ""}</span> ${time(d.substitute.at)}`) : nothing}
		${fact(say("rule"), d.rule ? html`<span class="own" title=${d.rule}>${ruleName(app, d.rule, d.level)}</span> <span class="sub">${askedWords(app, d.asked)}</span>` : html`<span class="sub">${say("rule_none")}</span>`)}
		${fact(say("case_no"), html`<code>${app.patrol.id}</code>`)}</dl>
	${d.valid === false ? html`<h3>${say(isUnderWay(app, d) ? "why_not_yet" : "why_invalid")}</h3><ul class="reasons">${(d.reasons || []).map((/** @type {any} */ r) => html`<li><b>${nameOf("reason", r.code, lang)}</b> <span class="sub">${reasonWords(app, r.code, d)}</span></li>`)}</ul>` : nothing}
	${(d.findings || []).length ? html`<h3>${say("findings")}</h3><ul class="reasons">${d.findings.map((/** @type {any} */ c) => html`<li><a class="own" href="#/case/${encodeURIComponent(c.id)}">${c.title || c.category_name || c.id}</a> <span class="sub">${nameOf("state", c.state, lang)}</span></li>`)}</ul>` : nothing}
	<p class="sub">${app.patrol.track ? say(lines > 1 ? "track_gaps" : lines ? "track_shown" : "track_none", { n: lines - 1 }) : nothing}</p>`;
}
