// The forms: a report, an inspection, a visit, work done, a household, an act on a case.  What is typed is kept at once, and
// outlives the page.
import { html, nothing, repeat } from "../vendor/lit.js";
import { isUnsent } from "./box.js";
import { isVague, locOf, nameOf } from "./main.js";
import { CLASSES, reasonRow, tooLong } from "./fields.js";
import { shrink } from "./shot.js";
import { CODES, named } from "./words.js";

/** @typedef {import("./main.js").Field} Field */
/** @typedef {import("./main.js").Mail} Mail */

/** @type {Record<string, string>} */
const FORM = { "case.report": "report", inspect: "inspect", visit: "visit", work: "work", household: "household", "case.act": "act", "patrol.substitute": "substitute" };
/** @type {Record<string, import("./words.js").Word>} */
const TITLE = { report: "report", inspect: "inspect", visit: "visit", work: "work", household: "household_form", substitute: "substitute", sign: "act_sign", return: "act_return", handle: "act_handle" };

/** @param {string} kind @returns {string} its form; "": it has none */
export const formsOf = (kind) => FORM[kind] || "";

const MAX_PHOTOS = 6;

/** @type {{key: string, value: any, busy: boolean}} the form that is open */
let open = { key: "", value: null, busy: false };

/** What a new form holds. @param {Field} app */
function fresh(app) {
	const { form, mail } = app.screen;
	const e = mail?.event;

	if (e)
		return { scope: e.scope || e.body.target || "", photos: [], att: e.att || [], base: e.base, ...e.body, from: [mail.epoch, mail.seq] };
	return form === "report" ? { class: app.walk ? "finding" : "hazard", category: "", severity: 3, title: "", text: "", self_fixed: false, scope: app.walk && /^\d+$/.test(app.walk.target) ? app.walk.target : "", photos: [] }
		: form === "inspect" ? { topic: "", result: "ok", object: "", note: "", scope: "", photos: [] }
		: form === "visit" ? { household: "", persons: "", staff: "1", note: "", scope: "" }
		: form === "work" ? { item: "", qty: "", unit: "", approx: false, scope: "" }
		: form === "household" ? { household: "", state: "", persons: "", scope: "" }
		: form === "substitute" ? { way: "", scope: "" }
		: { note: "", result: "", photos: [] };
}

/** @param {Field} app */
function value(app) {
	const key = app.screen.draft || `${app.screen.form}${app.screen.mail ? ` ${app.screen.mail.epoch} ${app.screen.mail.seq}` : ""}`;

	if (open.key !== key) {
		open = { key, value: fresh(app), busy: false };
		app.box.draft(key).then((d) => {
			if (d && open.key === key) {
				open.value = d;
				app.draw();
			}
		});
	}
	return open.value;
}

/** @param {Field} app @param {any} change */
function set(app, change) {
	Object.assign(open.value, change);
	app.box.keepDraft(open.key, open.value);
	app.draw();
}

/** @param {Field} app @param {File|undefined} file @param {string} role */
async function addPhoto(app, file, role) {
	if (!file)
		return;
	open.busy = true;
	app.error = "";
	app.draw();
	try {
		set(app, { photos: [...open.value.photos, await shrink(file, role)].slice(0, MAX_PHOTOS) });
	} catch (_) { // no picture, or of a kind that this browser does not read
		app.error = app.say("photo_bad");
	} finally {
		open.busy = false;
		app.draw();
	}
}

/** Grids and reaches that one may choose. @param {Field} app */
export const placesOf = (app) => [...(app.down?.areas || []).filter((/** @type {any} */ a) => a.code.length >= 12), ...(app.down?.reaches || [])];

/** @param {string} name @param {unknown} label @param {unknown} control */
const row = (name, label, control) => html`<div class="row"><label for=${`f-${name}`}>${label}</label>${control}</div>`;

/** @param {Field} app @param {any} v */
function placeRow(app, v) {
	const { say } = app;
	const list = placesOf(app);

	return row("scope", html`${say("place")} ${app.here ? html`<small class=${isVague() ? "warn" : ""}>${say(isVague() ? "gps_poor" : "gps_good", { n: app.here.acc })}</small>` : html`<small class="warn">${say(app.gps === "none" ? "gps_none" : "gps_wait")}</small>`}`,
		html`<select id="f-scope" .value=${v.scope} @change=${(/** @type {any} */ e) => set(app, { scope: e.target.value })}>
		<option value="">${say("place_none")}</option>${list.map((p) => html`<option value=${p.code} ?selected=${p.code === v.scope}>${p.name}</option>`)}</select>`);
}

