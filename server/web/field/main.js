// The field app's root: what the phone knows, which screen is shown, and the only place that renders.
import { html, nothing, render } from "../vendor/lit.js";
import { openBox, wall } from "./box.js";
import { formsOf } from "./forms.js";
import { ruleOf } from "./patrol.js";
import { newPost } from "./post.js";
import { enrolView } from "./me.js";
import { bottomView, screens, topView } from "./screens.js";
import { bringAgain, dropSeen, forgetPhotos, loadPhotos, sendPhotos, tidyPhotos } from "./photos.js";
import { syncOnce } from "./down.js";
import { newTabs } from "./tabs.js";
import { piece, step } from "./walk.js";
import { sayer } from "./words.js";

/** @typedef {import("./post.js").Account} Account */
/** @typedef {import("./box.js").Record_} Mail */

export const VERSION = "1";
const VAGUE_WARN_M = 50;
const SYNC_EVERY_MS = 10 * 60e3;
const PHOTO_EVERY_MS = 20e3;
const CLOCK_JUMP_MS = 2000;
const CLOCK_ASK_MS = 1500;

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
 * @property {import("./down.js").Problem|null} problem the platform refused to tell what is new
 * @property {{link: string, heard: number}|null} other what the tab that sends says
 * @property {any} install the browser offers to install the app
 * @property {boolean} fresh a new version is there
 * @property {string} person who acts on the phone; "": its own person
 * @property {{name: string, form: string, draft: string, mail: Mail|null}} screen
 * @property {string} said
 * @property {string} error
 * @property {() => void} draw
 * @property {(name: string, more?: {form?: string, draft?: string, mail?: Mail|null}) => void} go
 * @property {(event: any, more?: any) => Promise<void>} record
 * @property {(route: string, target: string) => Promise<void>} start
 * @property {(clear: boolean) => Promise<void>} end
 * @property {(note: string) => void} noted what the patrol's end will say
 * @property {(m: Mail) => Promise<void>} remove
 * @property {(text: string) => Promise<void>} sos
 * @property {(key: string) => Promise<void>} dropDraft
 * @property {(text: string) => Promise<boolean>} enrolBy
 * @property {(a: Account) => Promise<void>} enrol
 * @property {() => Promise<void>} retry
 * @property {(m: Mail) => void} again
 * @property {(m: Mail) => Promise<void>} withdraw
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
	problem: null,
	other: null,
	install: null,
	fresh: false,
	person: "",
	screen: { name: "today", form: "", draft: "", mail: null },
	said: "",
	error: "",
	draw,
	go,
	record,
	start,
	end,
	noted,
	remove,
	enrolBy,
	sos,
	dropDraft,
	enrol,
	retry,
	again,
	withdraw,
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

/** Something in the box is another: this tab shows it, and so do the others. */
async function changed() {
	tabs.tell({ what: "mail", link: app.post?.leads ? app.post.link : "", heard: app.post?.heard || 0 });
	await reload();
}

/** @type {any} */
let soon = null;

/** The same for what comes in bursts: the whole list is read again, at most three times a second. */
function changedSoon() {
	if (soon)
		return;
	soon = setTimeout(() => {
		soon = null;
		changed().then(photos);
	}, 300);
}

const tabs = newTabs(async (m) => {
	if (!app.box)
		return;
	app.off = (await app.box.get("off")) || 0;
	if (m.link)
		app.other = { link: m.link, heard: m.heard || 0 };
	if (m.what === "poke")
		return app.post?.poke();
	if (m.what === "account")
		return location.reload();
	if (m.what === "down")
		app.down = (await app.box.get("down")) || null;
	if (m.what === "walk" && !tabs.walks)
		await seeWalk();
	await reload();
});

/** What the walk is by now: another tab may have gone on with it, or ended it. */
async function seeWalk() {
	app.walk = (await app.box.get("walk")) || null;
	app.person = (await app.box.get("person")) || "";
	if (!app.walk) {
		wake?.release();
		if (app.screen.name === "walk" || app.screen.name === "end")
			app.screen.name = "today";
	}
}

/** @param {any} event @param {any} more */
async function record(event, more = {}) {
	await watchClock();
	await app.box.add({ at: Date.now(), ...(app.off ? { off: app.off } : {}), ...(app.person ? { person: app.person } : {}), ...event }, more);
	if (event.kind !== "patrol.track")
		app.said = app.say("saved");
	if (more.photos?.length)
		await loadPhotos(app.box);
	await changed();
	app.post?.poke();
	tabs.tell({ what: "poke" });
}

async function retry() {
	const tx = app.box.db.transaction("mail", "readwrite");

	for (const m of await tx.store.index("state").getAll("sent"))
		tx.store.put({ ...m, state: "waiting" });
	await tx.done;
	await changed();
	app.post?.poke();
	tabs.tell({ what: "poke" });
	photos();
	sync();
}

/** A call for help. @param {string} text */
async function sos(text) {
	await record({ kind: "sos", ...at(), ...(app.walk ? { ref: app.walk.id } : {}), body: text ? { text } : {} });
	go("sos");
}

