// The screens of the field app: today, a patrol, the outbox, me.
import { html, nothing, repeat } from "../vendor/lit.js";
import { actOn, formView, placesOf } from "./forms.js";
import { isVague, onDraw, VERSION } from "./main.js";
import { casePhotos, photosOf, photosView } from "./photos.js";
import { sketch } from "./walk.js";
import { CODES, named } from "./words.js";

/** @typedef {import("./main.js").Field} Field */
/** @typedef {import("./box.js").Record_} Mail */

const SHIFT_MS = 8 * 3600e3; // the platform's civil time, whatever the phone says
const civil = (/** @type {number} */ ms) => new Date(ms + SHIFT_MS).toISOString();
const clock = (/** @type {number} */ ms) => civil(ms).slice(11, 16);
const dayOf = (/** @type {number} */ ms) => civil(ms).slice(0, 10);
const when = (/** @type {number} */ ms) => (dayOf(ms) === dayOf(Date.now()) ? clock(ms) : `${dayOf(ms).slice(5)} ${clock(ms)}`);
const two = (/** @type {number} */ n) => String(n).padStart(2, "0");

/** Records that the worker made, not the phone by itself. @param {Mail} m */
const isOwn = (m) => !["patrol.track", "status"].includes(m.event?.kind || /** @type {any} */ (m).kind);

/** @param {Field} app */
export function topView(app) {
	const { say, post, here, gps } = app;
	const link = post ? post.link : "off";

	return html`<header class="top"><h1 class="vh">${say("title")}</h1><span class=${link === "mqtt" || link === "http" ? "good" : "bad"} data-test="link"><span class="dot" aria-hidden="true"></span>${app.account ? say(/** @type {import("./words.js").Word} */ (`link_${link}`)) : say("title")}</span>
	<span class=${isVague() || gps !== "good" ? "warn" : ""} data-test="gps">${!app.account ? nothing : here ? say(isVague() ? "gps_poor" : "gps_good", { n: here.acc }) : say(gps === "none" ? "gps_none" : "gps_wait")}</span></header>
	${globalThis.isSecureContext ? nothing : html`<p class="note" role="alert">${say("unsafe")}</p>`}
	${/MicroMessenger/i.test(navigator.userAgent) ? html`<p class="note">${say("wechat")}</p>` : nothing}`;
}

/** @param {Field} app */
export function bottomView(app) {
	const { say, screen, mail, drafts } = app;
	const wait = mail.filter((m) => m.state === "waiting" || m.state === "sent").length + drafts.length;
	const bad = mail.filter((m) => m.state === "refused" || m.state === "conflict").length;
	const tab = (/** @type {string} */ name, /** @type {string} */ text, /** @type {unknown} */ badge) => html`<button type="button" aria-current=${screen.name === name ? "page" : nothing} @click=${() => app.go(name)}>${text}${badge}</button>`;

	return html`<nav class="bottom" aria-label=${say("title")}>${tab(app.walk ? "walk" : "today", app.walk ? say("patrol_on") : say("today"), nothing)}${tab("outbox", say("outbox"),
		bad ? html` <b class="badge bad">${bad}</b>` : wait ? html` <b class="badge">${wait}</b>` : nothing)}${tab("me", say("me"), nothing)}</nav>`;
}

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
	case "outbox":
		return outboxView(app);
	case "me":
		return meView(app);
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

	return html`<dl class="counts"><div><dt>${say("n_patrols")}</dt><dd data-test="patrols">${Math.max(figure("patrols")?.today || 0, own)}</dd></div>
		<div><dt>${say("n_waiting")}</dt><dd data-test="waiting">${unsent}</dd></div><div><dt>${say("n_stored")}</dt><dd data-test="stored">${stored}</dd></div></dl>
	<div class="pair"><button type="button" class="big primary" data-test="start" @click=${() => app.go(app.walk ? "walk" : "start")}>${app.walk ? say("patrol_on") : say("start_patrol")}</button>
		<button type="button" class="big" data-test="report" @click=${() => app.go("form", { form: "report" })}>${say("report")}</button></div>
	<div class="pair"><button type="button" class="big" @click=${() => app.go("form", { form: "inspect" })}>${say("inspect")}</button>
		<button type="button" class="big" @click=${() => app.go("form", { form: "visit" })}>${say("visit")}</button></div>
	<h2>${say("duties")}</h2>${dutiesView(app)}
	<h2>${say("cases")}</h2>${casesView(app)}`;
}

