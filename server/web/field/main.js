// The field app's root: what the phone knows, which screen is shown, and the only place that renders.
import { html, nothing, render } from "../vendor/lit.js";
import { openBox } from "./box.js";
import { formsOf } from "./forms.js";
import { newPost } from "./post.js";
import { bottomView, enrolView, screens, topView } from "./screens.js";
import { bringAgain, loadPhotos, sendPhotos, tidyPhotos } from "./photos.js";
import { syncOnce } from "./down.js";
import { piece, step } from "./walk.js";
import { sayer } from "./words.js";

/** @typedef {import("./post.js").Account} Account */
/** @typedef {import("./box.js").Record_} Mail */

export const VERSION = "1";
const VAGUE_WARN_M = 50;
const SYNC_EVERY_MS = 10 * 60e3;
const PHOTO_EVERY_MS = 20e3;

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
const stored = (/** @type {string} */ k) => {
	try {
		return localStorage.getItem(k);
	} catch (_) {
		return null;
	}
};
const asked = new URLSearchParams(location.search).get("lang") || stored("xunge.lang") || (navigator.language || "zh").slice(0, 2);

/**
 * @typedef {object} Field
 * @property {import("./words.js").Lang} lang
 * @property {ReturnType<typeof sayer>} say
 * @property {import("./box.js").Box} box
 * @property {Account|null} account
 * @property {any} down what the platform told last; null: never
 * @property {Mail[]} mail newest first
 * @property {{key: string, value: any}[]} drafts
 * @property {ReturnType<typeof newPost>|null} post
 * @property {import("./walk.js").Walk|null} walk
 * @property {{lat: number, lon: number, acc: number, at: number}|null} here
 * @property {"wait"|"none"|"good"} gps
 * @property {number} off platform clock - phone clock, ms
 * @property {boolean} locked the screen is kept on
 * @property {boolean} saved storage is protected
 * @property {{name: string, form: string, draft: string, mail: Mail|null}} screen
 * @property {string} said
 * @property {string} error
 * @property {() => void} draw
 * @property {(name: string, more?: {form?: string, draft?: string, mail?: Mail|null}) => void} go
 * @property {(event: any, more?: any) => Promise<void>} record
 * @property {(route: string, target: string) => Promise<void>} start
 * @property {(clear: boolean) => Promise<void>} end
 * @property {(a: Account) => Promise<void>} enrol
 * @property {() => Promise<void>} retry
 * @property {(m: Mail) => void} again
 */

/** @type {Field} */
export const app = {
	lang: asked.startsWith("en") ? "en" : "zh",
	say: sayer(asked.startsWith("en") ? "en" : "zh"),
	box: /** @type {any} */ (null),
	account: null,
	down: null,
	mail: [],
	drafts: [],
	post: null,
	walk: null,
	here: null,
	gps: "wait",
	off: 0,
	locked: false,
	saved: false,
	screen: { name: "today", form: "", draft: "", mail: null },
	said: "",
	error: "",
	draw,
	go,
	record,
	start,
	end,
	enrol,
	retry,
	again,
};

let queued = false;

function draw() {
	if (queued)
		return;
	queued = true;
	requestAnimationFrame(() => {
		queued = false;
		drawNow();
	});
}

function drawNow() {
	document.documentElement.lang = app.lang === "zh" ? "zh-CN" : "en";
	document.title = app.say("title");
	document.documentElement.dataset.screen = app.screen.name;
	render(html`${topView(app)}<main id="main" tabindex="-1">${app.account ? screens(app) : enrolView(app)}</main>${app.account ? bottomView(app) : nothing}
		<p class="vh" role="status">${app.said || nothing}</p>`, root);
	afterDraw();
}

/** @type {() => void} */
let afterDraw = () => {};

export const onDraw = (/** @type {() => void} */ fn) => {
	afterDraw = fn;
};

/** @param {string} name @param {{form?: string, draft?: string, mail?: Mail|null}} more */
function go(name, more = {}) {
	app.screen = { name, form: more.form || "", draft: more.draft || "", mail: more.mail || null };
	app.error = "";
	if (location.hash.slice(2) !== name)
		history.pushState(null, "", `#/${name}`);
	drawNow();
	document.getElementById("main")?.focus();
	scrollTo(0, 0);
}

