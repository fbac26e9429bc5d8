// Who I am and how I stand, how the phone is, how a phone is let in.
import { html, nothing } from "../vendor/lit.js";
import { act, VERSION } from "./main.js";
import { clock, full, when } from "./say.js";
import { installView } from "./screens.js";

/** @typedef {import("./main.js").Field} Field */

/** @param {Field} app */
export function meView(app) {
	const { say, down, account, post, lang } = app;
	const people = down?.people || [];
	const line = (/** @type {string} */ k, /** @type {unknown} */ v) => html`<div><dt>${k}</dt><dd>${v}</dd></div>`;
	const figures = down?.figures || [];
	const last = app.mail.find((m) => m.commit);
	const month = down?.month;
	const next = (down?.duties || []).filter((/** @type {any} */ d) => d.done < d.need).map((/** @type {any} */ d) => String(d.last)).sort()[0];

	return html`<h2>${people[0]?.name || account?.device}</h2>
	${people.length > 1 ? html`<div class="row"><label for="f-who">${say("who")}</label><select id="f-who" @change=${(/** @type {any} */ e) => act(e.target.value)}>${people.map((/** @type {any} */ p, /** @type {number} */ i) => html`<option value=${i ? p.id : ""} ?selected=${(i ? p.id : "") === app.person}>${p.name}</option>`)}</select></div>` : nothing}
	${month ? html`<dl class="counts four" data-test="month"><div><dt>${say("m_need")}</dt><dd>${month.need}</dd></div><div><dt>${say("m_done")}</dt><dd>${month.done}</dd></div><div><dt>${say("m_missed")}</dt><dd class=${month.missed ? "bad" : ""}>${month.missed}</dd></div>
		<div><dt>${say("m_next")}</dt><dd>${next ? next.slice(5) : "—"}</dd></div></dl>` : nothing}
	${figures.length ? html`<table><thead><tr><td></td><th scope="col">${say("today")}</th><th scope="col">${say("month")}</th><th scope="col">${say("year")}</th></tr></thead>
		<tbody>${figures.map((/** @type {any} */ f) => html`<tr><th scope="row">${lang === "zh" ? f.name || f.id : say(/** @type {import("./words.js").Word} */ (`f_${f.id}`))}</th><td>${f.today}</td><td>${f.month}</td><td>${f.year}</td></tr>`)}</tbody></table>` : nothing}
	<dl class="facts">${line(say("device"), account?.device)}${line(say("version"), VERSION)}${line(say("clock"), html`<span class=${Math.abs(app.off) > 60e3 ? "warn" : ""}>${say("seconds", { n: (Math.round(app.off / 100) / 10 || 0).toFixed(1) })}</span>`)}
		${line(say("storage"), html`<span class=${app.saved ? "good" : "warn"}>${say(app.saved ? "storage_safe" : "storage_unsafe")}</span>`)}
		${line(say("last_seq"), app.mail[0]?.seq ?? say("never"))}${line(say("last_ack"), post?.heard ? clock(post.heard) : app.other?.heard ? clock(app.other.heard) : last ? when(last.made) : say("never"))}${line(say("synced"), down?.at ? when(down.at) : say("never"))}</dl>
	${installView(app)}
	<div class="pair"><button type="button" class="big" data-test="diag" @click=${() => app.go("diag")}>${say("diag")}</button>
		<button type="button" class="big" lang=${lang === "zh" ? "en" : "zh-CN"} @click=${() => {
			localStorage.setItem("xunge.lang", lang === "zh" ? "en" : "zh");
			location.reload();
		}}>${say("other_lang")}</button></div>`;
}

// ---------------------------------------------------------------- diagnostics

/** @type {{text: string, size: number, path: string}|null} */
let code = null;
/** @type {{usage?: number, quota?: number}} */
let space = {};