/** @param {Field} app */
function dutiesView(app) {
	const { say, down } = app;
	const rows = (down?.duties || []).filter((/** @type {any} */ d) => d.need > 0);

	return rows.length === 0 ? html`<p class="empty">${say("duties_none")}</p>` : html`<ul class="list">${repeat(rows, (/** @type {any} */ d) => `${d.rule} ${d.target}`, (d) => html`<li><span>${d.target_name || d.target || d.rule}</span>
		<span class=${d.done >= d.need ? "good" : "warn"}>${d.done >= d.need ? say("duty_done") : say("duty_left", { n: d.need - d.done, day: String(d.last).slice(5) })}</span> <b>${d.done}/${d.need}</b>${d.reminders ? html`
		<small class="warn" data-test="reminded">${say("duty_reminded", { when: when(d.reminded_at), who: d.reminded_by, n: d.reminders })}</small>` : nothing}</li>`)}</ul>`;
}

/** @param {Field} app */
function casesView(app) {
	const { say, down, lang } = app;
	const rows = down?.cases || [];

	return rows.length === 0 ? html`<p class="empty">${say("cases_none")}</p>` : html`<ul class="list">${repeat(rows, (/** @type {any} */ c) => c.id, (c) => html`<li><span><b class="sev s${c.severity}">${named("severity", c.severity, lang)}</b> ${c.title || c.category}</span>
		<small>${c.scope_name || c.scope} ${c.due ? say("case_due", { day: when(c.due) }) : nothing}</small>
		${casePhotos(app, c)}<span class="acts">${(c.actions || []).map((/** @type {string} */ a) => (a === "sign" || a === "return" || a === "handle" ? html`<button type="button" @click=${() => actOn(app, c, a)}>${say(a === "sign" ? "act_sign" : a === "return" ? "act_return" : "act_handle")}</button>` : nothing))}</span></li>`)}</ul>`;
}

// ---------------------------------------------------------------- a patrol

let chosen = { route: "grid", target: "" };

/** @param {Field} app */
function startView(app) {
	const { say, lang } = app;
	const list = placesOf(app).filter((p) => (chosen.route === "grid" || chosen.route === "burning" ? /^\d+$/.test(p.code) : !/^\d+$/.test(p.code)));
	const duty = (app.down?.duties || []).map((/** @type {any} */ d) => d.target);

	list.sort((a, b) => Number(duty.includes(b.code)) - Number(duty.includes(a.code)));
	if (!list.some((p) => p.code === chosen.target))
		chosen.target = list[0]?.code || "";
	return html`<h2>${say("start_patrol")}</h2>
	<div class="row" role="group" aria-label=${say("route")}><span class="label">${say("route")}</span><div class="choices">${Object.keys(CODES.route).map((r) => html`<button type="button" aria-pressed=${chosen.route === r} @click=${() => {
		chosen = { route: r, target: "" };
		app.draw();
	}}>${named("route", r, lang)}</button>`)}</div></div>
	<div class="row"><label for="f-target">${say("target")}</label>${list.length ? html`<select id="f-target" @change=${(/** @type {any} */ e) => (chosen.target = e.target.value)}>${list.map((p) => html`<option value=${p.code} ?selected=${p.code === chosen.target}>${p.name}</option>`)}</select>`
		: html`<p class="empty">${say("target_none")}</p>`}</div>
	<p class="note">${say("patrol_lock")}</p>
	<div class="pair"><button type="button" class="big" @click=${() => app.go("today")}>${say("back")}</button>
		<button type="button" class="big primary" data-test="go" ?disabled=${!chosen.target} @click=${() => app.start(chosen.route, chosen.target)}>${say("start_patrol")}</button></div>`;
}

