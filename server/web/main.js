// The pages' root: who is signed in, which page is shown, and the only place that renders.
import { html, nothing, render } from "./vendor/lit.js";
import { call } from "./api.js";
import { areasView } from "./areas.js";
import { devicesView } from "./devices.js";
import { feedView } from "./feed.js";
import { newFlash } from "./flash.js";
import { headView, isStale, lostFor, BANNER_AFTER_MS } from "./head.js";
import { pickLang, sayIn } from "./i18n.js";
import { ledgerView } from "./ledger.js";
import { newLink } from "./link.js";
import { bootView, deniedView, signinView } from "./signin.js";
import { newTown, take } from "./town.js";

/** @typedef {import("./time.js").Lang} Lang */
/** @typedef {import("./i18n.js").Key} Key */
/** @typedef {import("./api.js").Me} Me */

const READY_EVERY_MS = 15e3;
const TROUBLE_EVERY_MS = 2000; // while something is down: its end shows soon
const KEEP_EVERY_MS = 5 * 60e3; // a page that is looked at is a session in use
const BACK_MS = 4e3;
const BOOT_AGAIN_MS = 3e3;

/** Monotonic ms that go on while the PC sleeps, where performance.now() may stand still. */
function newMono() {
	let perf = performance.now();
	let wall = Date.now();
	let sum = 0;

	return () => {
		const p = performance.now();
		const w = Date.now();

		sum += Math.max(p - perf, w - wall, 0);
		perf = p;
		wall = w;
		return sum;
	};
}

/** @param {string} key @returns {string|null} */
function stored(key) {
	try {
		return localStorage.getItem(key);
	} catch (_) {
		return null; // storage may be switched off
	}
}

/** @param {string} key @param {string} value */
function store(key, value) {
	try {
		localStorage.setItem(key, value);
	} catch (_) {
		// then it is forgotten
	}
}

const darkWish = matchMedia("(prefers-color-scheme: dark)");
const root = /** @type {HTMLElement} */ (document.getElementById("app"));
const mono = newMono();
const lang0 = pickLang(location.search, stored("xunge.lang"), navigator.languages || []);

/**
 * @typedef {object} App what the views are drawn from
 * @property {Lang} lang
 * @property {import("./i18n.js").Say} say
 * @property {string|null} theme "light", "dark"; null: as the system says
 * @property {"boot"|"signin"|"duty"|"denied"} page
 * @property {Me|null} me
 * @property {import("./town.js").Town} town
 * @property {ReturnType<typeof newLink>|null} link
 * @property {Key|null} trouble what keeps records from reaching the page, though the server is there
 * @property {{note: Key|null, error: Key|null, n: number, busy: boolean}} gate the sign-in form
 * @property {{tier: "town"|"community"|"grid", fewest: boolean, allAreas: boolean, devices: "all"|"off"|"behind", allDevices: boolean, quiet: boolean}} ui
 * @property {ReturnType<typeof newFlash>} flash
 * @property {number} firstCommit of the first snapshot: what came later is new
 * @property {number} backUntil monotonic ms: until then the banner says that the link is back
 * @property {string} said for screen readers
 * @property {() => number} mono ms
 * @property {() => number} nowMs the platform's clock, UTC
 * @property {() => boolean} dark
 * @property {Actions} act
 */

/**
 * @typedef {object} Actions
 * @property {(e: SubmitEvent) => void} signIn
 * @property {() => void} signOut
 * @property {() => void} otherLang
 * @property {() => void} otherTheme
 * @property {() => void} reconnect
 * @property {() => void} again
 * @property {(e: Event) => void} skip
 * @property {(change: Partial<App["ui"]>) => void} ui
 */

