// Photos of the field app in Chromium, against the real daemons: taken without signal, sent after their record, going on
// after a cut, asked for again by a platform that lost one.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { GRID, Town, until } from "../lib/index.mjs";
import { jpeg, sha256 } from "../lib/picture.mjs";
import { openBrowser, openPage, signIn } from "./browser.mjs";
import { axe } from "./kit.mjs";

let town, browser, context, page;
const errors = [];
const ALLOWED = /ERR_(FAILED|INTERNET_DISCONNECTED)|WebSocket connection|status of (404|413)/;

before(async () => {
	town = await Town.start({ server: true });
	await town.enrol("d-0001", "p-0001");
	await town.user("centre", "p-duty", "centre", "990101100");
	browser = await openBrowser();
	context = await browser.newContext({ locale: "zh-CN", viewport: { width: 390, height: 844 }, geolocation: { latitude: 33.39, longitude: 104.92, accuracy: 12 }, permissions: ["geolocation"], serviceWorkers: "block" });
	await context.addInitScript(() => Object.defineProperty(navigator, "connection", { value: { type: "cellular" } }));
	page = await context.newPage();
	page.on("console", (m) => m.type() === "error" && errors.push(m.text()));
	page.on("pageerror", (e) => errors.push(String(e)));
	page.setDefaultTimeout(15e3);
	await page.goto(`${town.base}/field/`);
	await page.fill("#f-device", "d-0001");
	await page.fill("#f-secret", town.secrets["d-0001"]);
	await page.fill("#f-district", "990101");
	await page.click("button.primary");
	await page.waitForSelector("[data-test=link].good");
	await page.waitForFunction(() => document.querySelector("[data-test=start]"));
});
after(async () => {
	await browser?.close();
	await town?.stop();
});

/** A picture as a camera makes it, too large, full of detail. */
const camera = (width = 2400, height = 1800) => page.evaluate(async ([w, h]) => {
	const c = Object.assign(document.createElement("canvas"), { width: w, height: h });
	const g = c.getContext("2d");

	for (let i = 0; i < 4000; i++) {
		g.fillStyle = `hsl(${(i * 47) % 360} 60% ${20 + (i * 13) % 60}%)`;
		g.fillRect((i * 7919) % w, (i * 104729) % h, 20 + i % 90, 20 + i % 70);
	}
	g.fillText(String(Math.random()), 10, 50);
	return c.toDataURL("image/jpeg", 0.95).split(",")[1];
}, [width, height]).then((d) => Buffer.from(d, "base64"));
const files = () => readdirSync(path.join(town.dir, "files"), { recursive: true }).map((f) => path.basename(String(f))).filter((f) => /^[0-9a-f]{64}\.d-0001$/.test(f));
const file = (h) => path.join(town.dir, "files", h.slice(0, 2), h.slice(2, 4), `${h}.d-0001`);
const shots = () => page.locator("[data-test=shots]").first();

async function report(title, photos) {
	await page.click('.bottom button:has-text("今日")');
	await page.click('button:has-text("上报隐患")');
	await page.click('.choices button:has-text("消防")');
	await page.fill("#f-title", title);
	await page.selectOption("#f-scope", GRID[0]);
	for (let i = 0; i < photos.length; i++) {
		await page.setInputFiles(".shoot input", { name: "IMG_0001.jpg", mimeType: "image/jpeg", buffer: photos[i] });
		await page.waitForFunction((n) => document.querySelectorAll(".shot img").length === n, i + 1);
	}
}

async function submit() {
	await page.click(".form .primary");
	await page.waitForSelector("[data-test=start]");
	await page.click('.bottom button:has-text("发件箱")');
}