/** @param {Field} app @param {string} name @param {import("./words.js").Word} label @param {any} v @param {string} [mode] */
const textRow = (app, name, label, v, mode = "text") => row(name, app.say(label), mode === "area"
	? html`<textarea id=${`f-${name}`} rows="3" .value=${v[name] || ""} @input=${(/** @type {any} */ e) => set(app, { [name]: e.target.value })}></textarea>`
	: html`<input id=${`f-${name}`} inputmode=${mode} .value=${String(v[name] ?? "")} autocomplete="off" @input=${(/** @type {any} */ e) => set(app, { [name]: e.target.value })}>`);

/** @param {Field} app @param {any} v */
function photoRow(app, v) {
	const { say } = app;

	if (!app.down?.files) // this platform takes no photos yet
		return nothing;

	/** @type {[string, import("./words.js").Word][]} */
	const roles = app.screen.form === "act" ? [["after", "photo"]] : v.self_fixed ? [["before", "photo_before"], ["after", "photo_after"]] : [["before", "photo"]];

	return html`<div class="row"><div class="photos">
		${roles.map(([role, word]) => html`<label class="shoot big">${say(word)}<input class="vh" type="file" accept="image/*" capture="environment" data-role=${role} ?disabled=${open.busy || v.photos.length >= MAX_PHOTOS}
			@change=${(/** @type {any} */ e) => addPhoto(app, e.target.files[0], role).then(() => (e.target.value = ""))}></label>`)}
		${repeat(v.photos, (/** @type {any} */ p) => p.sha256, (p, i) => html`<span class="shot"><img alt=${say("photo_n", { n: i + 1 })} .src=${picture(p)}><button type="button" aria-label=${say("photo_remove", { n: i + 1 })}
			@click=${() => set(app, { photos: v.photos.filter((/** @type {any} */ x) => x !== p) })}>×</button></span>`)}</div></div>`;
}

/** @type {WeakMap<Blob, string>} */
const urls = new WeakMap();

/** @param {{blob: Blob}} p */
function picture(p) {
	if (!urls.has(p.blob))
		urls.set(p.blob, URL.createObjectURL(p.blob));
	return urls.get(p.blob);
}

/** @param {Field} app @param {string} name @param {unknown} label @param {any[]} list [code, name] @param {any} v @param {any} [also] what else changes with it */
const choiceRow = (app, name, label, list, v, also = {}) => html`<div class="row" role="group" aria-label=${label}><span class="label">${label}</span><div class="choices">${list.map(([code, text]) => html`<button type="button" class=${name === "severity" ? `sev s${code}` : ""}
	aria-pressed=${String(v[name]) === String(code)} @click=${() => set(app, { [name]: code, ...also })}>${text}</button>`)}</div></div>`;

/** Categories of a class. @param {Field} app @param {string} cls @returns {any[]} */
const categories = (app, cls) => (app.down?.categories || []).filter((/** @type {any} */ c) => c.class === cls).map((/** @type {any} */ c) => [c.code, app.lang === "zh" ? c.name : c.name_en || c.name]);

const RESULT = ["rectified", "done", "transferred", "stopped"];
const DISPUTE = ["settled_written", "settled_oral", "failed", "guided", "withdrawn"];

