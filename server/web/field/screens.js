// The screens of the field app: what stands above and below, today, an SOS.
import { html, nothing, repeat } from "../vendor/lit.js";
import { actOn, formView } from "./forms.js";
import { isVague, onDraw } from "./main.js";
import { diagView, meView } from "./me.js";
import { outboxView, recordView } from "./outbox.js";
import { endView, startView, walkView } from "./patrol.js";
import { casePhotos } from "./photos.js";
import { dayOf, isOwn, when } from "./say.js";
import { named } from "./words.js";

/** @typedef {import("./main.js").Field} Field */
/** @typedef {import("./box.js").Record_} Mail */
/** @typedef {import("./words.js").Word} Word */

/** What is in the way, in words: the platform refused, or nothing came through for long. @param {Field} app @returns {string} */
function trouble(app) {
	const p = app.post?.problem || app.problem;
	/** @type {Record<number, Word>} */
	const word = { 401: "link_refused", 403: "trouble_403", 409: "trouble_409", 413: "trouble_413", 415: "trouble_415", 429: "trouble_429", 503: "trouble_503" };

	return !p || p.status === 401 ? "" : app.say(word[p.status] || (p.status >= 500 ? "trouble_503" : "trouble_other"), { n: p.wait || 60, code: p.code || p.status });
}

/** @param {Field} app */
export function topView(app) {
	const { say, post, here, gps } = app;
	const link = !post ? "off" : post.leads ? post.link : app.other?.link || "elsewhere";
	const why = app.account ? trouble(app) : "";

	return html`<header class="top"><h1 class="vh">${say("title")}</h1><span class=${!app.account ? "" : ["mqtt", "http", "elsewhere"].includes(link) ? "good" : "bad"} data-test="link">${app.account ? html`<span class="dot" aria-hidden="true"></span>` : nothing}${app.account ? say(/** @type {Word} */ (`link_${link}`)) : say("title")}</span>
	<span class=${isVague() || gps !== "good" ? "warn" : ""} data-test="gps">${!app.account ? nothing : here ? say(isVague() ? "gps_poor" : "gps_good", { n: here.acc }) : say(gps === "none" ? "gps_none" : "gps_wait")}</span></header>
	${why ? html`<p class="note" role="alert" data-test="trouble">${why}</p>` : nothing}
	${app.fresh ? html`<p class="note"><button type="button" class="big" @click=${() => location.reload()}>${say("fresh")}</button></p>` : nothing}
	${globalThis.isSecureContext ? nothing : html`<p class="note" role="alert">${say("unsafe")}</p>`}
	${/MicroMessenger/i.test(navigator.userAgent) ? html`<p class="note">${say("wechat")}</p>` : nothing}`;
}

/** @param {Field} app */
export function bottomView(app) {
	const { say, screen, mail, drafts } = app;
	const wait = mail.filter((m) => m.state === "waiting" || m.state === "sent").length + drafts.length;
	const bad = mail.filter((m) => isBad(m)).length;
	const tab = (/** @type {string} */ name, /** @type {string} */ text, /** @type {unknown} */ badge) => html`<button type="button" aria-current=${screen.name === name ? "page" : nothing} @click=${() => app.go(name)}>${text}${badge}</button>`;

	return html`<nav class="bottom" aria-label=${say("title")}>${tab(app.walk ? "walk" : "today", app.walk ? say("patrol_on") : say("today"), nothing)}${tab("outbox", say("outbox"),
		bad ? html` <b class="badge bad">${bad}</b>` : wait ? html` <b class="badge">${wait}</b>` : nothing)}${tab("me", say("me"), nothing)}</nav>`;
}

/** Refused, and nobody has dealt with it. @param {Mail} m */
const isBad = (m) => (m.state === "refused" || m.state === "conflict") && !m.replaced && !m.removed;