/** What helps the office to see what is wrong; no secret, no name. @param {Field} app */
export function report(app) {
	const count = (/** @type {string} */ s) => app.mail.filter((m) => m.state === s).length;

	return ["xunge-field", `version ${VERSION}`, `device ${app.account?.device}`, `link ${app.post?.leads ? app.post.link : `other tab: ${app.other?.link || "?"}`}`, `trouble ${app.post?.problem?.code || app.problem?.code || app.post?.trouble || "-"}`,
		`epoch ${app.mail[0]?.epoch || "-"}`, `last seq ${app.mail[0]?.seq ?? "-"}`, `last ack ${app.post?.heard ? full(app.post.heard) : "-"}`, `synced ${app.down?.at ? full(app.down.at) : "-"}`, `clock offset ${app.off} ms`,
		`waiting ${count("waiting")} sent ${count("sent")} stored ${count("stored")} held ${count("held")} refused ${count("refused")} conflict ${count("conflict")}`,
		`storage ${app.saved ? "protected" : "not protected"}${space.usage ? ` ${(space.usage / 1048576).toFixed(1)} MB` : ""}`, `agent ${navigator.userAgent}`];
}

/** @param {Field} app @param {string} text */
async function picture(app, text) {
	const { encode } = await import("../vendor/qr.js"); // not before it is needed
	const qr = encode(text, { ecc: "L", border: 4 });
	let path = "";

	qr.data.forEach((row, y) => row.forEach((on, x) => on && (path += `M${x} ${y}h1v1h-1z`)));
	code = { text, size: qr.size, path };
	app.draw();
}

/** @param {Field} app */
export function diagView(app) {
	const { say } = app;
	const text = report(app).join("\n");

	if (!space.usage)
		navigator.storage?.estimate?.().then((s) => {
			space = s;
		}, () => {});
	return html`<h2>${say("diag")}</h2><p>${say("diag_lead")}</p><pre class="diag" tabindex="0">${text}</pre>
	<div class="pair"><button type="button" class="big" data-test="copy" @click=${() => navigator.clipboard?.writeText(text).then(() => {
		app.said = say("copied");
		app.draw();
	}, () => {})}>${say("copy")}</button><button type="button" class="big" data-test="qr" @click=${() => picture(app, text)}>${say("qr")}</button></div>
	${code ? html`<svg class="qr" viewBox="0 0 ${code.size} ${code.size}" role="img" aria-label=${say("qr")}><rect width=${code.size} height=${code.size} fill="#fff"></rect><path d=${code.path} fill="#000"></path></svg>` : nothing}
	<button type="button" class="big" @click=${() => app.go("me")}>${say("back")}</button>`;
}

// ---------------------------------------------------------------- who this phone is

/** @param {Field} app */
export function enrolView(app) {
	const { say } = app;
	const fail = (/** @type {string} */ text) => {
		app.error = text;
		app.draw();
	};
	const byLink = (/** @type {SubmitEvent} */ e) => {
		e.preventDefault();
		app.enrolBy(String(new FormData(/** @type {HTMLFormElement} */ (e.target)).get("link") || "")).then((is) => !is && fail(say("enrol_nolink")));
	};
	const send = (/** @type {SubmitEvent} */ e) => {
		const f = new FormData(/** @type {HTMLFormElement} */ (e.target));
		const v = (/** @type {string} */ k) => String(f.get(k) || "").trim();

		e.preventDefault();
		if (v("device") && v("secret") && /^\d{6}$/.test(v("district")))
			app.enrol({ device: v("device"), secret: v("secret"), district: v("district") });
		else
			fail(say("need", { what: say(!v("device") ? "enrol_id" : !v("secret") ? "enrol_secret" : "enrol_district") }));
	};

	return html`<h2>${say("enrol")}</h2><p>${say("enrol_lead")}</p>
	${app.error ? html`<p class="error" role="alert">${app.error}</p>` : nothing}
	<form class="form" @submit=${byLink}><div class="row"><label for="f-link">${say("enrol_link")}</label><input id="f-link" name="link" inputmode="url" autocapitalize="none" autocomplete="off"></div>
	<button class="big" data-test="enrol-link">${say("enrol_do_link")}</button></form>
	<h3>${say("enrol_hand")}</h3>
	<form class="form" @submit=${send}>
	<div class="row"><label for="f-device">${say("enrol_id")}</label><input id="f-device" name="device" autocapitalize="none" autocomplete="off"></div>
	<div class="row"><label for="f-secret">${say("enrol_secret")}</label><input id="f-secret" name="secret" autocapitalize="none" autocomplete="off"></div>
	<div class="row"><label for="f-district">${say("enrol_district")}</label><input id="f-district" name="district" inputmode="numeric"></div>
	<button class="big primary">${say("enrol_do")}</button></form>`;
}