// ---------------------------------------------------------------- the outbox

async function reload() {
	[app.mail, app.drafts] = await Promise.all([app.box.list(), app.box.drafts()]);
	draw();
}

/** @param {any} event @param {any} more */
async function record(event, more = {}) {
	await app.box.add({ at: Date.now(), ...(app.off ? { off: app.off } : {}), ...event }, more);
	app.said = app.say("saved");
	if (more.photos?.length)
		await loadPhotos(app.box);
	await reload();
	app.post?.poke();
}

async function retry() {
	const tx = app.box.db.transaction("mail", "readwrite");

	for (const m of await tx.store.index("state").getAll("sent"))
		tx.store.put({ ...m, state: "waiting" });
	await tx.done;
	await reload();
	app.post?.poke();
	photos();
	sync();
}

/** Opens the form of a refused record again, with what was in it; a conflict goes out once more under a new epoch.
 * @param {Mail} m */
async function again(m) {
	if (m.state === "conflict") {
		await app.box.again(m, m.event, true);
		await reload();
		app.post?.poke();
		return;
	}
	const form = formsOf(m.event.kind);

	if (form)
		go("form", { form, mail: m });
}

// ---------------------------------------------------------------- what the platform tells

let syncedAt = 0;

/** @param {number} off platform clock - ours, ms: an event recorded from now on says so */
function clock(off) {
	app.off = Math.round(off);
	app.box.set("off", app.off);
}

async function sync() {
	if (!app.account)
		return;
	syncedAt = Date.now();
	const r = await syncOnce(app.box, app.account, app.down, { another: () => app.post?.greet(), clock });

	if (r) {
		app.down = r;
		draw();
		if (await bringAgain(app.box, r, syncedAt))
			photos();
	}
}

let sending = false;

async function photos() {
	if (sending || !app.account)
		return;
	sending = true;
	try {
		await sendPhotos(app.box, app.account, draw);
	} finally {
		sending = false;
		draw();
	}
}

// ---------------------------------------------------------------- position, patrol

/** @type {any} */
let wake = null;

async function keepOn() {
	if (!app.walk || wake || document.hidden)
		return;
	try {
		wake = await /** @type {any} */ (navigator).wakeLock.request("screen");
		app.locked = true;
		wake.addEventListener("release", () => {
			wake = null;
			app.locked = false;
			draw();
		});
	} catch (_) {
		app.locked = false;
	}
	draw();
}

function watch() {
	if (!navigator.geolocation) {
		app.gps = "none";
		return;
	}
	navigator.geolocation.watchPosition(async (p) => {
		const acc = Math.round(p.coords.accuracy);

		app.here = { lat: p.coords.latitude, lon: p.coords.longitude, acc, at: p.timestamp };
		app.gps = "good";
		if (app.walk && step(app.walk, [Date.now(), p.coords.latitude, p.coords.longitude, acc]))
			await tell(false);
		draw();
	}, (e) => {
		app.gps = e.code === 1 ? "none" : "wait";
		draw();
	}, { enableHighAccuracy: true, maximumAge: 1000, timeout: 30e3 });
}

/** Puts what was walked into the outbox and the box; the patrol stands there until it ends.
 * @param {boolean} all */
async function tell(all) {
	const w = app.walk;

	if (!w)
		return;
	for (let p = piece(w, Date.now(), all); p; p = all ? piece(w, Date.now(), all) : null)
		await record({ kind: "patrol.track", at: p.at, body: p.body }, { label: w.target });
	await app.box.set("walk", w);
}

/** Where I am, for an event. */
export const locOf = () => (app.here && Date.now() - app.here.at < 120e3 ? { lat: Number(app.here.lat.toFixed(7)), lon: Number(app.here.lon.toFixed(7)), acc: app.here.acc } : undefined);
export const isVague = () => !!app.here && app.here.acc > VAGUE_WARN_M;

