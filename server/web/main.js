// The pages' root: who is signed in, which page is shown, and the only place that renders.
import { html, nothing, render } from "./vendor/lit.js";
import { call } from "./api.js";
import { maySign, placeOf, titleOf, unsigned } from "./alerts.js";
import { newBell } from "./bell.js";
import { newCasefile, newKey } from "./casefile.js";
import { newChart } from "./chart.js";
import { newClosing } from "./closing.js";
import { newFlash } from "./flash.js";
import { newFold } from "./fold.js";
import { headView, isStale, lostFor, BANNER_AFTER_MS } from "./head.js";
import { nameOf, pickLang, sayIn } from "./i18n.js";
import { keep, kept } from "./kept.js";
import { newKeys } from "./keys.js";
import { newOwed } from "./ledger.js";
import { newLink } from "./link.js";
import { newMap } from "./map.js";
import { isPage, pageOf } from "./pages.js";
import { newPatrolfile } from "./patrolfile.js";
import { newRemind } from "./remind.js";
import { address, parse } from "./route.js";
import { bootView, deniedView, signinView } from "./signin.js";
import { newSound } from "./sound.js";
import { date } from "./time.js";
import { newTown, take } from "./town.js";
import { newVersion } from "./version.js";

/** @typedef {import("./time.js").Lang} Lang */
/** @typedef {import("./i18n.js").Key} Key */
/** @typedef {import("./api.js").Me} Me */

const KEEP_EVERY_MS = 5 * 60e3; // a page that is looked at is a session in use
const BACK_MS = 4e3;
const SIGNED_MS = 10e3;
const BOOT_AGAIN_MS = 3e3;
const LATER_MS = 3e3;
const SLEPT_MS = 30e3; // between two seconds: the PC slept, or the page was frozen

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

const darkWish = matchMedia("(prefers-color-scheme: dark)");
const root = /** @type {HTMLElement} */ (document.getElementById("app"));
const mono = newMono();
const lang0 = pickLang(location.search, kept("xunge.lang"), navigator.languages || []);

/**
 * @typedef {object} App what the views are drawn from
 * @property {Lang} lang
 * @property {import("./i18n.js").Say} say
 * @property {string|null} theme "light", "dark"; null: as the system says
 * @property {"boot"|"signin"|"duty"|"denied"} page
 * @property {Me|null} me
 * @property {import("./town.js").Town} town
 * @property {ReturnType<typeof newLink>|null} link
 * @property {{note: Key|null, error: Key|null, n: number, busy: boolean}} gate the sign-in form
 * @property {{tier: "town"|"community"|"grid", fewest: boolean, allAreas: boolean, devices: "all"|"off"|"behind", allDevices: boolean, quiet: boolean,
 *   unsigned: boolean, allAlerts: boolean, cases: "all"|"late"|"fresh"|"check", allCases: boolean, allOverdue: boolean, chart: boolean|null}} ui
 * @property {import("./route.js").Place} place the page that is shown, and its filter
 * @property {ReturnType<typeof newCasefile>} file the case that is open
 * @property {ReturnType<typeof newPatrolfile>} patrol the patrol that is open
 * @property {ReturnType<typeof newMap>} map
 * @property {ReturnType<typeof newChart>} chart
 * @property {ReturnType<typeof newClosing>} closing
 * @property {ReturnType<typeof newOwed>} owed
 * @property {ReturnType<typeof import("./letin.js").newLetin>} letin of the page of people, once that was shown
 * @property {ReturnType<typeof newRemind>} remind
 * @property {ReturnType<typeof import("./catalogue.js").newCatalogue>} catalogue of the lists, once one was shown; so are the following
 * @property {ReturnType<typeof import("./reaches.js").newReaches>} reaches
 * @property {ReturnType<typeof import("./caselist.js").newCaselist>} caselist
 * @property {ReturnType<typeof import("./patrollist.js").newPatrollist>} patrollist
 * @property {ReturnType<typeof import("./eventlist.js").newEventlist>} eventlist
 * @property {ReturnType<typeof import("./dutylist.js").newDutylist>} dutylist
 * @property {ReturnType<typeof import("./stafflist.js").newStafflist>} stafflist
 * @property {ReturnType<typeof import("./grid.js").newGrid>} grid
 * @property {import("./byreach.js").Lens|null} lens what the desk is seen through; null: all of the town, by grid
 * @property {Map<string, {key: string, busy: boolean, error: Key|null}>} signing by alert: on its way to the server, or refused
 * @property {ReturnType<typeof newFlash>} flash
 * @property {ReturnType<typeof newBell>} bell
 * @property {ReturnType<typeof newSound>} sound
 * @property {ReturnType<typeof newKeys>} keys
 * @property {ReturnType<typeof newFold>} fold
 * @property {ReturnType<typeof newVersion>} version
 * @property {ReturnType<typeof import("./handover.js").newHandover>|null} handover of this user, some time after the first frame
 * @property {typeof import("./i18nalerts.js")|null} titles of alerts in English, once they are there
 * @property {string|null} picked what is shown on the map as well: a case, an area, a reach
 * @property {number} firstCommit of the first snapshot: what came later is new
 * @property {number} bornAt when the first snapshot came, ms UTC: alerts and cases since then are new
 * @property {number} backUntil monotonic ms: until then the banner says that the link is back
 * @property {Key} backSays in these words
 * @property {string} said for screen readers
 * @property {string} cried the same, at once: red alerts
 * @property {() => number} mono ms
 * @property {() => number} nowMs the platform's clock, UTC
 * @property {() => string} today the civil day of +08:00
 * @property {boolean} wall ?view=wall: large type, nothing to press
 * @property {boolean} paper it is being printed: light, whatever the screen is
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
 * @property {(alert: string) => void} sign
 * @property {() => void} draw
 * @property {(hash: string) => void} go another filter of the page: the address changes, the focus stays
 * @property {() => void} closeFile
 * @property {() => boolean} maySign
 * @property {() => void} sound on or off
 * @property {() => void} soundTest
 * @property {() => boolean} mayNotice
 * @property {() => void} notices on or off
 * @property {() => void} keys on or off
 * @property {() => void} help
 * @property {() => void} helpClosed
 * @property {() => void} reload
 * @property {(id: string|null) => void} pick
 * @property {() => void} copyLink
 * @property {(what: string) => void} print only that part of the page
 * @property {() => void} expired the session is over
 */

