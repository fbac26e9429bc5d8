// Sign-in, and the page of a lost right.
import { html, nothing } from "./vendor/lit.js";

/** @typedef {import("./main.js").App} App */

/** @param {App} app */
const frame = (app, /** @type {unknown} */ inside) => html`<main id="main" class="gate" tabindex="-1">
	<div class="gate-top"><h1><span class="brand">${app.say("brand")}</span> <span class="page">${app.say("signin_lead")}</span></h1>
		<div class="controls"><button type="button" lang=${app.lang === "zh" ? "en" : "zh-CN"} @click=${app.act.otherLang}>${app.say("other_lang")}</button>
		<button type="button" @click=${app.act.otherTheme}>${app.say(app.dark() ? "theme_light" : "theme_dark")}</button></div></div>
	${inside}</main>`;

/** @param {App} app */
export function signinView(app) {
	const { say, gate } = app;

	return frame(app, html`<form class="signin" novalidate @submit=${app.act.signIn} aria-labelledby="h-signin">
		<h2 id="h-signin">${say("signin_title")}</h2>
		${gate.note ? html`<p class="note" role="status">${say(gate.note)}</p>` : nothing}
		<label for="user">${say("user")}</label>
		<input id="user" name="user" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="64"
			aria-invalid=${gate.error === "err_wrong" || gate.error === "err_empty" ? "true" : "false"} aria-describedby="signin-error">
		<label for="password">${say("password")}</label>
		<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="256"
			aria-invalid=${gate.error === "err_wrong" || gate.error === "err_empty" ? "true" : "false"} aria-describedby="signin-error">
		<p id="signin-error" class="error" role="alert">${gate.error ? say(gate.error, { n: gate.n }) : ""}</p>
		<button type="submit" class="primary" ?disabled=${gate.busy}>${say(gate.busy ? "signin_busy" : "signin_button")}</button>
		<p class="help">${say("signin_help")}</p></form>`);
}

/** @param {App} app */
export function deniedView(app) {
	const { say } = app;

	return frame(app, html`<section class="signin" aria-labelledby="h-denied"><h2 id="h-denied">${say("denied_title")}</h2>
		<p role="alert">${say("denied_text", { user: app.me ? app.me.user : "" })}</p>
		<p class="row"><button type="button" class="primary" @click=${app.act.again}>${say("denied_again")}</button>
		<button type="button" @click=${app.act.signOut}>${say("sign_out")}</button></p></section>`);
}

/** @param {App} app before it is known who is there */
export const bootView = (app) => frame(app, html`<p class="plain" role="status">${app.gate.error ? app.say(app.gate.error, { n: app.gate.n }) : app.say("loading")}</p>
	${app.gate.error ? html`<p><button type="button" class="primary" @click=${app.act.again}>${app.say("banner_now")}</button></p>` : nothing}`);
