// The screens of a patrol: choose where, walk, end.
import { html, nothing, repeat } from "../vendor/lit.js";
import { placesOf } from "./forms.js";
import { nameOf, onDraw } from "./main.js";
import { clock, two } from "./say.js";
import { coverage, sketch } from "./walk.js";
import { CODES, named } from "./words.js";

/** @typedef {import("./main.js").Field} Field */

let chosen = { route: "", target: "" };

const isArea = (/** @type {string} */ code) => /^\d+$/.test(code);

/** Which route fits a place. @param {any} p */
const routeOf = (p) => (!p || isArea(p.code) ? "grid" : ["gully", "road"].includes(p.kind) ? p.kind : "river");

/** The rule that a walk there is measured by: of the duty that asks most for minutes. @param {Field} app @param {string} target */
export function ruleOf(app, target) {
	const duties = (app.down?.duties || []).filter((/** @type {any} */ d) => d.target === target || !d.target);
	const rules = duties.map((/** @type {any} */ d) => (app.down?.rules || []).find((/** @type {any} */ r) => r.rule === d.rule && r.role === d.role && r.level === d.level)).filter(Boolean);

	return rules.sort((/** @type {any} */ a, /** @type {any} */ b) => (b.min_minutes || 0) - (a.min_minutes || 0) || (b.min_metres || 0) - (a.min_metres || 0))[0] || null;
}

/** What a rule asks of a walk, in words. @param {Field} app @param {any} r */
function asked(app, r) {
	const parts = [r?.min_minutes && app.say("min_minutes", { n: r.min_minutes }), r?.min_metres && app.say("min_metres", { n: (r.min_metres / 1000).toFixed(1) }), r?.min_coverage_permille && app.say("min_coverage", { n: Math.round(r.min_coverage_permille / 10) })].filter(Boolean);

	return parts.length ? app.say("patrol_rule", { what: parts.join(" · ") }) : app.say("patrol_norule");
}

/** @param {Field} app */
export function startView(app) {
	const { say, lang } = app;
	const duty = (app.down?.duties || []).filter((/** @type {any} */ d) => d.done < d.need).map((/** @type {any} */ d) => d.target);
	const all = placesOf(app);

	if (!chosen.route)
		chosen.route = routeOf(all.find((p) => duty.includes(p.code)) || all.find((p) => isArea(p.code)) || all[0]);
	const list = all.filter((p) => (chosen.route === "grid" || chosen.route === "burning" ? isArea(p.code) : !isArea(p.code)));

	list.sort((a, b) => Number(duty.includes(b.code)) - Number(duty.includes(a.code)));
	if (!list.some((p) => p.code === chosen.target))
		chosen.target = list[0]?.code || "";
	return html`<h2>${say("start_patrol")}</h2>
	<div class="row" role="group" aria-label=${say("route")}><span class="label">${say("route")}</span><div class="choices">${Object.keys(CODES.route).map((r) => html`<button type="button" aria-pressed=${chosen.route === r} @click=${() => {
		chosen = { route: r, target: "" };
		app.draw();
	}}>${named("route", r, lang)}</button>`)}</div></div>
	<div class="row"><label for="f-target">${say("target")}</label>${list.length ? html`<select id="f-target" @change=${(/** @type {any} */ e) => {
		chosen.target = e.target.value;
		app.draw();
	}}>${list.map((p) => html`<option value=${p.code} ?selected=${p.code === chosen.target}>${p.name}${duty.includes(p.code) ? ` · ${say("duty_here")}` : ""}</option>`)}</select>`
		: html`<p class="empty">${say("target_none")}</p>`}</div>
	${chosen.target ? html`<p>${asked(app, ruleOf(app, chosen.target))}</p>` : nothing}
	<p class="note">${say("patrol_lock")}</p>
	<div class="pair"><button type="button" class="big" @click=${() => app.go("today")}>${say("back")}</button>
		<button type="button" class="big primary" data-test="go" ?disabled=${!chosen.target} @click=${() => app.start(chosen.route, chosen.target)}>${say("start_patrol")}</button></div>
	${(app.down?.rules || []).some((/** @type {any} */ r) => r.substitute) ? html`<button type="button" class="big" data-test="substitute" @click=${() => app.go("form", { form: "substitute" })}>${say("substitute")}</button>` : nothing}`;
}

/** @param {Field} app @param {string} code */
const outlineOf = (app, code) => [...(app.down?.areas || []), ...(app.down?.reaches || [])].find((/** @type {any} */ p) => p.code === code)?.outline || [];

