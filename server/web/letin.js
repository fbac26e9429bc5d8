// A phone is let in: a code for a device and its person, shown as a link and a QR picture, good once.
import { html, nothing } from "./vendor/lit.js";
import "./i18npages.js";
import { call } from "./api.js";
import { reason } from "./refusal.js";
import { full, instant } from "./time.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./i18n.js").Key} Key */

const QUIET = 4; // modules of white around the picture: what readers ask for

/** May he let phones in? @param {App} app */
const may = (app) => !!app.me && app.me.roles.some((r) => r === "centre" || r === "admin");

/** @param {App} app */
export function newLetin(app) {
	let turn = 0;
	const letin = {
		busy: false,
		/** @type {Key|null} */ error: null,
		what: "",
		/** @type {{device: string, person: string, name: string, until: string, link: string, local: boolean, size: number, path: string}|null} */ code: null,
		/** @param {SubmitEvent} e */
		async make(e) {
			const form = /** @type {HTMLFormElement} */ (e.target);
			const field = (/** @type {string} */ n) => /** @type {HTMLInputElement} */ (form.elements.namedItem(n)).value.trim();
			const device = field("device");
			const person = field("person");

			e.preventDefault();
			if (letin.busy)
				return;
			letin.code = null;
			if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(device))
				return letin.fail("letin_no_device");
			letin.busy = true;
			letin.error = null;
			app.act.draw();
			const mine = ++turn;
			const r = await call("POST", `/api/v1/devices/${device}/code`, { body: person ? { person } : {}, csrf: app.me?.csrf });

			if (mine !== turn)
				return;
			letin.busy = false;
			if (r.status === 401)
				return app.act.expired();
			if (r.status !== 200) {
				letin.what = reason(app, r.body) || String(r.status);
				return letin.fail(r.status === 0 || r.body?.code === "outcome_unknown" ? "act_unknown" : r.status === 503 ? "act_down" : r.status === 403 ? "act_forbidden"
					: r.status === 404 ? "letin_unknown" : r.body?.code === "exists" ? "letin_taken" : r.body?.code === "bad_device" ? "letin_whose" : "letin_refused");
			}
			await letin.show(r.body, mine);
			if (letin.code)
				form.reset();
		},
		/** @param {any} body @param {number} mine */
		async show(body, mine) {
			const base = (app.me?.url || location.origin).replace(/\/$/, "");
			const link = base + body.path;
			const { encode } = await import("./vendor/qr.js"); // not before it is needed
			const qr = encode(link, { ecc: "M", border: QUIET });

			if (mine !== turn)
				return;
			letin.code = { device: body.device, person: body.person, name: body.name, until: body.until, link, local: /^(localhost|127\.|\[::1\])/.test(new URL(base).hostname), size: qr.size,
				path: qr.data.map((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : "")).join("")).join("") };
			app.said = app.say("said_letin");
			app.act.draw();
			requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById("h-letin-sheet")?.focus()));
		},
		/** @param {Key} error */
		fail(error) {
			letin.error = error;
			app.act.draw();
		},
		copy() {
			navigator.clipboard?.writeText(letin.code?.link || "").then(() => {
				app.said = app.say("said_copied");
				app.act.draw();
			}, () => {}); // the field shows it
		},
		print() {
			document.documentElement.dataset.print = "letin";
			addEventListener("afterprint", () => delete document.documentElement.dataset.print, { once: true });
			print();
		},
		done() {
			letin.forget();
			app.act.draw();
			requestAnimationFrame(() => document.getElementById("letin-device")?.focus());
		},
		forget() {
			turn++;
			letin.busy = false;
			letin.error = letin.code = null;
		},
	};

	return letin;
}

/** @param {App} app */
export function letinView(app) {
	const { say, letin, town } = app;

	if (!may(app))
		return nothing;
	return html`<section class="block letin" aria-labelledby="h-letin">
	<h2 id="h-letin">${say("letin")} <small>${say("letin_note")}</small></h2>
	<form novalidate @submit=${letin.make} aria-labelledby="h-letin">
		<div><label for="letin-device">${say("letin_device")}</label>
			<input id="letin-device" name="device" list="letin-devices" autocomplete="off" autocapitalize="none" spellcheck="false" required maxlength="32"
				aria-invalid=${letin.error === "letin_no_device" ? "true" : "false"} aria-describedby="letin-error"></div>
		<div><label for="letin-person">${say("letin_person")} <span class="sub">${say("letin_person_hint")}</span></label>
			<input id="letin-person" name="person" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="64" aria-describedby="letin-error"></div>
		<button type="submit" class="primary" ?disabled=${letin.busy}>${say(letin.busy ? "letin_busy" : "letin_make")}</button>
		<p id="letin-error" class="error" role="alert">${letin.error ? say(letin.error, { what: letin.what }) : ""}</p>
		<p class="sub">${say("letin_again_hint")}</p>
		<datalist id="letin-devices">${[...town.rows.devices.values()].map((d) => html`<option value=${d.device}>${d.name || d.person}</option>`)}</datalist>
	</form>
	${letin.code ? sheetView(app, letin.code) : nothing}</section>`;
}

/** What is printed and handed over. @param {App} app @param {NonNullable<ReturnType<typeof newLetin>["code"]>} c */
function sheetView(app, c) {
	const { say, letin } = app;

	return html`<div class="letin-sheet" data-test="letin-sheet">
	<svg viewBox="0 0 ${c.size} ${c.size}" shape-rendering="crispEdges" role="img" aria-label=${say("letin_qr")}><path d=${c.path}></path></svg>
	<div><h3 id="h-letin-sheet" tabindex="-1">${say("letin_title", { who: c.name || c.person })} <small>${c.device}</small></h3>
		<p>${say("letin_how")}</p>
		<p><strong>${say("letin_until", { when: full(instant(c.until) || 0) })}</strong> <span class="sub">${say("letin_note")}</span></p>
		${c.local ? html`<p class="warn">${say("letin_local")}</p>` : nothing}
		<p>${say("letin_link")} <code id="letin-link">${c.link}</code></p>
		<p class="row"><button type="button" @click=${letin.copy}>${say("copy_link")}</button><button type="button" @click=${letin.print}>${say("letin_print")}</button>
			<button type="button" @click=${letin.done}>${say("letin_done")}</button></p></div></div>`;
}
