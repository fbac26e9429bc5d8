// The keys and what calls the officer, in a dialog: asked for by ? or its button.
import { html, nothing } from "./vendor/lit.js";
import "./i18npages.js";
import { GO } from "./keys.js";
import { isPage, pageOf } from "./pages.js";

/** @typedef {import("./main.js").App} App */
/** @typedef {import("./i18n.js").Key} Key */

/** @type {[string[], Key][]} */
const KEYS = [[["j", "k"], "key_move"], [["Enter"], "key_open"], [["a"], "key_sign"], [["m"], "key_mute"], [["/"], "key_search"], [["Esc"], "key_close"], [["?"], "key_help"]];

/** @param {App} app */
export function helpView(app) {
	const { say, bell } = app;
	const row = (/** @type {string[]} */ keys, /** @type {unknown} */ what) => html`<tr><th scope="row">${keys.map((k) => html`<kbd>${k}</kbd> `)}</th><td>${what}</td></tr>`;
	const box = (/** @type {boolean} */ on, /** @type {() => void} */ flip, /** @type {Key} */ text, /** @type {unknown} */ more = nothing) => html`<div class="row"><label><input type="checkbox" .checked=${on} @change=${flip}> ${say(text)}</label> ${more}</div>`;

	return html`<dialog class="help" aria-labelledby="h-help" @close=${app.act.helpClosed} @click=${(/** @type {MouseEvent} */ e) => e.target === e.currentTarget && /** @type {HTMLDialogElement} */ (e.target).close()}>
	<div class="help-in"><div class="drawer-top"><h2 id="h-help">${say("help")}</h2><form method="dialog"><button class="small" data-test="close-help">${say("close")}</button></form></div>
	<h3>${say("help_calls")}</h3>
	${box(bell.on, app.act.sound, "sound_switch", html`<button type="button" class="small" data-test="sound-test" @click=${app.act.soundTest}>${say("sound_test")}</button>`)}
	<p class="sub">${say("sound_rules")}</p>
	${app.act.mayNotice() ? box(bell.notices, app.act.notices, "notices_switch") : html`<p class="sub">${say("notices_secure")}</p>`}
	<h3>${say("help_keys")}</h3>
	${box(app.keys.on, app.act.keys, "keys_switch")}
	<table><tbody>${KEYS.map(([keys, text]) => row(keys, say(text)))}
		${Object.entries(GO).filter(([, page]) => isPage(page)).map(([k, page]) => row(["g", k], say(pageOf(page).text)))}</tbody></table></div></dialog>`;
}