/** What was found and done on the way. @param {Field} app @param {string} id */
const found = (app, id) => app.mail.filter((m) => m.event?.ref === id && m.state !== "moved" && !m.replaced);

/** @param {Field} app */
export function walkView(app) {
	const { say, lang } = app;
	const w = /** @type {import("./walk.js").Walk} */ (app.walk);
	const s = Math.floor((Date.now() - w.startedAt) / 1000);
	const r = w.rule || {};
	const outline = outlineOf(app, w.target);
	const seen = isArea(w.target) ? null : coverage(w, outline);
	const bar = (/** @type {string} */ name, /** @type {number} */ have, /** @type {number} */ need, /** @type {string} */ text) => html`<div class="bar"><span>${name}</span><progress max="1" value=${need ? Math.min(1, have / need) : have} aria-label=${name}></progress><span class=${need && have >= need ? "good" : ""}>${text}</span></div>`;

	onDraw(() => {
		const el = /** @type {HTMLCanvasElement|null} */ (document.getElementById("way"));
		const css = getComputedStyle(document.documentElement);
		const ink = (/** @type {string} */ name) => css.getPropertyValue(name).trim();

		if (el)
			sketch(el, w, { line: ink("--accent"), here: ink("--s2"), place: ink("--edge") }, outline);
	});
	return html`<h2>${nameOf(w.target)} <small>${named("route", w.route, lang)}</small></h2>
	<dl class="counts"><div><dt>${say("patrol_on")}</dt><dd data-test="clock">${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}</dd></div><div><dt>${say("km")}</dt><dd data-test="km">${(w.metres / 1000).toFixed(2)}</dd></div></dl>
	<p>${asked(app, w.rule)}</p>
	${r.min_minutes ? bar(say("minutes"), w.ms / 60e3, r.min_minutes, `${Math.floor(w.ms / 60e3)}/${r.min_minutes}`) : nothing}
	${r.min_metres ? bar(say("metres"), w.metres, r.min_metres, `${Math.round(w.metres)}/${r.min_metres}`) : nothing}
	${seen === null ? nothing : bar(say("covered"), seen, (r.min_coverage_permille || 0) / 1000, `${Math.floor(seen * 100)}%${r.min_coverage_permille ? `/${Math.round(r.min_coverage_permille / 10)}%` : ""}`)}
	<canvas id="way" aria-hidden="true"></canvas>
	<div class="pair"><button type="button" class="big" data-test="report" @click=${() => app.go("form", { form: "report" })}>${say("report")}</button>
		<button type="button" class="big" data-test="inspect" @click=${() => app.go("form", { form: "inspect" })}>${say("inspect")}</button></div>
	<div class="pair"><button type="button" class="big sos" @click=${() => app.go("sos")}>${say("sos")}</button>
		<button type="button" class="big primary" data-test="end" @click=${() => app.go("end")}>${say("patrol_end")}</button></div>
	<p class="note">${say(app.locked ? "patrol_lock" : "patrol_nolock")}</p>
	${foundView(app, w.id)}`;
}

/** @param {Field} app @param {string} id */
function foundView(app, id) {
	const rows = found(app, id);

	return rows.length ? html`<h3>${app.say("found_n", { n: rows.length })}</h3><ul class="list">${repeat(rows, (m) => `${m.epoch} ${m.seq}`, (m) => html`<li><span>${named("kind", m.event.kind, app.lang)} ${m.label || nothing}</span><small>${clock(m.made)}</small></li>`)}</ul>` : nothing;
}

/** @param {Field} app */
export function endView(app) {
	const { say } = app;
	const w = /** @type {import("./walk.js").Walk} */ (app.walk);
	const n = found(app, w.id).filter((m) => m.event.kind === "case.report" || m.event.body.result === "problem").length;

	return html`<h2>${say("patrol_end")}</h2>${foundView(app, w.id)}<p>${say("patrol_ask_clear")}</p>
	<div class="row"><label for="f-note">${say("note")}</label><textarea id="f-note" rows="2" .value=${w.note || ""} @input=${(/** @type {any} */ e) => app.noted(e.target.value.slice(0, 1000))}></textarea></div>
	<div class="pair"><button type="button" class="big ${n ? "" : "primary"}" data-test="clear" @click=${() => app.end(true)}>${say("patrol_clear")}</button>
		<button type="button" class="big ${n ? "primary" : ""}" data-test="found" @click=${() => app.end(false)}>${say("patrol_found")}</button></div>
	<button type="button" class="big" @click=${() => app.go("walk")}>${say("back")}</button>`;
}
