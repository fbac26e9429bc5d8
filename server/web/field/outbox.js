// The outbox, and one record of it: what it says, what became of it, in words.
import { html, nothing, repeat } from "../vendor/lit.js";
import { isUnsent } from "./box.js";
import { categoryOf, formsOf } from "./forms.js";
import { nameOf } from "./main.js";
import { photosOf, photosView } from "./photos.js";
import { dayOf, full, isOwn, when } from "./say.js";
import { named } from "./words.js";

/** @typedef {import("./main.js").Field} Field */
/** @typedef {import("./box.js").Record_} Mail */
/** @typedef {import("./words.js").Word} Word */

/** @type {Record<string, Word>} */
const STATE = { waiting: "state_waiting", sent: "state_sent", stored: "state_stored", held: "state_held", refused: "state_refused", conflict: "state_conflict", moved: "state_moved" };
const SHOWN = 200;
const isAnswered = (/** @type {Mail} */ m) => ["stored", "held", "refused", "conflict"].includes(m.state);
const tone = (/** @type {Mail} */ m) => (m.state === "stored" ? "good" : m.state === "refused" || m.state === "conflict" ? "bad" : m.state === "held" ? "warn" : "");
/** Is it on its way, without an answer: may it be changed or taken back? @param {Field} app @param {Mail} m */
const mayChange = (app, m) => (m.state === "waiting" || m.state === "sent") && !m.replaced && !!formsOf(m.event?.kind) && (!m.device || m.device === app.account?.device);
/** May what it says be corrected and sent again? @param {Mail} m */
const mayAgain = (m) => !!m.event && !m.replaced && isAnswered(m) && (m.state === "conflict" || (!!formsOf(m.event.kind) && (m.state !== "stored" || m.event.kind !== "case.act")));

let more = SHOWN;

/** @param {Field} app */
export function outboxView(app) {
	const { say, mail, drafts } = app;
	const rows = mail.filter((m) => isOwn(m) || m.state === "refused" || m.state === "conflict");
	const count = (/** @type {Word} */ word, /** @type {number} */ n, /** @type {string} */ cls = "") => html`<div><dt>${say(word)}</dt><dd class=${n && cls ? cls : ""}>${n}</dd></div>`;
	const of = (/** @type {string[]} */ ...s) => rows.filter((m) => s.includes(m.state) && !m.removed && !m.replaced).length;

	return html`<h2>${say("outbox")}</h2>${photosView(app)}
	<dl class="counts small">${count("drafts", drafts.length)}${count("state_waiting", of("waiting"))}${count("state_sent", of("sent"))}${count("state_stored", of("stored"))}${count("n_held", of("held"), "warn")}${count("state_refused", of("refused", "conflict"), "bad")}</dl>
	${drafts.length ? html`<h3>${say("drafts")}</h3><ul class="list">${repeat(drafts, (d) => d.key, (d) => html`<li><span>${say(formWord(d))} ${d.value.title || d.value.household || d.value.object || nothing}</span>
		<span class="acts"><button type="button" @click=${() => app.go("form", { form: d.key.split(" ")[0], draft: d.key })}>${say("go_on")}</button>
		<button type="button" @click=${() => app.dropDraft(d.key)}>${say("discard")}</button></span></li>`)}</ul>` : nothing}
	${rows.length === 0 ? html`<p class="empty">${say("outbox_none")}</p>` : html`<ul class="list mail">${repeat(rows.slice(0, more), (m) => `${m.epoch} ${m.seq}`, (m) => lineView(app, m))}</ul>
	${rows.length > more ? html`<button type="button" class="big" @click=${() => {
		more += SHOWN;
		app.draw();
	}}>${say("show_more", { n: rows.length - more })}</button>` : nothing}`}
	<button type="button" class="big" data-test="retry" @click=${() => app.retry()}>${say("retry_all")}</button>`;
}

/** @param {{key: string, value: any}} d @returns {Word} */
const formWord = (d) => /** @type {Word} */ (({ report: "report", inspect: "inspect", visit: "visit", work: "work", household: "household_form", substitute: "substitute" })[d.key.split(" ")[0]] || `act_${d.value.action || "handle"}`);

/** @param {Field} app @param {Mail} m */
function lineView(app, m) {
	const { say, lang } = app;

	if (m.removed)
		return html`<li class="gone" data-mail=${m.seq} data-state=${m.state}><span><b>#${m.seq}</b> ${named("kind", m.event?.kind || m.kind, lang)}</span><small>${say("removed", { day: dayOf(m.removed).slice(5), made: when(m.made), what: say(STATE[m.state]) })}</small></li>`;
	return html`<li data-mail=${m.seq} data-state=${m.state}><button type="button" class="line" @click=${() => app.go("record", { mail: m })}><b>#${m.seq}</b> ${named("kind", m.event?.kind || m.kind, lang)} ${m.label || nothing}</button>
		<small>${m.device && m.device !== app.account?.device ? html`<b>${m.device}</b> ` : nothing}${when(m.made)} ${m.event ? nothing : say("old_line")}</small>
		<span class=${tone(m)}>${say(STATE[m.state])}${m.replaced ? html` · ${say(m.withdrawn ? "withdrawn" : "state_moved")}` : m.code ? html` · ${named("code", m.code, lang)}` : nothing}</span>
		${verdictView(app, m)}${photosOf(app, m)}
		${mayAgain(m) && m.state !== "stored" ? html`<small class="detail">${m.detail || nothing}</small><button type="button" data-test="again" @click=${() => app.again(m)}>${say("again")}</button>` : nothing}</li>`;
}