test("two photos taken without signal: small, with their record at once, sent when it is stored", async () => {
	const [a, b] = [await camera(), await camera(900, 700)];

	await context.setOffline(true);
	await report("有照片的隐患", [a]);
	await page.setInputFiles(".shoot input", { name: "x.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no picture at all") });
	await page.waitForSelector('.error:has-text("打不开")');
	await page.setInputFiles(".shoot input", { name: "y.jpg", mimeType: "image/jpeg", buffer: b });
	await page.waitForFunction(() => document.querySelectorAll(".shot img").length === 2);
	await axe(page, "a form with photos");
	await submit();
	assert.match(await shots().textContent(), /待传.*待传/s);
	assert.match(await page.textContent("[data-test=photos-wait]"), /2 张/);
	await axe(page, "an outbox with photos");
	assert.deepEqual(files(), []);
	await context.setOffline(false);
	await page.waitForFunction(() => /已入库.*已入库/s.test(document.querySelector("[data-test=shots]").textContent), null, { timeout: 30e3 });
	const named = (await town.sql("select raw from event where kind = 9")).flatMap((r) => JSON.parse(r.raw).att);

	assert.deepEqual(named.map((x) => [x.mime, x.role]), [["image/jpeg", "before"], ["image/jpeg", "before"]]);
	for (const x of named) {
		const bytes = readFileSync(file(x.sha256));

		assert.equal(sha256(bytes), x.sha256);
		assert.equal(bytes.length, x.bytes);
	}
	const s = await town.session("centre");
	const sizes = await Promise.all(named.map(async (x) => {
		const r = await s.fetch(`/api/v1/files/${x.sha256}`);
		const b64 = Buffer.from(await r.arrayBuffer()).toString("base64");

		return page.evaluate(async (d) => {
			const i = await createImageBitmap(new Blob([Uint8Array.from(atob(d), (c) => c.charCodeAt(0))]));
			return [i.width, i.height];
		}, b64);
	}));

	assert.deepEqual(sizes, [[1600, 1200], [900, 700]]);
});

test("the centre opens the case and sees them", async () => {
	const id = await town.one("select name from casus where title = '有照片的隐患'");
	const desk = await openPage(browser, `${town.base}/#/case/${id}`);

	await signIn(desk, "centre", town.passwords.centre);
	await desk.waitForFunction(() => [...document.querySelectorAll(".photos img")].map((i) => i.naturalWidth).join() === "1600,900");
	assert.deepEqual(desk.errors.filter((e) => !/401/.test(e)), []);
	await desk.context().close();
});

test("a cut in the middle: it goes on where the platform stands; refused for ever is said", async () => {
	let posts = 0;
	let cut = 2;
	const offsets = [];

	await page.route("**/api/v1/files", (r) => (posts++, r.continue()));
	await page.route("**/api/v1/files/up/*", async (r) => {
		if (r.request().method() === "PATCH")
			offsets.push(Number(r.request().headers()["upload-offset"]));
		if (r.request().method() === "PATCH" && offsets.length > 1 && cut-- > 0)
			return r.abort();
		return r.continue();
	});
	await report("断点续传", [await camera()]);
	await submit();
	await page.waitForFunction(() => /已传 \d+%/.test(document.querySelector("[data-test=shots]").textContent));
	for (let i = 0; i < 3; i++) {
		await page.click('button:has-text("全部重试")');
		await page.waitForTimeout(100);
	}
	await page.waitForFunction(() => /照片\s*已入库$/.test(document.querySelector("[data-test=shots]").textContent.trim()), null, { timeout: 20e3 });
	assert.equal(posts, 1, "begun once");
	assert.ok(offsets.filter((x) => x === 0).length === 1 && offsets.some((x) => x > 0), `offsets ${offsets}`);
	await page.unroute("**/api/v1/files");
	await page.unroute("**/api/v1/files/up/*");
	await page.route("**/api/v1/files", (r) => r.fulfill({ status: 413, contentType: "application/problem+json", body: '{"code":"too_large"}' }));
	await report("太大", [await camera(300, 300)]);
	await submit();
	await page.waitForFunction(() => /被退回（内容过大）/.test(document.querySelector("[data-test=shots]").textContent));
	await page.unroute("**/api/v1/files");
});

