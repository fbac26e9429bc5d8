// The case that is open: its facts, what one may do, and who did what when.
import { html, nothing, repeat } from "./vendor/lit.js";
import "./i18npages.js";
import { severityView } from "./alerts.js";
import { NEEDS, RATINGS, resultsOf, sendAct } from "./caseact.js";
import { dueView, holderView } from "./cases.js";
import { nameOf } from "./i18n.js";
import { paperLine } from "./patroldrawer.js";
import { photosView } from "./photos.js";
import { original, reason } from "./refusal.js";
import { forInput, full, instant, when } from "./time.js";

export { patrolDrawer } from "./patroldrawer.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./casefile.js").Detail} Detail */
/** @typedef {import("./casefile.js").Act} Act */

const SAID = ["not_allowed", "illegal_transition"]; // codes that the form's error says in better words
const LATE_NEWS_MS = 10 * 60e3; // between an act and the office's knowing of it

/** @param {App} app */
export function drawerView(app) {
	const { say, file } = app;
	const d = file.data;

	if (file.id === null)
		return nothing;
	return html`<section class="drawer" role="dialog" aria-labelledby="h-case" @keydown=${(/** @type {KeyboardEvent} */ e) => e.key === "Escape" && app.act.closeFile()}>
	<div class="drawer-top"><h2 id="h-case" tabindex="-1">${d ? html`${severityView(app, d.severity)} <span class="own">${d.title || d.category_name || d.category}</span>` : say("case")}</h2>
		<button type="button" class="small" @click=${app.act.copyLink}>${say("copy_link")}</button>
		<button type="button" class="small" data-test="print-case" @click=${() => app.act.print("drawer")}>${say("print")}</button>
		<button type="button" class="small" data-test="close-case" @click=${app.act.closeFile}>${say("close")}</button></div>
	${paperLine(app)}
	<div class="drawer-in" role="group" tabindex="0" aria-labelledby="h-case">${d ? html`${factsView(app, d)}${actsView(app, d)}${timelineView(app, d)}`
		: html`<p class="plain" role="status">${say(file.phase === "absent" ? "case_absent" : file.phase === "failed" ? "case_failed" : "loading")}</p>
		${file.phase === "failed" ? html`<p><button type="button" @click=${() => file.read()}>${say("again")}</button></p>` : nothing}`}</div></section>`;
}

/** @param {App} app @param {string|null|undefined} text */
function timeView(app, text) {
	const ms = instant(text || "");

	return ms === null ? "—" : html`<time title=${full(ms)}>${when(ms, app.nowMs())}</time>`;
}

/** @param {App} app @param {Detail} d */
function factsView(app, d) {
	const { say, lang } = app;
	const words = d.timeline.find((a) => a.action === "report" && a.status === "in_force")?.text;
	const fact = (/** @type {unknown} */ name, /** @type {unknown} */ value) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;

	return html`<dl class="case-facts">
		${fact(say("state"), html`<span class="chip">${nameOf("state", d.state, lang)}</span> ${holderView(app, d)}`)}
		${fact(say("due"), dueView(app, { state: d.state, due: instant(d.due || "") }))}
		${fact(say("class"), html`${nameOf("class", d.class, lang)} · <span class="own">${d.category_name || d.category}</span>`)}
		${fact(say("place"), html`<span class="own">${d.scope_name || d.scope || "—"}</span>`)}
		${fact(say("reported"), html`<span class="own">${d.reporter_name || d.reporter || ""}</span> ${timeView(app, d.at)}`)}
		${typeof d.on_time === "boolean" ? fact(say("on_time"), d.on_time ? say("in_time") : html`<span class="late">${say("too_late")}</span>`) : nothing}
		${d.result ? fact(say("result"), nameOf("result", d.result, lang)) : nothing}
		${d.rating ? fact(say("rating"), nameOf("rating", d.rating, lang)) : nothing}
		${d.patrol ? fact(say("seen_on"), html`<a href="#/patrol/${encodeURIComponent(d.patrol)}">${say("seen_patrol")}</a>`) : nothing}
		${d.counts && Object.values(d.counts).some((n) => n) ? fact(say("history"), Object.entries(d.counts).filter(([, n]) => n).map(([k, n]) => say("times", { what: nameOf("counts", k, lang), n })).join(say("list_comma"))) : nothing}
		${fact(say("case_no"), html`<code>${d.id}</code>`)}</dl>
	${words ? html`<p class="words own">${words}</p>` : nothing}`;
}

// ---------------------------------------------------------------- acting

/** @param {App} app @param {Detail} d */
function actsView(app, d) {
	const { say, lang, file } = app;
	const form = file.form;

	return html`<h3 class="acts">${say("acts")}</h3>
	${d.actions.length === 0 ? html`<p class="plain acts">${say("acts_none")}</p>` : html`<div class="choice" role="group" aria-label=${say("acts")}>${
		d.actions.map((a) => html`<button type="button" aria-pressed=${form?.action === a} @click=${() => file.choose(form?.action === a ? null : a)}>${nameOf("action", a, lang)}</button>`)}</div>`}
	${form ? formView(app, d, form) : nothing}`;
}