/** @param {Field} app */
function walkView(app) {
	const { say } = app;
	const w = /** @type {import("./walk.js").Walk} */ (app.walk);
	const s = Math.floor((Date.now() - w.startedAt) / 1000);
	const { min_minutes: m, min_metres: k } = w.rule || {};
	const done = Math.min(m ? w.ms / 60e3 / m : 1, k ? w.metres / k : 1);
	const place = placesOf(app).find((p) => p.code === w.target);

	onDraw(() => {
		const el = /** @type {HTMLCanvasElement|null} */ (document.getElementById("way"));
		const css = getComputedStyle(document.documentElement);

		if (el)
			sketch(el, w, { line: css.getPropertyValue("--accent").trim(), here: css.getPropertyValue("--s2").trim() });
	});
	return html`<h2>${place?.name || w.target}</h2>
	<dl class="counts"><div><dt>${say("patrol_on")}</dt><dd data-test="clock">${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}</dd></div><div><dt>km</dt><dd data-test="km">${(w.metres / 1000).toFixed(2)}</dd></div></dl>
	<p>${m || k ? say("patrol_rule", { m: m || 0, k: ((k || 0) / 1000).toFixed(1) }) : say("patrol_norule")}</p>
	${m || k ? html`<progress max="1" value=${done} aria-label=${say("patrol_on")}></progress>` : nothing}
	<canvas id="way" aria-hidden="true"></canvas>
	<p class="note">${say(app.locked ? "patrol_lock" : "patrol_nolock")}</p>
	<div class="pair"><button type="button" class="big" @click=${() => app.go("form", { form: "report" })}>${say("report")}</button>
		<button type="button" class="big primary" data-test="end" @click=${() => app.go("end")}>${say("patrol_end")}</button></div>`;
}

/** @param {Field} app */
const endView = (app) => html`<h2>${app.say("patrol_end")}</h2><p>${app.say("patrol_ask_clear")}</p>
	<div class="pair"><button type="button" class="big" data-test="clear" @click=${() => app.end(true)}>${app.say("patrol_clear")}</button>
		<button type="button" class="big" @click=${() => app.end(false)}>${app.say("patrol_found")}</button></div>
	<button type="button" class="big" @click=${() => app.go("walk")}>${app.say("back")}</button>`;

// ---------------------------------------------------------------- the outbox

/** @type {Record<string, import("./words.js").Word>} */
const STATE = { waiting: "state_waiting", sent: "state_sent", stored: "state_stored", held: "state_held", refused: "state_refused", conflict: "state_conflict", moved: "state_moved" };

/** @param {Field} app */
function outboxView(app) {
	const { say, mail, drafts, lang } = app;
	const rows = mail.filter((m) => isOwn(m) || m.state === "refused" || m.state === "conflict").slice(0, 200);

	return html`<h2>${say("outbox")}</h2>${photosView(app)}
	${drafts.length ? html`<h3>${say("drafts")}</h3><ul class="list">${repeat(drafts, (d) => d.key, (d) => html`<li><span>${d.value.title || d.value.household || d.key.split(" ")[0]}</span>
		<button type="button" @click=${() => app.go("form", { form: d.key.split(" ")[0], draft: d.key })}>${say("draft")}</button></li>`)}</ul>` : nothing}
	${rows.length === 0 ? html`<p class="empty">${say("outbox_none")}</p>` : html`<ul class="list mail">${repeat(rows, (m) => `${m.epoch} ${m.seq}`, (m) => html`<li data-mail=${m.seq} data-state=${m.state}><span><b>#${m.seq}</b> ${named("kind", m.event?.kind || /** @type {any} */ (m).kind, lang)} ${m.label || nothing}</span>
		<small>${m.device && m.device !== app.account?.device ? html`<b>${m.device}</b> ` : nothing}${when(m.made)} ${m.event ? nothing : say("old_line")}</small>
		<span class=${m.state === "stored" ? "good" : m.state === "refused" || m.state === "conflict" ? "bad" : m.state === "held" ? "warn" : ""}>${say(STATE[m.state])}${m.code ? html` · ${named("code", m.code, lang)}` : nothing}</span>
		${verdictView(app, m)}${photosOf(app, m)}
		${(m.state === "refused" || m.state === "conflict" || m.state === "held") && m.event ? html`<small class="detail">${m.detail || nothing}</small><button type="button" @click=${() => app.again(m)}>${say("again")}</button>` : nothing}</li>`)}</ul>`}
	<button type="button" class="big" @click=${() => app.retry()}>${say("retry_all")}</button>`;
}

/** What the platform found of a patrol. @param {Field} app @param {Mail} m */
function verdictView(app, m) {
	const p = m.event?.kind === "patrol.end" && (app.down?.patrols || []).find((/** @type {any} */ x) => x.patrol === m.event.body.patrol);

	return p ? html`<span class=${p.valid ? "good" : "warn"} data-test="verdict">${p.valid ? "✓" : (p.reasons || []).map((/** @type {string} */ r) => named("reason", r, app.lang)).join(" ")}</span>` : nothing;
}