/** @param {string} key */
async function dropDraft(key) {
	if (!confirm(app.say("discard_ask")))
		return;
	await app.box.keepDraft(key, null);
	await changed();
}

/** Takes it off the list; a line with the date stays. @param {Mail} m */
async function remove(m) {
	await app.box.remove(m, Date.now());
	await changed();
}

/** Takes back what is not answered yet: of what never left the phone nothing leaves; of what may have left, a void behind it. @param {Mail} m */
async function withdraw(m) {
	if (!(await app.box.withdraw(m, { kind: "status", at: Date.now(), ...(app.off ? { off: app.off } : {}), body: { app: `xunge-field/${VERSION}` } })))
		await app.box.add({ kind: "void", at: Date.now(), ...(app.off ? { off: app.off } : {}), body: { target: `${m.device || app.account?.device}/${m.epoch}/${m.seq}`, reason: app.say("withdraw") } }, { instead: { of: m, void: null, withdrawn: true } });
	await forgetPhotos(app.box);
	await changed();
	app.post?.poke();
	tabs.tell({ what: "poke" });
}

/** Opens the form of a refused record again, with what was in it; a conflict goes out once more under a new epoch.
 * @param {Mail} m */
async function again(m) {
	if (m.state === "conflict") {
		await app.box.again(m, m.event, true);
		await changed();
		app.post?.poke();
		return;
	}
	const form = formsOf(m.event.kind);

	if (form)
		go("form", { form, mail: m });
}

// ---------------------------------------------------------------- what the platform tells

let syncedAt = -SYNC_EVERY_MS; // by the clock that nobody sets

/** @param {number} off platform clock - ours, ms: an event recorded from now on says so */
function clock(off) {
	const was = app.off;

	app.off = Math.round(off);
	app.box.set("off", app.off);
	if (Math.abs(app.off - was) > CLOCK_JUMP_MS) // a clock that was set, or was wrong all the time
		app.box.reclock(app.off);
}

let clockAt = wall();

/** @type {Promise<any>|null} */
let asking = null; // the platform, what time it is

/** A clock that is set back while the page is open: we know by how much.  One that is set on may have slept instead: the platform is asked,
 * and a record waits a moment for its answer. */
async function watchClock() {
	const moved = wall() - clockAt;

	clockAt += moved;
	if (Math.abs(moved) > CLOCK_JUMP_MS)
		await tell(true, clockAt - moved); // walked by the clock as it was
	if (moved < -CLOCK_JUMP_MS)
		clock(app.off - moved);
	else if (moved > CLOCK_JUMP_MS)
		asking = Promise.race([sync(), new Promise((ok) => setTimeout(ok, CLOCK_ASK_MS))]).finally(() => (asking = null));
	await asking;
}

async function sync() {
	if (!app.account)
		return;
	const askedMs = Date.now();

	syncedAt = performance.now();
	const r = await syncOnce(app.box, app.account, app.down, { another: () => app.post?.greet(), clock, problem: (p) => (app.problem = p) });

	if (app.problem?.code === "device_revoked" && app.down) { // it was told in trust; what was recorded here stays
		app.down = null;
		await app.box.set("down", null);
		await dropSeen(app.box, null);
		tabs.tell({ what: "down" });
	}
	if (r) {
		app.down = r;
		await dropSeen(app.box, r);
		if (app.person && !(r.people || []).some((/** @type {any} */ p) => p.id === app.person))
			act("");
		tabs.tell({ what: "down" });
		if (await bringAgain(app.box, r, askedMs))
			photos();
	}
	draw();
}

/** Who acts on this phone from now on. @param {string} person */
export function act(person) {
	app.person = person;
	app.box.set("person", person);
	draw();
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

/** The tab in front goes on with the walk: only one notes positions. */
async function lead() {
	if (!app.walk || document.hidden || tabs.walks)
		return;
	await tabs.takeWalk(async () => {
		await seeWalk();
		draw();
	});
}

async function keepOn() {
	lead();
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

		await watchClock();
		app.here = { lat: p.coords.latitude, lon: p.coords.longitude, acc, at: p.timestamp };
		app.gps = "good";
		if (app.walk && tabs.walks && step(app.walk, [Date.now(), p.coords.latitude, p.coords.longitude, acc]))
			await tell(false);
		draw();
	}, (e) => {
		app.gps = e.code === 1 ? "none" : "wait";
		draw();
	}, { enableHighAccuracy: true, maximumAge: 1000, timeout: 30e3 });
}

/** Puts what was walked into the outbox and the box; the patrol stands there until it ends.
 * @param {boolean} all @param {number} [byClock] see wall(): the one that the positions were noted by */
async function tell(all, byClock = clockAt) {
	const w = app.walk;

	if (!w || !tabs.walks)
		return;
	for (let p = piece(w, Date.now(), all); p; p = all ? piece(w, Date.now(), all) : null)
		await record({ kind: "patrol.track", at: p.at, body: p.body }, { label: w.target, meta: { walk: w }, wall: byClock });
	if (w.points.length !== written) {
		written = w.points.length;
		await app.box.set("walk", w);
	}
}