/** @param {Field} app */
export function screens(app) {
	onDraw(() => {});
	switch (app.screen.name) {
	case "walk":
		return app.walk ? walkView(app) : todayView(app);
	case "start":
		return startView(app);
	case "end":
		return app.walk ? endView(app) : todayView(app);
	case "form":
		return app.screen.form ? formView(app) : todayView(app);
	case "sos":
		return sosView(app);
	case "outbox":
		return outboxView(app);
	case "record":
		return recordView(app);
	case "me":
		return meView(app);
	case "diag":
		return diagView(app);
	default:
		return todayView(app);
	}
}

// ---------------------------------------------------------------- today

/** @param {Field} app */
function todayView(app) {
	const { say, down, mail } = app;
	const today = dayOf(Date.now());
	const figure = (/** @type {string} */ id) => (down?.figures || []).find((/** @type {any} */ f) => f.id === id);
	const unsent = mail.filter((m) => (m.state === "waiting" || m.state === "sent")).length;
	const stored = mail.filter((m) => (m.state === "stored" || m.state === "held") && dayOf(m.made) === today && isOwn(m)).length;
	const own = mail.filter((m) => m.event?.kind === "patrol.start" && dayOf(m.made) === today && m.state !== "moved").length;
	const bad = mail.filter(isBad).length;
	const form = (/** @type {string} */ name, /** @type {Word} */ word) => html`<button type="button" class="big" data-test=${name} @click=${() => app.go("form", { form: name })}>${say(word)}</button>`;

	return html`<dl class="counts"><div><dt>${say("n_patrols")}</dt><dd data-test="patrols">${Math.max(figure("patrols")?.today || 0, own)}</dd></div>
		<div><dt>${say("n_waiting")}</dt><dd data-test="waiting">${unsent}</dd></div><div><dt>${say("n_stored")}</dt><dd data-test="stored">${stored}</dd></div></dl>
	${bad ? html`<button type="button" class="big alarm" @click=${() => app.go("outbox")}>${say("n_refused", { n: bad })}</button>` : nothing}
	<div class="pair"><button type="button" class="big primary" data-test="start" @click=${() => app.go(app.walk ? "walk" : "start")}>${app.walk ? say("patrol_on") : say("start_patrol")}</button>${form("report", "report")}</div>
	<div class="pair">${form("inspect", "inspect")}${form("visit", "visit")}</div>
	<div class="pair">${form("work", "work")}${form("household", "household_form")}</div>
	<h2>${say("duties")}</h2>${dutiesView(app)}
	<h2>${say("cases")}</h2>${casesView(app)}
	${app.saved ? nothing : html`<p class="note" data-test="unsafe">${say("storage_risk")}${installView(app)}</p>`}
	<button type="button" class="big sos" data-test="sos" @click=${() => app.go("sos")}>${say("sos")}</button>`;
}

/** @param {Field} app */
export const installView = (app) => (app.install ? html`<button type="button" class="big" data-test="install" @click=${() => {
	app.install.prompt();
	app.install = null;
	app.draw();
}}>${app.say("install")}</button>` : nothing);

/** @param {Field} app */
function dutiesView(app) {
	const { say, down } = app;
	const rows = (down?.duties || []).filter((/** @type {any} */ d) => d.need > 0);
	const next = rows.filter((/** @type {any} */ d) => d.done < d.need).sort((/** @type {any} */ a, /** @type {any} */ b) => String(a.last).localeCompare(String(b.last)))[0];
	const name = (/** @type {any} */ d) => d.target_name || d.target || d.rule;

	return rows.length === 0 ? html`<p class="empty">${say(down ? "duties_none" : "not_synced")}</p>` : html`${next ? html`<p class="next" data-test="next">${say("duty_next", { what: name(next), day: String(next.last).slice(5) })}</p>` : nothing}
	<ul class="list">${repeat(rows, (/** @type {any} */ d) => `${d.person} ${d.rule} ${d.target}`, (d) => html`<li><span>${name(d)} <small>${say(/** @type {Word} */ (`period_${periodOf(app, d)}`))}</small></span><b>${d.done}/${d.need}</b>
		<span class="detail ${d.overdue ? "bad" : d.done >= d.need ? "good" : "warn"}">${d.overdue ? say("duty_late", { day: dayOf(d.overdue).slice(5) }) : d.done >= d.need ? say("duty_done") : say("duty_left", { n: d.need - d.done, day: String(d.last).slice(5) })}</span>${d.reminders ? html`
		<small class="detail warn" data-test="reminded">${say("duty_reminded", { when: when(d.reminded_at), who: d.reminded_by, n: d.reminders })}</small>` : nothing}</li>`)}</ul>`;
}