/** @param {Field} app */
export function formView(app) {
	const { say, lang } = app;
	const v = value(app);
	const { form } = app.screen;
	const send = (/** @type {SubmitEvent} */ e) => {
		e.preventDefault();
		submit(app, v);
	};

	return html`<form class="form" @submit=${send}>
	<h2>${say(TITLE[form === "act" ? v.action : form] || "act_handle")}</h2>
	${form === "report" ? html`${choiceRow(app, "class", say("class"), CLASSES.map((c) => [c, named("class", c, lang)]), v, { category: "" })}
		${choiceRow(app, "severity", say("severity"), [1, 2, 3, 4].map((n) => [n, named("severity", n, lang)]), v)}
		${choiceRow(app, "category", say("category"), categories(app, v.class), v)}${placeRow(app, v)}${reasonRow(app, v, set)}${textRow(app, "title", "heading", v)}
		${app.down?.files && v.severity !== 1 ? choiceRow(app, "self_fixed", say("self_fixed"), [[false, say("no")], [true, say("yes")]], v) : nothing}${photoRow(app, v)}${textRow(app, "text", "text", v, "area")}`
	: form === "inspect" ? html`${choiceRow(app, "topic", say("topic"), categories(app, "topic"), v)}${choiceRow(app, "result", say("result"), [["ok", say("result_ok")], ["problem", say("result_problem")]], v)}
		${placeRow(app, v)}${reasonRow(app, v, set)}${textRow(app, "object", "object", v)}${photoRow(app, v)}`
	: form === "visit" ? html`${textRow(app, "household", "household", v)}${textRow(app, "persons", "persons", v, "numeric")}${textRow(app, "staff", "staff", v, "numeric")}${placeRow(app, v)}${reasonRow(app, v, set)}`
	: form === "work" ? html`${choiceRow(app, "item", say("work_item"), categories(app, "work"), v)}${textRow(app, "qty", "qty", v, "decimal")}${textRow(app, "unit", "unit", v)}
		${choiceRow(app, "approx", say("qty_how"), [[false, say("qty_exact")], [true, say("qty_approx")]], v)}${placeRow(app, v)}${reasonRow(app, v, set)}`
	: form === "substitute" ? html`<p class="note">${say("substitute_note")}</p>${choiceRow(app, "way", say("way"), Object.keys(CODES.way).map((c) => [c, named("way", c, lang)]), v)}${placeRow(app, v)}`
	: form === "household" ? html`<p class="note">${say("household_note")}</p>${textRow(app, "household", "household", v)}${choiceRow(app, "state", say("household_state"), Object.keys(CODES.household).map((c) => [c, named("household", c, lang)]), v)}
		${textRow(app, "persons", "persons", v, "numeric")}${placeRow(app, v)}`
	: html`<p><b>${v.title || nothing}</b></p>${v.action === "handle" ? html`${choiceRow(app, "result", say("result"), (v.class === "dispute" ? DISPUTE : RESULT).map((c) => [c, named("result", c, lang)]), v)}${photoRow(app, v)}` : nothing}
		${textRow(app, "note", v.action === "return" ? "act_reason" : "act_note", v, "area")}`}
	${app.error ? html`<p class="error" role="alert">${app.error}</p>` : nothing}
	<div class="pair"><button type="button" class="big" @click=${() => {
		app.box.keepDraft(open.key, v).then(() => {
			app.said = say("draft_saved");
			app.go("today");
		});
	}}>${say("draft")}</button><button class="big primary" ?disabled=${open.busy}>${say("submit")}</button></div></form>`;
}

/** The name of a category. @param {Field} app @param {string} cls @param {string} code @returns {string} */
export const categoryOf = (app, cls, code) => categories(app, cls).find((c) => c[0] === code)?.[1] || code;

/** When, where and by whom something was seen is not changed by correcting what was said of it.  An act takes effect now; a time that is wrong is given up.
 * @param {Mail} m what is corrected */
function asItWas(m) {
	const e = m.event;

	if (e.kind === "case.act" || m.code === "time_in_future" || m.code === "time_too_old")
		return {};
	return { at: e.at, off: e.off, loc: e.loc, ref: e.ref, person: e.person, ...(isUnsent(m) ? {} : { rec: Date.now() }) };
}