/** What the platform found of a patrol. @param {Field} app @param {Mail} m */
function verdictView(app, m) {
	const p = m.event?.kind === "patrol.end" && (app.down?.patrols || []).find((/** @type {any} */ x) => x.patrol === m.event.body.patrol);

	return p ? html`<span class="detail ${p.valid ? "good" : "warn"}" data-test="verdict">${p.valid ? app.say("verdict_valid") : (p.reasons || []).map((/** @type {string} */ r) => named("reason", r, app.lang)).join(" ")}
		· ${app.say("verdict_measures", { m: Math.round(p.seconds / 60), k: (p.metres / 1000).toFixed(2) })}${p.coverage_permille === null || p.coverage_permille === undefined ? nothing : ` · ${app.say("covered")} ${Math.round(p.coverage_permille / 10)}%`}</span>` : nothing;
}

/** A record as it was sent. @param {Field} app */
export function recordView(app) {
	const { say, lang } = app;
	const was = app.screen.mail;
	const m = was && app.mail.find((x) => x.epoch === was.epoch && x.seq === was.seq);

	if (!m)
		return outboxView(app);
	const e = m.event;
	const line = (/** @type {unknown} */ k, /** @type {unknown} */ v) => (v === "" || v === undefined || v === null || v === nothing ? nothing : html`<div><dt>${k}</dt><dd>${v}</dd></div>`);

	return html`<h2>#${m.seq} ${named("kind", e?.kind || m.kind, lang)}</h2>
	<p class=${tone(m)} data-test="record-state"><b>${say(STATE[m.state])}</b>${m.code ? html` · ${named("code", m.code, lang)}` : nothing}${m.detail ? html`<br><small>${m.detail}</small>` : nothing}</p>
	${verdictView(app, m)}
	<dl class="facts">${line(say("at"), full(m.made + (e?.off || 0)))}${e ? body(app, e).map(([k, v]) => line(k, v)) : line(say("note"), say("old_line"))}
		${e?.scope ? line(say("place"), nameOf(e.scope)) : nothing}${e?.loc ? line(say("position"), `${e.loc.lat.toFixed(5)}, ${e.loc.lon.toFixed(5)} ±${e.loc.acc} m`) : nothing}
		${e?.body.vague ? line(say("vague"), named("vague", e.body.vague, lang)) : nothing}${e?.att?.length ? line(say("photos"), html`${e.att.length} ${photosOf(app, m)}`) : nothing}${m.answered ? line(say("answered"), full(m.answered + app.off)) : nothing}${line(say("commit"), m.commit)}
		${line(say("epoch"), html`<code>${m.epoch}</code>`)}${m.from ? line(say("corrects"), `#${m.from.split("/")[1]}`) : nothing}${m.replaced ? line(say(m.withdrawn ? "withdrawn" : "replaced"), `#${m.replaced.split("/")[1]}`) : nothing}</dl>
	${mayAgain(m) ? html`${m.state === "stored" ? html`<p class="note">${say("again_stored")}</p>` : nothing}<button type="button" class="big" data-test="again" @click=${() => app.again(m)}>${say("again")}</button>` : nothing}
	${mayChange(app, m) ? html`<p class="note">${say(isUnsent(m) ? "change_unsent" : "change_sent")}</p><div class="pair"><button type="button" class="big" data-test="withdraw" @click=${() => {
		if (confirm(say("withdraw_ask")))
			app.withdraw(m).then(() => app.go("outbox"));
	}}>${say("withdraw")}</button><button type="button" class="big" data-test="change" @click=${() => app.again(m)}>${say("change")}</button></div>` : nothing}
	${isAnswered(m) ? html`<button type="button" class="big" data-test="remove" @click=${() => {
		if (confirm(say("remove_ask")))
			app.remove(m).then(() => app.go("outbox"));
	}}>${say("remove")}</button>` : nothing}
	<button type="button" class="big" @click=${() => app.go("outbox")}>${say("back")}</button>`;
}

/** What it says, by its kind. @param {Field} app @param {any} e @returns {[string, unknown][]} */
function body(app, e) {
	const { say, lang } = app;
	const b = e.body;

	switch (e.kind) {
	case "case.report":
		return [[say("class"), named("class", b.class, lang)], [say("severity"), named("severity", b.severity, lang)], [say("category"), categoryOf(app, b.class, b.category)], [say("heading"), b.title], [say("text"), b.text], [say("self_fixed"), b.self_fixed && say("yes")]];
	case "case.act":
		return [[say("act"), say(/** @type {Word} */ (`act_${b.action}`))], [say("result"), b.result && named("result", b.result, lang)], [say("act_note"), b.note]];
	case "inspect":
		return [[say("topic"), categoryOf(app, "topic", b.topic)], [say("result"), say(b.result === "ok" ? "result_ok" : "result_problem")], [say("object"), b.object]];
	case "visit":
		return [[say("household"), b.household], [say("persons"), b.persons], [say("staff"), b.staff]];
	case "work":
		return [[say("work_item"), categoryOf(app, "work", b.item)], [say("qty"), `${b.approx ? say("qty_about") : ""}${b.qty} ${b.unit || ""}`]];
	case "household":
		return [[say("household"), b.household], [say("household_state"), named("household", b.state, lang)], [say("persons"), b.persons]];
	case "patrol.start":
		return [[say("route"), named("route", b.route, lang)], [say("target"), nameOf(b.target)]];
	case "patrol.substitute":
		return [[say("way"), named("way", b.way, lang)], [say("target"), nameOf(b.target)]];
	case "patrol.end":
		return [[say("result"), say(b.clear ? "patrol_clear" : "patrol_found")], [say("note"), b.note]];
	case "sos":
		return [[say("text"), b.text]];
	default:
		return [];
	}
}