/** @param {string} route @param {string} target */
async function start(route, target) {
	const duty = (app.down?.duties || []).find((/** @type {any} */ d) => d.target === target) || (app.down?.duties || []).find((/** @type {any} */ d) => !d.target);
	const rule = (duty && (app.down?.rules || []).find((/** @type {any} */ r) => r.rule === duty.rule && r.role === duty.role && r.level === duty.level)) || null;
	const id = crypto.randomUUID();

	app.walk = { id, route, target, startedAt: Date.now(), points: [], told: 0, toldAt: Date.now(), metres: 0, ms: 0, rule };
	await app.box.set("walk", app.walk);
	await record({ kind: "patrol.start", loc: locOf(), body: { patrol: id, route, target } }, { label: target });
	if (app.here)
		step(app.walk, [Date.now(), app.here.lat, app.here.lon, app.here.acc]);
	keepOn();
	go("walk");
}

/** @param {boolean} clear */
async function end(clear) {
	const w = app.walk;

	if (!w)
		return;
	await tell(true);
	await record({ kind: "patrol.end", loc: locOf(), body: { patrol: w.id, clear } }, { label: w.target });
	app.walk = null;
	await app.box.set("walk", null);
	wake?.release();
	go("today");
}

// ---------------------------------------------------------------- who this phone is

/** @param {Account} a */
async function enrol(a) {
	if (app.account && app.account.device !== a.device) { // somebody else's now: a numbering of its own, nothing of the other's on the screen
		app.down = app.walk = null;
		for (const k of ["stream", "down", "walk"])
			await app.box.set(k, null);
		wake?.release();
	}
	await app.box.set("account", a);
	app.account = a;
	app.error = "";
	await connectAll();
	go("today");
}

async function connectAll() {
	const account = /** @type {Account} */ (app.account);

	app.post?.stop();
	app.post = newPost({ box: app.box, account, app: `xunge-field/${VERSION}`, changed: () => reload().then(photos), sync, clock });
	app.post.start();
	await sync();
	photos();
}

let linking = false;

/** A link of the grid centre: #/enrol/TOKEN, good once. */
async function byLink() {
	const m = /^#\/enrol\/([A-Za-z0-9_-]{16,})$/.exec(location.hash);

	if (!m || linking)
		return;
	linking = true;
	await redeem(m).finally(() => (linking = false));
	drawNow();
}

/** @param {RegExpExecArray} m */
async function redeem(m) {
	const r = await fetch("/api/v1/enrol", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token: m[1] }), credentials: "omit" }).catch(() => null);

	if (r && r.status < 500 && r.status !== 429) // else the link may still be good: loaded anew, it is tried again
		history.replaceState(null, "", "#/today");
	if (r?.ok)
		await enrol(await r.json());
	else
		app.error = app.say(r && r.status < 500 && r.status !== 429 ? "enrol_gone" : "enrol_failed");
}

async function boot() {
	app.box = await openBox("xunge-field");
	app.account = (await app.box.get("account")) || null;
	app.down = (await app.box.get("down")) || null;
	app.off = (await app.box.get("off")) || 0;
	app.walk = (await app.box.get("walk")) || null;
	await app.box.tidy(Date.now());
	await tidyPhotos(app.box, Date.now());
	await loadPhotos(app.box);
	await reload();
	await byLink();
	app.saved = !!(await navigator.storage?.persisted?.().catch(() => false)) || !!(await navigator.storage?.persist?.().catch(() => false));
	watch();
	if (app.walk) {
		app.said = app.say("patrol_resumed");
		app.screen.name = "walk";
		keepOn();
	}
	if (app.account && !app.post)
		connectAll();
	if ("serviceWorker" in navigator)
		navigator.serviceWorker.register("sw.js").catch(() => {});
	drawNow();
}

setInterval(() => {
	if (app.walk)
		tell(false);
	if (app.account && Date.now() - syncedAt > SYNC_EVERY_MS)
		sync();
	draw();
}, 1000);
setInterval(photos, PHOTO_EVERY_MS);
addEventListener("online", () => {
	app.post?.poke();
	sync();
	photos();
});
addEventListener("popstate", () => {
	const name = location.hash.slice(2) || "today";

	if (name.startsWith("enrol/")) // the app was open when the link was followed
		byLink();
	else if (name !== app.screen.name)
		app.screen = { name, form: "", draft: "", mail: null };
	drawNow();
});
document.addEventListener("visibilitychange", keepOn);
boot();