let written = 0; // points of the walk as it stands in the box

/** Where I am, for an event. */
export const locOf = () => (app.here && Date.now() - app.here.at < 120e3 ? { lat: Number(app.here.lat.toFixed(7)), lon: Number(app.here.lon.toFixed(7)), acc: app.here.acc } : undefined);
export const isVague = () => !!app.here && app.here.acc > VAGUE_WARN_M;

const at = () => (locOf() ? { loc: locOf() } : {});
/** @param {string} code of a grid or reach */
export const nameOf = (code) => [...(app.down?.areas || []), ...(app.down?.reaches || [])].find((/** @type {any} */ p) => p.code === code)?.name || code;

/** @param {string} note */
function noted(note) {
	if (!app.walk)
		return;
	app.walk.note = note;
	app.box.set("walk", app.walk); // what is typed outlives the page
}

/** @param {string} route @param {string} target */
async function start(route, target) {
	const rule = ruleOf(app, target);
	const id = crypto.randomUUID();

	app.walk = { id, route, target, startedAt: Date.now(), points: [], told: 0, toldAt: Date.now(), metres: 0, ms: 0, rule };
	if (app.here)
		step(app.walk, [Date.now(), app.here.lat, app.here.lon, app.here.acc]);
	await record({ kind: "patrol.start", ...at(), body: { patrol: id, route, target } }, { label: nameOf(target), meta: { walk: app.walk } });
	tabs.tell({ what: "walk" });
	await keepOn();
	go("walk");
}

/** @param {boolean} clear */
async function end(clear) {
	const w = app.walk;

	if (!w)
		return;
	await lead();
	await tell(true);
	await record({ kind: "patrol.end", ...at(), body: { patrol: w.id, clear, ...(w.note ? { note: w.note } : {}) } }, { label: nameOf(w.target), meta: { walk: null } });
	app.walk = null;
	tabs.dropWalk();
	tabs.tell({ what: "walk" });
	wake?.release();
	go("today");
}

// ---------------------------------------------------------------- who this phone is

/** @param {Account} a */
async function enrol(a) {
	if (app.account && app.account.device !== a.device) { // somebody else's now: a numbering of its own, nothing of the other's on the screen
		app.down = app.walk = null;
		app.person = "";
		for (const k of ["stream", "down", "walk", "person"])
			await app.box.set(k, null);
		tabs.dropWalk();
		wake?.release();
	}
	await app.box.set("account", a);
	tabs.tell({ what: "account" });
	app.account = a;
	app.error = "";
	await connectAll();
	go("today");
}

async function connectAll() {
	const account = /** @type {Account} */ (app.account);

	app.post?.stop();
	app.post = newPost({ box: app.box, account, app: `xunge-field/${VERSION}`, changed: changedSoon, sync, clock });
	app.post.start();
	await sync();
	photos();
}

let linking = false;

/** A link of the grid centre: #/enrol/TOKEN, good once. */
async function byLink() {
	await enrolBy(location.hash);
}

/** @param {string} text a link, or its end @returns {Promise<boolean>} there was one in it */
async function enrolBy(text) {
	const m = /(?:#\/enrol\/|^)([A-Za-z0-9_-]{16,})$/.exec(text.trim());

	if (!m || linking)
		return !!m;
	linking = true;
	await redeem(m).finally(() => (linking = false));
	drawNow();
	return true;
}

/** @param {RegExpExecArray} m */
async function redeem(m) {
	const r = await fetch("/api/v1/enrol", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token: m[1] }), credentials: "omit" }).catch(() => null);

	if (r && r.status < 500 && r.status !== 429) // else the link may still be good: loaded anew, it is tried again
		history.replaceState(null, "", "#/today");
	if (r?.ok)
		await enrol(await r.json());
	else
		app.error = app.say(!r || r.status >= 500 ? "enrol_failed" : r.status === 429 ? "enrol_wait" : r.status === 410 ? "enrol_gone" : r.status === 409 ? "enrol_taken" : "enrol_unknown");
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
		navigator.serviceWorker.register("sw.js").then((r) => r.addEventListener("updatefound", () => {
			const now = r.installing;

			now?.addEventListener("statechange", () => {
				if (now.state === "installed" && navigator.serviceWorker.controller) {
					app.fresh = true; // said, never loaded by itself: a form may be open
					draw();
				}
			});
		})).catch(() => {});
	drawNow();
}

setInterval(() => {
	if (app.box)
		watchClock();
	if (app.walk)
		tell(false);
	if (app.account && performance.now() - syncedAt > SYNC_EVERY_MS)
		sync();
	draw();
}, 1000);
setInterval(photos, PHOTO_EVERY_MS);
addEventListener("beforeinstallprompt", (e) => {
	e.preventDefault();
	app.install = e;
	draw();
});
addEventListener("appinstalled", () => {
	app.install = null;
	draw();
});
addEventListener("focus", lead);
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