/** @param {Field} app @param {any} d a duty */
const periodOf = (app, d) => (app.down?.rules || []).find((/** @type {any} */ r) => r.rule === d.rule && r.role === d.role && r.level === d.level)?.period || "any";

/** What was done about a case here, and the platform has not told of yet. @param {Field} app @param {any} c */
const done = (app, c) => app.mail.find((m) => m.event?.kind === "case.act" && m.event.body.case === c.id && (m.state === "waiting" || m.state === "sent" || ((m.state === "stored" || m.state === "held") && (m.answered || 0) > (app.down?.at || 0))));

/** @param {Field} app */
function casesView(app) {
	const { say, down, lang } = app;
	const rows = down?.cases || [];

	return rows.length === 0 ? html`<p class="empty">${say("cases_none")}</p>` : html`<ul class="list">${repeat(rows, (/** @type {any} */ c) => c.id, (c) => {
		const act = done(app, c);

		return html`<li><span><b class="sev s${c.severity}">${named("severity", c.severity, lang)}</b> ${c.title || c.category}</span><span>${named("state", c.state, lang)}</span>
		<small class="detail">${c.scope_name || c.scope} ${c.due ? html`<span class=${c.due < Date.now() ? "bad" : ""}>${say(c.due < Date.now() ? "case_late" : "case_due", { day: when(c.due) })}</span>` : nothing}</small>
		${casePhotos(app, c)}
		${act ? html`<span class="detail good">${say("act_done", { what: say(/** @type {Word} */ (`act_${act.event.body.action}`)) })}</span>` : html`<span class="acts">${(c.actions || []).filter((/** @type {string} */ a) => ["sign", "return", "handle"].includes(a)).map((/** @type {string} */ a) => html`<button type="button" class=${a === "return" ? "" : "primary"}
			@click=${() => actOn(app, c, a)}>${say(/** @type {Word} */ (`act_${a}`))}</button>`)}</span>`}</li>`;
	})}</ul>`;
}

// ---------------------------------------------------------------- SOS

let words = "";

/** @param {Field} app */
function sosView(app) {
	const { say } = app;
	const last = app.mail.find((m) => m.event?.kind === "sos" && Date.now() - m.made < 3600e3);

	return html`<h2>${say("sos")}</h2>
	${last ? html`<p class="note" role="status" data-test="sos-state"><b>${say(last.state === "stored" ? "sos_there" : "sos_leaving")}</b> ${when(last.made)}</p>` : nothing}
	<p>${say("sos_ask")}</p>
	<div class="row"><label for="f-sos">${say("sos_text")}</label><textarea id="f-sos" rows="2" .value=${words} @input=${(/** @type {any} */ e) => (words = e.target.value)}></textarea></div>
	<button type="button" class="big sos tall" data-test="sos-send" @click=${() => app.sos(words.slice(0, 300)).then(() => (words = ""))}>${say("sos_send")}</button>
	<div class="pair"><a class="big link" href="tel:110">${say("call", { n: 110 })}</a><a class="big link" href="tel:120">${say("call", { n: 120 })}</a></div>
	<button type="button" class="big" @click=${() => app.go(app.walk ? "walk" : "today")}>${say("back")}</button>`;
}