/** @param {App} app @param {Detail} d @param {import("./casefile.js").Form} form */
function formView(app, d, form) {
	const { say, lang } = app;
	const needs = NEEDS[form.action] || { note: "may" };
	const option = (/** @type {"result"|"rating"} */ table, /** @type {string} */ code) => html`<option value=${code}>${nameOf(table, code, lang)}</option>`;
	const due = instant(d.due || "") || app.nowMs();

	return html`<form class="act" @submit=${(/** @type {SubmitEvent} */ e) => submit(app, e)}>
		${needs.to ? html`<label for="act-to">${say("act_to")}</label><input id="act-to" name="to" list="act-units" required maxlength="64" autocomplete="off">
			<datalist id="act-units">${handlers(app).map(([code, name]) => html`<option value=${code}>${name}</option>`)}</datalist>` : nothing}
		${needs.until ? html`<label for="act-until">${say("act_until")}</label><input id="act-until" name="until" type="datetime-local" required .value=${forInput(due + 3 * 86400e3)} min=${forInput(due)}>` : nothing}
		${needs.result ? html`<label for="act-result">${say("result")}</label><select id="act-result" name="result" required>${resultsOf(d.class).map((c) => option("result", c))}</select>` : nothing}
		${needs.rating ? html`<label for="act-rating">${say("rating")}</label><select id="act-rating" name="rating" required>${RATINGS.map((c) => option("rating", c))}</select>` : nothing}
		${needs.note ? html`<label for="act-note">${say(needs.note === "must" ? "act_reason" : "act_note")}</label><textarea id="act-note" name="note" rows="2" maxlength="1000" ?required=${needs.note === "must"}></textarea>` : nothing}
		<p class="late" role="alert">${form.error ? html`${say(form.error, { who: form.by, did: nameOf("action", form.did, lang), to: form.doubted || "" })} <span class="own">${form.error === "act_changed" ? "" : SAID.includes(form.code) ? original(app, form.detail) : reason(app, form)}</span>` : ""}</p>
		<div class="row"><button type="submit" class="primary" ?disabled=${form.busy}>${form.busy ? say("act_busy") : say(form.error === "act_unknown" || form.error === "act_down" ? "act_again" : "act_do", { what: nameOf("action", form.action, lang) })}</button>
			<button type="button" @click=${() => app.file.choose(null)}>${say("cancel")}</button></div></form>`;
}

/** Those to whom cases went before, then whoever has a device. @param {App} app @returns {string[][]} */
function handlers(app) {
	const known = new Map();

	for (const c of app.town.rows.cases.values())
		if (c.holder)
			known.set(c.holder, c.holder_name || "");
	for (const a of app.file.data?.timeline || [])
		if (a.to)
			known.set(a.to, a.to_name || "");
	const before = new Set(known.keys());

	for (const dev of app.town.rows.devices.values())
		if (dev.person && !known.has(dev.person))
			known.set(dev.person, dev.name || "");
	return [...known].sort((a, b) => Number(before.has(b[0])) - Number(before.has(a[0])) || (a[0] < b[0] ? -1 : 1));
}

/** @param {App} app @param {SubmitEvent} e */
function submit(app, e) {
	/** @type {Record<string, string>} */
	const body = {};

	e.preventDefault();
	for (const [k, v] of new FormData(/** @type {HTMLFormElement} */ (e.target)))
		if (String(v).trim())
			body[k] = k === "until" ? `${v}:00+08:00` : String(v).trim();
	sendAct(app.file, body, handlers(app).some(([code]) => code === body.to));
}

// ---------------------------------------------------------------- what was done

/** @param {App} app @param {Detail} d */
const timelineView = (app, d) => html`<h3>${app.say("timeline")}</h3>
	${d.timeline_cut ? html`<p class="sub">${app.say("timeline_cut", { n: d.timeline_cut })}</p>` : nothing}
	<ol class="timeline">${repeat(d.timeline, (_, i) => i, (a) => actView(app, a))}</ol>`;

/** @param {App} app @param {Act} a */
function actView(app, a) {
	const { say, lang } = app;
	const at = instant(a.at) || 0;
	const known = instant(a.committed || a.received || "");
	const counts = !a.status || a.status === "in_force";
	const photos = a.photos || [];

	return html`<li class=${counts ? "" : "out"}><div class="line"><b>${nameOf("action", a.action, lang)}</b> <span class="own">${a.person_name || a.person || ""}</span>
			${a.to ? html`→ <span class="own">${a.to_name || a.to}</span>` : nothing}${a.result ? html` · ${nameOf("result", a.result, lang)}` : nothing}${a.rating ? html` · ${nameOf("rating", a.rating, lang)}` : nothing}${
			a.until ? html` · ${say("act_until")} ${timeView(app, a.until)}` : nothing}
			${a.parallel ? html`<span class="chip due" title=${say("parallel_hint")}>${say("parallel")}</span>` : nothing}
			${counts ? nothing : html`<span class="chip late">${nameOf("standing", a.status || "", lang)}</span>`}</div>
		${a.note ? html`<div class="own">${a.note}</div>` : nothing}
		${counts ? nothing : html`<div class="sub">${a.code ? nameOf("code", a.code, lang) : nothing} <span class="own">${original(app, a.detail)}</span></div>`}
		${a.voided ? html`<div class="sub"><span class="own">${a.voided.person_name || a.voided.person}</span>: <span class="own">${a.voided.reason}</span></div>` : nothing}
		<div class="sub"><time title=${full(at)}>${when(at, app.nowMs())}</time>${known !== null && known - at > LATE_NEWS_MS ? html` · ${say("known_at")} <time title=${full(known)}>${when(known, app.nowMs())}</time>` : nothing}${
			photos.length ? html` · ${say("photos", { n: photos.length })}` : nothing}</div>${photosView(app, photos)}</li>`;
}