// ---------------------------------------------------------------- me

/** @param {Field} app */
function meView(app) {
	const { say, down, account, post } = app;
	const person = down?.people?.[0];
	const line = (/** @type {string} */ k, /** @type {unknown} */ v) => html`<div><dt>${k}</dt><dd>${v}</dd></div>`;
	const figures = (down?.figures || []).filter((/** @type {any} */ f) => f.today || f.month || f.year);
	const last = app.mail.find((m) => m.commit);

	return html`<h2>${person?.name || account?.device}</h2>
	${figures.length ? html`<table><thead><tr><td></td><th scope="col">${say("today")}</th><th scope="col">${say("month")}</th><th scope="col">${say("year")}</th></tr></thead>
		<tbody>${figures.map((/** @type {any} */ f) => html`<tr><th scope="row">${f.name || f.id}</th><td>${f.today}</td><td>${f.month}</td><td>${f.year}</td></tr>`)}</tbody></table>` : nothing}
	<dl class="facts">${line(say("device"), account?.device)}${line(say("version"), VERSION)}${line(say("clock"), say("seconds", { n: (app.off / 1000).toFixed(1) }))}
		${line(say("storage"), html`<span class=${app.saved ? "good" : "warn"}>${say(app.saved ? "storage_safe" : "storage_unsafe")}</span>`)}
		${line(say("last_seq"), app.mail[0]?.seq ?? say("never"))}${line(say("last_ack"), post?.heard ? clock(post.heard) : last ? when(last.made) : say("never"))}${line(say("epoch"), html`<code>${app.mail[0]?.epoch || "—"}</code>`)}</dl>
	<div class="pair"><button type="button" class="big" @click=${() => copy(app)}>${say("copy")}</button>
		<button type="button" class="big" lang=${app.lang === "zh" ? "en" : "zh-CN"} @click=${() => {
			localStorage.setItem("xunge.lang", app.lang === "zh" ? "en" : "zh");
			location.reload();
		}}>${say("other_lang")}</button></div>`;
}

/** @param {Field} app */
function copy(app) {
	const count = (/** @type {string} */ s) => app.mail.filter((m) => m.state === s).length;
	const text = JSON.stringify({ device: app.account?.device, version: VERSION, link: app.post?.link, trouble: app.post?.trouble, off: app.off, epoch: app.mail[0]?.epoch, last: app.mail[0]?.seq, waiting: count("waiting"), sent: count("sent"), stored: count("stored"),
		refused: count("refused"), cursor: app.down?.cursor ? "yes" : "no", agent: navigator.userAgent, at: new Date().toISOString() }, null, 1);

	navigator.clipboard?.writeText(text).then(() => {
		app.said = app.say("copied");
		app.draw();
	}, () => {});
}

// ---------------------------------------------------------------- who this phone is

/** @param {Field} app */
export function enrolView(app) {
	const { say } = app;
	const send = (/** @type {SubmitEvent} */ e) => {
		const f = new FormData(/** @type {HTMLFormElement} */ (e.target));
		const v = (/** @type {string} */ k) => String(f.get(k) || "").trim();

		e.preventDefault();
		if (v("device") && v("secret") && /^\d{6}$/.test(v("district")))
			app.enrol({ device: v("device"), secret: v("secret"), district: v("district") });
		else {
			app.error = say("need", { what: say(!v("device") ? "enrol_id" : !v("secret") ? "enrol_secret" : "enrol_district") });
			app.draw();
		}
	};

	return html`<form class="form" @submit=${send}><h2>${say("enrol")}</h2><p>${say("enrol_lead")}</p>
	${app.error ? html`<p class="error" role="alert">${app.error}</p>` : nothing}
	<div class="row"><label for="f-device">${say("enrol_id")}</label><input id="f-device" name="device" autocapitalize="none" autocomplete="off"></div>
	<div class="row"><label for="f-secret">${say("enrol_secret")}</label><input id="f-secret" name="secret" autocapitalize="none" autocomplete="off"></div>
	<div class="row"><label for="f-district">${say("enrol_district")}</label><input id="f-district" name="district" inputmode="numeric"></div>
	<button class="big primary">${say("enrol_do")}</button></form>`;
}