/** @type {App} */
const app = {
	lang: lang0,
	say: sayIn(lang0),
	theme: kept("xunge.theme"),
	page: "boot",
	me: null,
	town: newTown(),
	link: null,
	gate: { note: null, error: null, n: 0, busy: false },
	ui: { tier: "community", fewest: false, allAreas: false, devices: "all", allDevices: false, quiet: false,
		unsigned: false, allAlerts: false, cases: "all", allCases: false, allOverdue: false, chart: null },
	file: newCasefile({ csrf: () => app.me?.csrf || "", draw: () => draw(), expired: () => toSignIn("note_expired"),
		done: (action) => {
			app.said = app.say("said_done", { what: nameOf("action", action, app.lang) });
			focus("h-case");
		} }),
	place: { page: "desk", rest: "", query: new URLSearchParams() },
	patrol: newPatrolfile({ draw: () => draw(), expired: () => toSignIn("note_expired") }),
	map: /** @type {any} */ (null),
	chart: /** @type {any} */ (null),
	closing: /** @type {any} */ (null),
	owed: /** @type {any} */ (null),
	letin: /** @type {any} */ (null),
	remind: /** @type {any} */ (null),
	catalogue: /** @type {any} */ (null),
	reaches: /** @type {any} */ (null),
	caselist: /** @type {any} */ (null),
	patrollist: /** @type {any} */ (null),
	eventlist: /** @type {any} */ (null),
	dutylist: /** @type {any} */ (null),
	stafflist: /** @type {any} */ (null),
	grid: /** @type {any} */ (null),
	lens: null,
	signing: new Map(),
	bornAt: 0,
	flash: newFlash(),
	sound: newSound(),
	bell: /** @type {any} */ (null),
	keys: /** @type {any} */ (null),
	fold: /** @type {any} */ (null),
	version: newVersion({ draw: () => draw() }),
	handover: null,
	titles: null,
	picked: null,
	wall: new URLSearchParams(location.search).get("view") === "wall",
	firstCommit: 0,
	backUntil: 0,
	backSays: "banner_back",
	said: "",
	cried: "",
	mono,
	nowMs: () => (app.link && app.link.frameAt !== null ? app.town.time + (mono() - app.link.frameAt) : Date.now()),
	today: () => date(app.nowMs()),
	paper: false,
	dark: () => !app.paper && (app.theme ? app.theme === "dark" : darkWish.matches),
	act: {
		signIn: (e) => {
			e.preventDefault();
			signIn(/** @type {HTMLFormElement} */ (e.target));
		},
		signOut,
		otherLang: () => setLang(app.lang === "zh" ? "en" : "zh"),
		otherTheme: () => {
			app.theme = app.dark() ? "light" : "dark";
			keep("xunge.theme", app.theme);
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
		sign,
		draw: () => draw(),
		go: (hash) => {
			history.replaceState(null, "", location.pathname + location.search + hash);
			route(false);
		},
		closeFile: () => {
			const row = app.file.id || app.patrol.id;

			history.replaceState(null, "", location.pathname + location.search + address(app.place));
			route();
			/** @type {HTMLElement|null} */ (document.querySelector(`[data-row="${CSS.escape(row || "")}"] a`) || document.getElementById("main"))?.focus();
		},
		print: (what) => {
			document.documentElement.dataset.print = what;
			addEventListener("afterprint", () => delete document.documentElement.dataset.print, { once: true });
			print();
		},
		maySign: () => maySign(app),
		async sound() {
			app.bell.on = !app.bell.on;
			keep("xunge.sound", app.bell.on ? "on" : "off");
			if (app.bell.on)
				await app.act.soundTest();
			app.said = app.say(app.bell.on ? "said_sound_on" : "said_sound_off");
			draw();
		},
		async soundTest() {
			await app.sound.wake();
			app.sound.play("ding");
			draw();
		},
		mayNotice: () => isSecureContext && "Notification" in globalThis,
		async notices() {
			app.bell.notices = !app.bell.notices && (await Notification.requestPermission()) === "granted";
			keep("xunge.notices", app.bell.notices ? "on" : "off");
			draw();
		},
		keys() {
			app.keys.on = !app.keys.on;
			keep("xunge.keys", app.keys.on ? "on" : "off");
			draw();
		},
		async help() {
			help = help || await import("./help.js").catch(() => null);
			helpOpen = !!help;
			if (!help)
				app.said = app.say("page_failed");
			drawNow();
			const dialog = /** @type {HTMLDialogElement|null} */ (document.querySelector("dialog.help"));

			if (dialog && !dialog.open)
				dialog.showModal();
		},
		helpClosed() {
			helpOpen = false;
			draw();
		},
		reload: () => location.reload(),
		pick: (id) => {
			app.picked = app.picked === id ? null : id;
			draw();
		},
		expired: () => toSignIn("note_expired"),
		copyLink: () => {
			// without a secure context there is no clipboard: then the address bar has it
			navigator.clipboard?.writeText(location.href).then(() => {
				app.said = app.say("said_copied");
				draw();
			}, () => {});
		},
	},
};

/** @type {typeof import("./help.js")|null} fetched when it is asked for */
let help = null;
/** @type {typeof import("./drawer.js")|null} fetched when somebody is at the page, so that it is there when a case or a patrol is opened */
let drawer = null;

async function fetchTitles() {
	if (app.lang !== "en" || app.titles)
		return;
	app.titles = await import("./i18nalerts.js").catch(() => null); // as they came, until it is there
	draw();
}

/** What the first paint does not wait for. */
async function fetchLater() {
	fetchTitles();
	const m = await import("./catalogue.js").catch(() => null); // the next page that needs it tries again

	if (m && app.page === "duty") {
		app.catalogue = app.catalogue || m.newCatalogue(app);
		app.catalogue.want(true);
		const h = await import("./handover.js").catch(() => null);

		app.handover = app.handover || (app.me && h?.newHandover(app)) || null;
	}
}

/** Somebody is at the page: once. */
function atHand() {
	if (app.page !== "duty" || handled)
		return;
	handled = true;
	if (!drawer)
		fetchDrawer();
}

async function fetchDrawer() {
	drawer = drawer || await import("./drawer.js").catch(() => null); // the next opening tries again
	if (app.file.id !== null || app.patrol.id !== null) {
		if (!drawer)
			app.said = app.say("page_failed");
		focus(app.file.id !== null ? "h-case" : "h-patrol");
	}
}
let handled = false;
let helpOpen = false;

app.bell = newBell({ now: mono, me: () => app.me?.person || "", play: (kind) => app.sound.play(kind), notice, alerts: () => app.town.rows.alerts.values() });
app.bell.on = kept("xunge.sound") === "on";
app.bell.notices = kept("xunge.notices") === "on" && app.act.mayNotice() && Notification.permission === "granted";
app.keys = newKeys(app);
app.keys.on = kept("xunge.keys") !== "off";
app.fold = newFold(app);
app.map = newMap(app);
app.chart = newChart(app);
app.closing = newClosing(app);
app.owed = newOwed(app);
app.remind = newRemind(app);

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

/** An attribute of the whole document. @param {string} name @param {string|null} value */
function put(name, value) {
	const el = document.documentElement;

	if (value === null)
		el.removeAttribute(name);
	else if (el.getAttribute(name) !== value)
		el.setAttribute(name, value);
}

function drawNow() {
	const { say } = app;

	// set only when it differs: each setting has the browser look at every element's style again
	put("lang", app.lang === "zh" ? "zh-CN" : "en");
	put("data-theme", app.paper ? "light" : app.theme);
	const n = app.page === "duty" ? unsigned(app) : 0;

	const title = app.page === "duty" ? `${n ? `(${n}) ` : ""}${say(pageOf(app.place.page).text)} · ${say("brand")}` : `${say("signin_title")} · ${say("brand")}`;
	if (document.title !== title)
		document.title = title;
	put("data-page", app.page);
	put("data-view", app.wall && app.page === "duty" ? "wall" : null);
	render(app.page === "duty" ? dutyView() : app.page === "signin" ? signinView(app) : app.page === "denied" ? deniedView(app) : bootView(app), root);
	if (app.page === "duty") {
		app.map.after();
		app.chart.after();
		app.closing.after();
		app.owed.after();
		pageOf(app.place.page).after?.(app);
		app.fold.after();
		app.keys.after();
	}
}

const narrow = matchMedia("(max-width: 720px)"); // there the case covers the page
const dutyView = () => html`${headView(app)}
<div class="stage"><main id="main" tabindex="-1" class="desk on-${app.place.page} ${pageOf(app.place.page).flow ? "flow" : ""} ${app.patrol.id !== null ? "with-patrol" : ""} ${app.file.id !== null ? "with-case" : ""} ${isStale(app) ? "stale" : ""}" ?inert=${(app.file.id !== null || app.patrol.id !== null) && narrow.matches}>${
	pageOf(app.place.page).view(app)}</main>
${drawer ? [drawer.drawerView(app), drawer.patrolDrawer(app)] : nothing}</div>${help && helpOpen ? help.helpView(app) : nothing}
<p class="vh" role="status">${app.said || nothing}</p><p class="vh" role="alert">${app.cried || nothing}</p>`;

// ---------------------------------------------------------------- the address

let entered = false; // the page that is shown knows its place

function leavePage() {
	if (entered)
		pageOf(app.place.page).leave?.(app);
	entered = false;
}

/** Shows what the address names. @param {boolean} [focusing] the focus goes there */
function route(focusing = true) {
	const to = parse(app.page === "duty" ? location.hash : "");

	if (app.page !== "duty") {
		app.file.close();
		app.patrol.close();
		return;
	}
	if (!to.place && typeof history.state?.under === "string") // a reload, or back: the page below comes again as it was
		to.place = parse(history.state.under).place;
	if (to.place && (!isPage(to.place.page) || (pageOf(to.place.page).about && !to.place.rest)))
		to.place = { page: "desk", rest: "", query: new URLSearchParams() };
	const moved = to.place && address(to.place) !== address(app.place);

	if (to.place) {
		if (to.place.page !== app.place.page)
			leavePage();
		app.place = to.place;
	}
	if (to.caseId !== null || to.patrolId !== null)
		history.replaceState({ under: address(app.place) }, "");
	if (moved || !entered) {
		entered = true;
		pageOf(app.place.page).enter?.(app);
	}
	if (to.caseId !== app.file.id) {
		if (to.caseId === null)
			app.file.close();
		else
			app.file.open(to.caseId);
		if (to.caseId !== null && !drawer)
			fetchDrawer();
	}
	if (to.patrolId !== app.patrol.id) {
		if (to.patrolId === null)
			app.patrol.close();
		else
			app.patrol.open(to.patrolId);
		if (to.patrolId !== null && !drawer)
			fetchDrawer();
	}
	drawNow();
	if (!focusing)
		return;
	if (to.caseId !== null || to.patrolId !== null)
		document.getElementById(to.caseId !== null ? "h-case" : "h-patrol")?.focus();
	else if (moved)
		document.getElementById("main")?.focus();
}

// ---------------------------------------------------------------- signing for an alert

/** @param {string} id */
async function sign(id) {
	const before = app.signing.get(id);
	const s = { key: before ? before.key : newKey(), busy: true, error: /** @type {Key|null} */ (null) };

	if (before?.busy)
		return;
	app.signing.set(id, s);
	draw();
	const r = await call("POST", `/api/v1/alerts/${encodeURIComponent(id)}/ack`, { body: {}, csrf: app.me?.csrf, headers: { "Idempotency-Key": s.key } });

	s.busy = r.status === 200; // until its row says who signed
	if (r.status === 401)
		return toSignIn("note_expired");
	if (r.status === 200) {
		app.said = app.say("said_signed");
		setTimeout(() => app.signing.get(id) === s && app.signing.delete(id) && draw(), SIGNED_MS);
	} else {
		if (r.status !== 0 && r.status !== 503)
			s.key = newKey();
		s.error = r.status === 0 || r.body?.code === "outcome_unknown" ? "act_unknown" : r.status === 503 ? "act_down" : r.status === 403 ? "act_forbidden" : r.status === 404 || r.status === 409 ? "sign_gone" : "act_refused";
	}
	draw();
}

/** What came since the last look, for those who listen to the page. @param {any} msg */
function announce(msg) {
	const fresh = (msg.op === "delta" && msg.alerts || []).filter((/** @type {import("./town.js").Alert} */ a) => a.title && !a.acked_by && a.state !== "cleared" && a.severity <= 2);

	for (const a of fresh) {
		if (a.severity === 1)
			app.cried = app.say("said_alert", { what: titleOf(app, a) });
		else
			app.said = app.say("said_alert", { what: titleOf(app, a) });
	}
}

/** Alerts of a frame that were not known before; none of the first snapshot.
 * @param {any} msg @returns {import("./town.js").Alert[]} */
function unknown(msg) {
	return app.firstCommit && Array.isArray(msg.alerts) ? msg.alerts.filter((/** @type {any} */ a) => !a.gone && !app.town.rows.alerts.has(String(a.id))) : [];
}

/** A notice of the system, when the page is not looked at. @param {import("./town.js").Alert} a */
function notice(a) {
	if (!document.hidden && document.hasFocus())
		return;
	const n = new Notification(titleOf(app, a) || nameOf("alert", a.type, app.lang), { body: `${nameOf("severity", String(a.severity), app.lang)} ${placeOf(app, a)}`, tag: String(a.id), lang: app.lang });

	n.onclick = () => {
		n.close();
		window.focus();
		location.hash = a.case ? `#/case/${encodeURIComponent(a.case)}` : "#/";
	};
}

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
	fetchTitles();
	app.said = "";
	keep("xunge.lang", lang);
	url.searchParams.delete("lang");
	history.replaceState(history.state, "", url); // with the case that is open
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
	leavePage();
	if (app.link)
		app.link.stop();
	app.link = null;
	app.me = null;
	app.file.close();
	app.patrol.close();
	app.signing.clear();
	app.map.forget();
	app.chart.forget();
	app.closing.forget();
	app.owed.forget();
	app.letin?.forget();
	app.remind.forget();
	app.catalogue?.forget();
	app.reaches?.forget();
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
	leavePage();
	app.me = me;
	app.town = newTown();
	app.map.forget();
	app.chart.forget();
	app.closing.forget();
	app.owed.forget();
	app.letin?.forget();
	app.remind.forget();
	app.catalogue?.forget();
	app.reaches?.forget();
	app.flash = newFlash();
	app.handover = null;
	app.firstCommit = 0;
	app.backUntil = 0;
	app.gate = { note: null, error: null, n: 0, busy: false };
	app.link = newLink({
		open: () => new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/live`, "xunge.live.v1"),
		probe,
		hello: () => ({ scope: me.scope, db: app.town.db, since: app.town.commit }),
		frame: heard,
		change: changed,
		seen: () => !document.hidden,
		now: mono,
		later: (fn, ms) => setTimeout(fn, ms),
		cancel: (id) => clearTimeout(id),
		random: () => Math.random(),
	});
	show("duty");
	fetchTitles();
	route();
	app.link.kick();
}

/** A frame of the stream, or the snapshot before it. @param {any} msg */
function heard(msg) {
	const fresh = unknown(msg);
	const trouble = app.town.source.since;
	const r = take(app.town, msg);

	if (r === "ok" && !app.firstCommit) {
		app.firstCommit = /** @type {number} */ (app.town.commit);
		app.bornAt = app.town.time;
		setTimeout(fetchLater, LATER_MS);
	}
	if (trouble && !app.town.source.since)
		back("trouble_over");
	if (r === "ok" && msg.op !== "tick") {
		announce(msg);
		app.bell.heard(fresh);
		if (app.file.id !== null)
			app.file.seen(app.town.rows.cases.get(app.file.id)?.etag);
		pageOf(app.place.page).frame?.(app, msg);
	}
	if (r !== "unknown") // a pong changes nothing
		draw();
	return r;
}

/** The whole state by HTTP, where it is compressed: the stream goes on from its commit.  Where it does not come, the stream
 * brings it. @returns {Promise<"ok"|"expired"|"down">} */
async function begin() {
	const { link, me, town } = app;
	const r = await call("GET", `/api/v1/live/snapshot?scope=${encodeURIComponent(me?.scope || "")}`);

	if (r.status === 200 && r.body && link && app.town === town && heard(r.body) === "ok")
		link.frameAt = mono();
	return r.status === 401 ? "expired" : r.status === 0 ? "down" : "ok";
}

/** @returns {Promise<"ok"|"expired"|"down">} */
async function probe() {
	if (app.town.commit === null)
		return begin();
	const r = await call("GET", "/api/v1/me");

	if (r.status === 200 && app.me)
		Object.assign(app.me, r.body);
	return r.status === 200 ? "ok" : r.status === 401 ? "expired" : "down";
}

/** What was said to be away is there again. @param {Key} says */
function back(says) {
	app.backUntil = mono() + BACK_MS;
	app.backSays = says;
	app.said = app.say("said_back");
}

/** Tells those who listen, when the banner comes. */
function lost() {
	if (!wasLost && lostFor(app) >= BANNER_AFTER_MS && app.town.commit !== null) {
		wasLost = true;
		app.said = app.say("said_lost");
	}
	draw();
}

let wasLost = false;
let wasLive = false;

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
		back("banner_back");
	} else if (link.lostAt !== null)
		setTimeout(lost, Math.max(0, BANNER_AFTER_MS - lostFor(app)));
	if (link.phase === "live" && !wasLive)
		app.version.check(); // the server may be another one
	wasLive = link.phase === "live";
	draw();
}

async function keepSession() {
	if (app.page === "duty" && !document.hidden && app.link?.phase === "live" && (await probe()) === "expired")
		toSignIn("note_expired");
}

let secondAt = mono();

function eachSecond() {
	const slept = mono() - secondAt > SLEPT_MS;

	secondAt = mono();
	if (app.page !== "duty")
		return;
	app.bell.second();
	app.handover?.second();
	if (slept) { // what it shows may be hours old, and the connection dead without knowing
		app.link?.kick();
		app.version.check();
	}
	lost();
}

setInterval(eachSecond, 1000);
setInterval(keepSession, KEEP_EVERY_MS);
addEventListener("hashchange", () => route());
narrow.addEventListener("change", draw);
addEventListener("online", app.act.reconnect);
addEventListener("focus", app.act.reconnect);
document.addEventListener("visibilitychange", () => (document.hidden ? app.link?.look() : app.link?.kick()));
darkWish.addEventListener("change", draw);
for (const [e, paper] of /** @type {const} */ ([["beforeprint", true], ["afterprint", false]]))
	addEventListener(e, () => {
		app.paper = paper;
		drawNow();
		app.map.now();
	});
root.addEventListener("click", (e) => { // a row that is touched is shown on the map as well
	const at = /** @type {HTMLElement} */ (e.target);
	const row = /** @type {HTMLElement|null} */ (at.closest("tr[data-pick]"));

	if (row && !at.closest("a, button, input, summary"))
		app.act.pick(row.dataset.pick || null);
});
for (const e of ["pointermove", "pointerdown", "keydown"])
	addEventListener(e, atHand);
for (const e of ["pointerdown", "keydown"]) // a browser lets nothing sound before the page was touched
	addEventListener(e, () => app.bell.on && app.sound.blocked && app.sound.wake().then(draw));
document.addEventListener("click", (e) => document.querySelectorAll("details.menu[open]").forEach((m) => {
	if (!m.contains(/** @type {Node} */ (e.target)))
		/** @type {HTMLDetailsElement} */ (m).open = false;
}));
drawNow();
boot();
