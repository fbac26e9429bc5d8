// Header and banner: is the picture true?  The link and the data are two different things.
import { html, nothing } from "./vendor/lit.js";
import { ago, clock, day, full, when } from "./time.js";
import { linkTo } from "./by.js";
import { count } from "./i18n.js";
import { PAGES } from "./pages.js";

export const BANNER_AFTER_MS = 2e3;
export const STALE_AFTER_MS = 45e3;

/** @typedef {import("./main.js").App} App */

/** @param {App} app how long the server has not been heard, ms; 0 while the link is live */
export const lostFor = (app) => (app.link && app.link.lostAt !== null ? app.mono() - app.link.lostAt : 0);

/** @param {App} app the instant of which the numbers are: the last frame's, or since when the server gets nothing itself */
export const asOf = (app) => Math.min(app.town.time, app.town.source.since ?? Infinity);

/** @param {App} app age of the numbers on the page, ms; null before the first */
export const dataAge = (app) => (app.link && app.link.frameAt !== null ? app.mono() - app.link.frameAt + app.town.time - asOf(app) : null);

/** @param {App} app */
export const isStale = (app) => (dataAge(app) || 0) >= STALE_AFTER_MS;

/** The place that the page is about: the scope's own name, or the only town's.
 * @param {App} app @returns {string} */
export function placeName(app) {
	const areas = app.town.rows.areas;
	const scope = app.me ? app.me.scope : "";

	if (areas.has(scope))
		return areas.get(scope).name;
	const towns = [...areas.values()].filter((a) => a.code.length === 9);

	return towns.length === 1 ? towns[0].name : scope === "*" || scope === "" ? app.say("all_places") : scope;
}

/** @param {App} app */
export function headView(app) {
	const { say, lang, town } = app;
	const now = app.nowMs();
	const age = dataAge(app);
	const phase = app.link ? app.link.phase : "waiting";
	const live = phase === "live";
	const devices = [...town.rows.devices.values()];
	const online = devices.filter((d) => d.online).length;
	const newest = town.newsAt;
	const known = town.commit !== null;

	return html`<a class="skip" href="#main" @click=${app.act.skip}>${say("skip")}</a>
<header><div class="head">
	<h1><span class="brand">${say("brand")}</span> <span class="place">${placeName(app)}</span> 
		${app.me?.demo ? html`<span class="chip demo" title=${say("demo_hint")}>${say("demo")}</span>` : nothing}</h1>
	<nav aria-label=${say("nav")}>${Object.entries(PAGES).filter(([, p]) => !p.hidden).map(([name, p]) => html`<a href=${linkTo(app, name)} aria-current=${app.place.page === name ? "page" : nothing}>${say(p.text)}</a>`)}</nav>
	<dl class="readouts">
		<div data-test="link"><dt class="vh">${say("link")}</dt><dd class=${live ? "good" : "bad"}><span class="dot" aria-hidden="true"></span>${say(
			live ? "link_live" : phase === "silent" ? "link_silent" : phase === "connecting" && lostFor(app) < BANNER_AFTER_MS ? "link_connecting" : "link_lost")}</dd></div>
		<div data-test="asof"><dt>${say("as_of")}</dt><dd>${age === null ? "—" : html`<time title=${full(asOf(app))}>${clock(asOf(app))}</time>
			<span class=${isStale(app) ? "late" : "sub"}>${isStale(app) ? say("stale") : ago(age, lang)}</span>`}</dd></div>
		<div data-test="last" class="spare"><dt>${say("last_event")}</dt><dd>${newest ? html`<time title=${full(newest)}>${when(newest, now)}</time>`
			: known ? say("none_yet") : "—"}</dd></div>
		<div data-test="online"><dt>${say("online")}</dt><dd>${known ? html`<a class="number" href=${linkTo(app, "people")}><b>${count(online)}</b> / ${count(devices.length)}</a>` : "—"}</dd></div>
	</dl>
	<div class="controls">
		<button type="button" class="bell" data-test="sound" aria-pressed=${app.bell.on} title=${say(app.bell.on && app.sound.blocked ? "sound_blocked" : "sound_rules")}
			@click=${app.act.sound}>${say(!app.bell.on ? "sound_off" : app.sound.blocked ? "sound_waits" : "sound_on")}</button>
		<button type="button" data-test="help" aria-label=${say("help")} title=${say("help")} @click=${app.act.help}>?</button>
		<span class="now">${day(now, lang)} <time>${clock(now).slice(0, 5)}</time></span>
		<details class="menu"><summary data-test="menu" title=${say("signed_in_as", { user: app.me ? app.me.user : "" })}><span class="who">${app.me ? app.me.user : ""}</span></summary>
			<div class="menu-in">
				<button type="button" lang=${lang === "zh" ? "en" : "zh-CN"} @click=${app.act.otherLang}>${say("other_lang")}</button>
				<button type="button" data-test="theme" @click=${app.act.otherTheme}>${say(app.dark() ? "theme_light" : "theme_dark")}</button>
				<button type="button" data-test="signout" @click=${app.act.signOut}>${say("sign_out")}</button>
			</div></details>
	</div>
</div>${bannerView(app)}${app.version.isOld ? html`<div class="banner" data-test="version" role="status"><p>${say("new_version")}</p>
	<button type="button" @click=${app.act.reload}>${say("reload")}</button></div>` : nothing}</header>`;
}

/** @param {import("./town.js").Town["source"]} s @returns {import("./i18n.js").Key} */
const troubleOf = (s) => (s.database === "away" ? "trouble_database" : s.ingest === "silent" ? "trouble_ingest" : "trouble_broker");

/** @param {App} app */
function bannerView(app) {
	const { say, town } = app;
	const lost = lostFor(app);

	if (lost >= BANNER_AFTER_MS) {
		const n = Math.floor(lost / 1000);

		return html`<div class="banner" data-test="banner"><p>${say(town.commit === null ? "banner_first" : app.link?.phase === "silent" ? "banner_silent" : "banner_lost", { n })}
			${town.commit === null ? nothing : html` ${say("banner_stopped", { time: clock(asOf(app)) })}`}
			${isStale(app) ? html` <strong>${say("stale")}</strong>` : nothing}</p>
			<button type="button" @click=${app.act.reconnect}>${say("banner_now")}</button></div>`;
	}
	const stale = isStale(app) ? html` <strong>${say("stale")}</strong>` : nothing;

	if (town.source.since)
		return html`<div class="banner" data-test="trouble" role="status"><p>${say(troubleOf(town.source), { time: clock(town.source.since) })}${stale}</p></div>`;
	if (isStale(app))
		return html`<div class="banner" data-test="banner"><p>${stale} ${say("banner_stopped", { time: clock(asOf(app)) })}</p></div>`;
	if (app.backUntil > app.mono())
		return html`<div class="banner back" data-test="back"><p>${say(app.backSays)}</p></div>`;
	return nothing;
}