test("a case that comes to the phone: what another took of it is shown when it is asked for, and kept", async () => {
	await town.enrol("d-0002", "p-0002");
	const bytes = jpeg({ width: 640, height: 480, bytes: 30000, seed: 7 });
	const phone = { Authorization: `Basic ${btoa(`d-0002:${town.secrets["d-0002"]}`)}` };
	const tus = { ...phone, "Tus-Resumable": "1.0.0" };
	const made = await fetch(`${town.base}/api/v1/files`, { method: "POST", headers: { ...tus, "Upload-Length": String(bytes.length), "Upload-Metadata": `sha256 ${btoa(sha256(bytes))},mime ${btoa("image/jpeg")}` } });

	assert.equal((await fetch(town.base + made.headers.get("location"), { method: "PATCH", headers: { ...tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream" }, body: bytes })).status, 204);
	await fetch(`${town.base}/api/v1/events`, { method: "POST", headers: { ...phone, "Content-Type": "application/json" }, body: JSON.stringify({ epoch: "e2", seq: 1, kind: "case.report", at: Date.now(), scope: GRID[2], att: [{ sha256: sha256(bytes), role: "before" }], body: { case: "case-away", class: "hazard", category: "fire", title: "别人报的", severity: 3 } }) });
	const s = await town.session("centre");

	for (const body of [{ action: "accept" }, { action: "dispatch", to: "p-0001" }]) {
		const etag = (await s.fetch("/api/v1/cases/case-away")).headers.get("etag");

		assert.equal((await s.fetch("/api/v1/cases/case-away/actions", { method: "POST", body: JSON.stringify(body), headers: { "If-Match": etag, "Idempotency-Key": `k-${body.action}` } })).status, 200);
	}
	await page.evaluate(async () => (await import("./main.js")).app.retry()); // the hint would bring it as well, some seconds later
	await page.click('.bottom button:has-text("今日")');
	await page.click("[data-test=case-photos] button");
	await page.waitForFunction(() => document.querySelector("[data-test=case-photos] img")?.naturalWidth === 640);
	await axe(page, "today with a case and its photo");
	assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
	assert.equal(await page.evaluate((h) => new Promise((ok) => {
		const open = indexedDB.open("xunge-field");

		open.onsuccess = () => {
			const one = open.result.transaction("photo").objectStore("photo").get(h);

			one.onsuccess = () => (open.result.close(), ok(one.result.state));
		};
	}), sha256(bytes)), "seen");
	await page.click('li:has-text("别人报的") button:has-text("签收")');
	const etag = await until(async () => {
		const r = await s.fetch("/api/v1/cases/case-away");

		return (await r.json()).state === "in_progress" && r.headers.get("etag");
	}, "the signature");

	assert.equal((await s.fetch("/api/v1/cases/case-away/actions", { method: "POST", body: JSON.stringify({ action: "dispatch", to: "p-0002" }), headers: { "If-Match": etag, "Idempotency-Key": "k-else" } })).status, 200);
	await page.waitForFunction(async (h) => { // somebody else's now
		const { app } = await import("./main.js");

		await app.retry();
		return !app.down.cases.some((c) => c.id === "case-away") && !(await app.box.db.get("photo", h));
	}, sha256(bytes), { polling: 500 });
});

test("a refused record is corrected: the photos that it had go with the new one", async () => {
	const bytes = jpeg({ bytes: 20000, seed: 9 });

	await page.evaluate(async ([d, sha256, scope]) => {
		const { app } = await import("./main.js");
		const { loadPhotos } = await import("./photos.js");
		const blob = new Blob([Uint8Array.from(atob(d), (c) => c.charCodeAt(0))], { type: "image/jpeg" });
		const att = [{ sha256, bytes: blob.size, mime: "image/jpeg", role: "before" }];

		await app.box.db.put("photo", { sha256, blob, bytes: blob.size, mime: "image/jpeg", role: "before", state: "waiting", device: "d-0001" });
		await app.box.db.put("mail", { epoch: "old", seq: 1, state: "refused", tries: 1, made: Date.now(), answered: Date.now(), photos: [sha256], device: "d-0001", event: { kind: "inspect", att, body: {} } });
		await loadPhotos(app.box);
		await app.record({ kind: "inspect", scope, att, body: { topic: "burn_straw", result: "ok" } }, { label: "改", from: "old/1" });
	}, [bytes.toString("base64"), sha256(bytes), GRID[0]]);
	await until(() => files().some((f) => f.startsWith(sha256(bytes))), "the photo of the corrected record");
});

test("fixed on the spot: a photo before and one after, and the case is closed", async () => {
	await report("当场清理", []);
	await page.click('[aria-label="已当场整改"] button:has-text("是")');
	await axe(page, "a report of what is fixed");
	for (const [role, missing] of [["before", "整改前照片"], ["after", "整改后照片"]]) {
		await page.click(".form .primary");
		await page.waitForSelector(`[role=alert]:has-text("${missing}")`);
		await page.setInputFiles(`[data-role=${role}]`, { name: "x.jpg", mimeType: "image/jpeg", buffer: await camera(300, 200) });
		await page.waitForFunction((n) => document.querySelectorAll(".shot img").length === n, role === "before" ? 1 : 2);
	}
	await submit();
	await until(async () => (await town.one("select state from casus where title = '当场清理'")) === 6, "the case to be closed");
	await page.waitForFunction(() => /已入库.*已入库/s.test(document.querySelector("[data-test=shots]").textContent));
});

test("over Wi-Fi only: it waits on the mobile network", async () => {
	const n = files().length;

	await page.evaluate(() => (navigator.connection.type = "cellular"));
	await context.setOffline(true);
	await report("等 Wi-Fi", [await camera(400, 300)]);
	await submit();
	await page.click("[data-test=wifi-only]");
	await page.waitForSelector("[data-test=wifi-only][aria-pressed=true]");
	await context.setOffline(false);
	await until(async () => (await town.one("select count(*) from casus where title = '等 Wi-Fi'")) === 1, "the record", 20e3);
	await page.click('button:has-text("全部重试")');
	await page.waitForSelector("[data-test=photos-wait]:has-text(\"等待 Wi-Fi\")");
	assert.equal(files().length, n);
	await page.evaluate(() => (navigator.connection.type = "wifi"));
	await page.click('button:has-text("全部重试")');
	await until(() => files().length === n + 1, "the photo over Wi-Fi");
});

test("a platform that lost a photo asks for it, and gets it; what is kept for that is let go after a week", async () => {
	const lost = files().map((f) => f.slice(0, 64)).sort()[0];

	rmSync(file(lost));
	await page.evaluate(() => new Promise((ok, fail) => { // stored five minutes ago
		const open = indexedDB.open("xunge-field");

		open.onsuccess = () => {
			const tx = open.result.transaction("photo", "readwrite");
			const all = tx.objectStore("photo").getAll();

			all.onsuccess = () => all.result.forEach((p) => tx.objectStore("photo").put({ ...p, stored: p.stored && p.stored - 300e3 }));
			tx.oncomplete = () => (open.result.close(), ok(0));
			tx.onerror = () => fail(tx.error);
		};
	}));
	await page.click('button:has-text("全部重试")');
	await until(() => files().some((f) => f.startsWith(lost)), "the photo to come again");
	const blobs = () => page.evaluate(() => new Promise((ok) => {
		const open = indexedDB.open("xunge-field");

		open.onsuccess = () => {
			const all = open.result.transaction("photo").objectStore("photo").getAll();

			all.onsuccess = () => (open.result.close(), ok(all.result.filter((p) => p.state === "stored" && p.blob).length));
		};
	}));

	await until(async () => (await blobs()) === files().length, "all of them to be kept on the phone");
	await page.evaluate(async () => {
		const { tidyPhotos } = await import("./photos.js");
		const { app } = await import("./main.js");

		await tidyPhotos(app.box, Date.now() + 8 * 24 * 3600e3);
	});
	assert.equal(await blobs(), 0);
	assert.deepEqual(errors.filter((e) => !ALLOWED.test(e)), []);
});