/** @type {App} */
const app = {
	lang: lang0,
	say: sayIn(lang0),
	theme: stored("xunge.theme"),
	page: "boot",
	me: null,
	town: newTown(),
	link: null,
	trouble: null,
	gate: { note: null, error: null, n: 0, busy: false },
	ui: { tier: "community", fewest: false, allAreas: false, devices: "all", allDevices: false, quiet: false },
	flash: newFlash(),
	firstCommit: 0,
	backUntil: 0,
	said: "",
	mono,
	nowMs: () => (app.link && app.link.frameAt !== null ? app.town.time + (mono() - app.link.frameAt) : Date.now()),
	dark: () => (app.theme ? app.theme === "dark" : darkWish.matches),
	act: {
		signIn: (e) => {
			e.preventDefault();
			signIn(/** @type {HTMLFormElement} */ (e.target));
		},
		signOut,
		otherLang: () => setLang(app.lang === "zh" ? "en" : "zh"),
		otherTheme: () => {
			app.theme = app.dark() ? "light" : "dark";
			store("xunge.theme", app.theme);
			draw();
		},
		reconnect: () => app.link?.kick(),
		again: boot,
		skip: (e) => {
			e.preventDefault();
			focus("main");
		},
		ui: (change) => {
			Object.assign(app.ui, change);
			draw();
		},
	},
};

// ---------------------------------------------------------------- drawing

let asked = false;

/** Draw before the next frame; any number of calls is one drawing. */
function draw() {
	if (asked)
		return;
	asked = true;
	requestAnimationFrame(() => {
		asked = false;
		drawNow();
	});
}

function drawNow() {
	const { say } = app;
	const el = document.documentElement;

	el.lang = app.lang === "zh" ? "zh-CN" : "en";
	if (app.theme)
		el.dataset.theme = app.theme;
	else
		delete el.dataset.theme;
	document.title = app.page === "duty" ? `${say("title")} · ${say("brand")}` : `${say("signin_title")} · ${say("brand")}`;
	el.dataset.page = app.page;
	render(app.page === "duty" ? dutyView() : app.page === "signin" ? signinView(app) : app.page === "denied" ? deniedView(app) : bootView(app), root);
}

const dutyView = () => html`${headView(app)}
<main id="main" tabindex="-1" class="desk ${isStale(app) ? "stale" : ""}">${ledgerView(app)}${areasView(app)}${feedView(app)}${devicesView(app)}</main>
<p class="vh" role="status">${app.said || nothing}</p>`;

/** @param {string} id after the next drawing */
function focus(id) {
	drawNow();
	const el = document.getElementById(id);

	if (el)
		el.focus();
}

/** @param {Lang} lang */
function setLang(lang) {
	const url = new URL(location.href);

	app.lang = lang;
	app.say = sayIn(lang);
	app.said = "";
	store("xunge.lang", lang);
	url.searchParams.delete("lang");
	history.replaceState(null, "", url);
	draw();
}

// ---------------------------------------------------------------- who is there

/** @param {App["page"]} page */
function show(page) {
	app.page = page;
	drawNow();
}

/** @param {Key|null} note */
function toSignIn(note) {
	if (app.link)
		app.link.stop();
	app.link = null;
	app.me = null;
	app.town = newTown();
	app.gate = { note, error: null, n: 0, busy: false };
	show("signin");
	focus("user");
}

async function boot() {
	const r = await call("GET", "/api/v1/me");

	if (r.status === 200)
		enter(r.body);
	else if (r.status === 401)
		toSignIn(null);
	else {
		app.gate.error = r.status === 0 ? "err_down" : "err_busy";
		show("boot");
		setTimeout(() => app.page === "boot" && boot(), BOOT_AGAIN_MS);
	}
}