/** @param {Field} app @param {any} v */
async function submit(app, v) {
	const { say } = app;
	const { form, mail } = app.screen;
	const number = (/** @type {any} */ x) => (x === "" || x === undefined ? undefined : Number(x));
	const whole = (/** @type {any} */ x) => x === "" || x === undefined || /^\d{1,9}$/.test(String(x));
	const fixed = form === "report" && v.self_fixed === true && v.severity !== 1;
	const roles = [...(v.att || []), ...(v.photos || [])].map((/** @type {any} */ p) => p.role);
	const lacks = form === "report" ? (!v.category ? "category" : !v.scope && !app.walk ? "place" : !v.title ? "heading" : fixed && !roles.includes("before") ? "photo_before" : fixed && !roles.includes("after") ? "photo_after" : "") : form === "inspect" ? (!v.topic ? "topic" : !v.scope ? "place" : "")
		: form === "visit" ? (!v.household ? "household" : !whole(v.persons) ? "persons" : !whole(v.staff) ? "staff" : "")
		: form === "work" ? (!v.item ? "work_item" : !/^\d{1,12}(\.\d{1,3})?$/.test(String(v.qty)) ? "qty" : !v.scope ? "place" : "")
		: form === "substitute" ? (!v.way ? "way" : !v.scope ? "place" : "")
		: form === "household" ? (!v.household ? "household" : !v.state ? "household_state" : !whole(v.persons) ? "persons" : "")
		: v.action === "handle" && !v.result ? "result" : v.action === "return" && !v.note ? "act_reason" : "";
	const long = tooLong(v);

	if (long) {
		app.error = say("too_long", { what: say(long) });
		return app.draw();
	}
	if (lacks) {
		app.error = say("need", { what: say(/** @type {import("./words.js").Word} */ (lacks)) });
		return app.draw();
	}
	if (open.busy)
		return;
	open.busy = true;
	const att = [...(v.att || []), ...(v.photos || []).map((/** @type {any} */ p) => ({ sha256: p.sha256, bytes: p.bytes, mime: p.mime, role: p.role }))];
	const counts = (/** @type {Record<string, any>} */ o) => Object.fromEntries(Object.entries(o).filter(([, n]) => n !== undefined && n !== ""));
	const vague = v.vague && (mail || isVague() || !app.here) ? { vague: v.vague } : {};
	const body = form === "report" ? { case: crypto.randomUUID(), class: v.class, category: v.category, severity: v.severity, title: v.title, ...counts({ text: v.text }), ...(fixed ? { self_fixed: true } : {}), ...vague }
		: form === "inspect" ? { topic: v.topic, result: v.result, ...counts({ object: v.object }), ...vague }
		: form === "visit" ? { household: v.household, ...counts({ persons: number(v.persons), staff: number(v.staff) }), ...vague }
		: form === "work" ? { item: v.item, qty: Number(v.qty), ...counts({ unit: v.unit }), ...(v.approx ? { approx: true } : {}), ...vague }
		: form === "substitute" ? { patrol: crypto.randomUUID(), way: v.way, target: v.scope }
		: form === "household" ? { household: v.household, state: v.state, ...counts({ persons: number(v.persons) }) }
		: { case: v.case, action: v.action, ...counts({ note: v.note }), ...(v.action === "handle" ? { result: v.result } : {}) };
	const event = { kind: form === "report" ? "case.report" : form === "act" ? "case.act" : form === "substitute" ? "patrol.substitute" : form, ...(v.scope && form !== "substitute" ? { scope: v.scope } : {}), ...(locOf() ? { loc: locOf() } : {}), ...(app.walk && form !== "act" && form !== "substitute" ? { ref: app.walk.id } : {}),
		...(v.base ? { base: v.base } : {}), ...(att.length ? { att } : {}), ...(mail ? asItWas(mail) : {}), body };
	// one that is stored counts, one that is held may come to count: it is made void, and the new one stands in its place
	const gone = mail && !["refused", "conflict"].includes(mail.state) ? { kind: "void", at: Date.now(), ...(app.off ? { off: app.off } : {}), body: { target: `${mail.device || app.account?.device}/${mail.epoch}/${mail.seq}`, reason: say("again") } } : null;
	const label = v.title || v.household || v.object || (form === "substitute" && nameOf(v.scope)) || (form === "inspect" ? categoryOf(app, "topic", v.topic) : form === "work" ? categoryOf(app, "work", v.item) : "");

	await app.record(event, { draft: open.key, label, photos: v.photos || [], from: mail ? `${mail.epoch}/${mail.seq}` : undefined, ...(mail ? { instead: { of: mail, void: gone } } : {}) });
	open = { key: "", value: null, busy: false };
	app.go(app.walk ? "walk" : "today");
}

/** Opens the form for an act on a case. @param {Field} app @param {any} c @param {string} action */
export async function actOn(app, c, action) {
	if (action === "sign") {
		await app.record({ kind: "case.act", ...(c.base ? { base: c.base } : {}), body: { case: c.id, action } }, { label: c.title });
		return;
	}
	const key = `act ${c.id} ${action}`;

	if (!(await app.box.draft(key)))
		await app.box.keepDraft(key, { case: c.id, class: c.class, title: c.title, action, base: c.base, note: "", result: c.class === "dispute" ? "" : "rectified", photos: [] });
	app.go("form", { form: "act", draft: key });
}
