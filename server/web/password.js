// One's own password: asked twice, checked by the platform.
import { html, nothing } from "./vendor/lit.js";
import { call } from "./api.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./i18n.js").Key} Key */

export const PASSWORD_MIN = 8;

const state = {
	busy: false,
	/** @type {Key|null} */ error: null,
	/** @type {"old"|"new"|"again"|""} */ field: "",
	n: 0,
	done: false,
};

/** @param {App} app @param {Key} error @param {typeof state.field} field */
function fail(app, error, field = "") {
	state.error = error;
	state.field = field;
	app.act.draw();
	if (field)
		document.getElementById(`pw-${field}`)?.focus();
}

/** @param {App} app @param {SubmitEvent} e */
async function change(app, e) {
	const form = /** @type {HTMLFormElement} */ (e.target);
	const value = (/** @type {string} */ n) => /** @type {HTMLInputElement} */ (form.elements.namedItem(n)).value;
	const [old, next, again] = [value("old"), value("new"), value("again")];

	e.preventDefault();
	if (state.busy)
		return;
	state.done = false;
	if (!old)
		return fail(app, "pw_no_old", "old");
	if (new TextEncoder().encode(next).length < PASSWORD_MIN)
		return fail(app, "pw_short", "new");
	if (next === old)
		return fail(app, "pw_same", "new");
	if (next !== again)
		return fail(app, "pw_differ", "again");
	state.busy = true;
	state.error = null;
	state.field = "";
	app.act.draw();
	const r = await call("POST", "/api/v1/me/password", { body: { old, new: next }, csrf: app.me?.csrf });

	state.busy = false;
	state.n = r.retryAfter || 0;
	if (r.status === 401)
		return app.act.expired();
	if (r.status !== 200)
		return r.body?.code === "wrong_password" ? fail(app, "pw_wrong", "old")
			: r.status === 422 ? fail(app, "pw_refused", "new")
			: fail(app, r.status === 429 ? "err_locked" : r.status === 409 ? "pw_changed" : r.status === 0 || r.body?.code === "outcome_unknown" ? "pw_unknown" : r.status === 503 ? "act_down" : "act_refused");
	form.reset();
	state.done = true;
	app.said = app.say("pw_done");
	app.act.draw();
}

/** @param {App} app @param {number} min */
export function passwordView(app, min) {
	const { say } = app;
	const field = (/** @type {"old"|"new"|"again"} */ name, /** @type {Key} */ text, /** @type {string} */ auto) => html`<label for="pw-${name}">${say(text)}</label>
		<input id="pw-${name}" name=${name} type="password" autocomplete=${auto} maxlength="128" required aria-invalid=${state.field === name ? "true" : "false"} aria-describedby="pw-error pw-help">`;

	return html`<section class="block" aria-labelledby="h-set-pw"><h2 id="h-set-pw">${say("pw_title")}</h2>
	<form class="set-pw" novalidate @submit=${(/** @type {SubmitEvent} */ e) => change(app, e)} aria-labelledby="h-set-pw">
		${field("old", "pw_old", "current-password")}${field("new", "pw_new", "new-password")}${field("again", "pw_again", "new-password")}
		<p id="pw-help" class="sub">${say("pw_help", { n: min })}</p>
		<p id="pw-error" class="error" role="alert">${state.error ? say(state.error, { n: state.n || min }) : ""}</p>
		<p class="row"><button type="submit" class="primary" ?disabled=${state.busy}>${say(state.busy ? "pw_busy" : "pw_button")}</button>
		${state.done ? html`<span class="good" role="status">${say("pw_done")}</span>` : nothing}</p></form></section>`;
}