/** @param {HTMLFormElement} form */
async function signIn(form) {
	const field = (/** @type {string} */ n) => /** @type {HTMLInputElement} */ (form.elements.namedItem(n));
	const user = field("user").value.trim();
	const password = field("password").value;
	const { gate } = app;

	if (gate.busy)
		return;
	gate.note = null;
	if (!user || !password) {
		gate.error = "err_empty";
		focus(user ? "password" : "user");
		return;
	}
	gate.busy = true;
	gate.error = null;
	draw();
	const r = await call("POST", "/api/v1/session", { body: { user, password } });

	gate.busy = false;
	if (r.status === 200 || r.status === 201) {
		form.reset();
		const me = await call("GET", "/api/v1/me"); // rights, and whether this is the demo town

		enter({ ...r.body, ...(me.status === 200 ? me.body : {}) });
		return;
	}
	gate.n = r.retryAfter || r.status;
	gate.error = r.status === 0 ? "err_down"
		: r.status === 401 ? "err_wrong"
		: r.status === 429 && r.retryAfter ? "err_locked"
		: r.status === 429 || r.status === 503 ? "err_busy"
		: "err_other";
	focus("password");
	field("password").select();
}

async function signOut() {
	const csrf = app.me ? app.me.csrf : "";

	toSignIn("note_out");
	await call("DELETE", "/api/v1/session", { csrf });
}

// ---------------------------------------------------------------- the duty page

/** @param {Me} me */
function enter(me) {
	if (app.link)
		app.link.stop();
	app.me = me;
	app.town = newTown();
	app.flash = newFlash();
	app.firstCommit = 0;
	app.backUntil = 0;
	app.trouble = null;
	app.gate = { note: null, error: null, n: 0, busy: false };
	app.link = newLink({
		open: () => new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/live`, "xunge.live.v1"),
		probe,
		hello: () => ({ scope: me.scope, db: app.town.db, since: app.town.commit }),
		frame: (msg) => {
			const r = take(app.town, msg);

			if (r === "ok" && !app.firstCommit)
				app.firstCommit = /** @type {number} */ (app.town.commit);
			draw();
			return r;
		},
		change: changed,
		now: mono,
		later: (fn, ms) => setTimeout(fn, ms),
		cancel: (id) => clearTimeout(id),
		random: () => Math.random(),
	});
	show("duty");
	app.link.start();
	askReady();
}

/** @returns {Promise<"ok"|"expired"|"down">} */
async function probe() {
	const r = await call("GET", "/api/v1/me");

	if (r.status === 200 && app.me)
		Object.assign(app.me, r.body);
	return r.status === 200 ? "ok" : r.status === 401 ? "expired" : "down";
}

let wasLost = false;

function changed() {
	const link = app.link;

	if (!link)
		return;
	if (link.phase === "expired")
		toSignIn("note_expired");
	else if (link.phase === "denied")
		show("denied");
	else if (link.phase === "live" && wasLost) {
		wasLost = false;
		app.backUntil = mono() + BACK_MS;
		app.said = app.say("said_back");
	}
	draw();
}

/** Ticks of the server say that it lives, not that records still reach the database. */
async function askReady() {
	const r = await call("GET", "/readyz");

	const parts = r.body || {};

	if (r.status !== 0) // else it is the link that says so
		app.trouble = r.status !== 503 ? null
			: parts.database === false ? "trouble_database"
			: parts.ingest !== false && parts.broker === false ? "trouble_broker"
			: "trouble_ingest";
	draw();
}

async function keep() {
	if (app.page === "duty" && !document.hidden && app.link?.phase === "live" && (await probe()) === "expired")
		toSignIn("note_expired");
}

function eachSecond() {
	if (app.page !== "duty")
		return;
	if (!wasLost && lostFor(app) >= BANNER_AFTER_MS && app.town.commit !== null) {
		wasLost = true;
		app.said = app.say("said_lost");
	}
	draw();
}

setInterval(eachSecond, 1000);
let readyAsked = 0;
setInterval(() => {
	if (app.page !== "duty" || app.link?.phase !== "live" || mono() - readyAsked < (app.trouble ? TROUBLE_EVERY_MS : READY_EVERY_MS))
		return;
	readyAsked = mono();
	askReady();
}, 1000);
setInterval(keep, KEEP_EVERY_MS);
addEventListener("online", app.act.reconnect);
addEventListener("focus", app.act.reconnect);
document.addEventListener("visibilitychange", () => !document.hidden && app.act.reconnect());
darkWish.addEventListener("change", draw);
drawNow();
boot();
