// The field app in Chromium at phone size, against the real daemons and broker: what is recorded without signal is stored
// once and in order, whatever was stopped or loaded anew on the way.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { devices } from "playwright-core";
import { GRID, Town, until } from "../lib/index.mjs";
import { openBrowser } from "./browser.mjs";
import { axe } from "./kit.mjs";

let town, browser, context, page;
const errors = [];
const ALLOWED = /ERR_CONNECTION_REFUSED|WebSocket connection|status of (401|403|404|409|410|413|415|418|429|502|503)|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/;

before(async () => {
	town = await Town.start({ server: true });
	await town.import("duties", "rule,role,level,target,period,months,count,count_unit,min_minutes,min_metres,min_gap_hours,min_coverage,substitute,delegate,valid_from,valid_to\n"
		+ "grid_daily,worker,grid,each,day,1-12,1,times,5,300,,,yes,no,2020-01-01,\n");
	await town.enrol("d-0001", "p-0001");
	browser = await openBrowser();
	context = await browser.newContext({ ...devices["Pixel 7"], locale: "zh-CN", timezoneId: "America/New_York", geolocation: { latitude: 33.39, longitude: 104.92, accuracy: 12 }, permissions: ["geolocation"] });
	page = await context.newPage();
	page.on("console", (m) => m.type() === "error" && errors.push(m.text()));
	page.on("pageerror", (e) => errors.push(String(e)));
	page.setDefaultTimeout(15e3);
	await page.goto(`${town.base}/field/`);
});
after(async () => {
	await browser?.close();
	await town?.stop();
});

const link = (cls) => page.waitForSelector(`[data-test=link].${cls}`);
const stored = () => town.sql("select e.seq, e.kind from event e join stream s on s.id = e.stream where s.device = 'd-0001' order by e.\"commit\"") // by arrival
	.then((r) => r.map((x) => x.seq));
const KINDS = { 1: "patrol.start", 2: "patrol.track", 3: "patrol.end", 5: "inspect", 9: "case.report" };
const kinds = async () => (await town.sql("select e.seq, e.kind from event e join stream s on s.id = e.stream where s.device = 'd-0001' order by e.seq")).map((r) => KINDS[r.kind]);

test("enrolled by hand; what it needs is there, axe has nothing to say", async () => {
	await page.click("button.primary");
	await page.waitForSelector("[role=alert]");
	await page.fill("#f-link", "https://example.invalid/");
	await page.click("[data-test=enrol-link]");
	await page.waitForFunction(() => /不是登记链接/.test(document.querySelector("[role=alert]").textContent));
	await page.fill("#f-device", "d-0001");
	await page.fill("#f-secret", town.secrets["d-0001"]);
	await page.fill("#f-district", "990101");
	await axe(page, "enrolment");
	await page.click("button.primary");
	await page.waitForSelector("[data-test=start]");
	await link("good");
	await page.waitForSelector("li:has-text(\"0/1\")");
	await axe(page, "today");
	assert.equal(await page.evaluate(() => navigator.storage.persist()), false);
	await page.waitForSelector('[data-test=unsafe]:has-text("存储未受保护")');
	await page.evaluate(() => dispatchEvent(Object.assign(new Event("beforeinstallprompt"), { prompt: () => (globalThis.asked = true) })));
	await page.click("[data-test=install]");
	assert.ok(await page.evaluate(() => globalThis.asked));
	assert.match(await (await fetch(`${town.base}/field/sw.js`)).text(), /\nvar VERSION = "[0-9a-f]{16}";\n$/, "its bytes change with any page's");
	assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
	const small = await page.$$eval("main button, .bottom button", (e) => e.filter((b) => b.getBoundingClientRect().height < 56).map((b) => b.textContent));

	assert.deepEqual(small, [], "56 px and more");
});

/** What was typed is on the phone: a store that is under way when the page goes may be lost. @param {string} text */
const drafted = (text) => until(() => page.evaluate((want) => new Promise((resolve, reject) => {
	const open = indexedDB.open("xunge-field");
	open.onerror = () => reject(open.error);
	open.onsuccess = () => {
		const tx = open.result.transaction(["draft", "meta"]), all = ["draft", "meta"].map((name) => tx.objectStore(name).getAll());
		tx.oncomplete = () => {
			open.result.close();
			resolve(JSON.stringify(all.map((r) => r.result)).includes(want));
		};
	};
}), text), `${text} to be kept`);

test("a patrol: started, the broker and the server stopped half way, loaded anew without signal, two more records, all of it once and in order", async () => {
	await page.evaluate(() => navigator.serviceWorker.ready);
	await page.click("[data-test=start]");
	await page.selectOption("#f-target", GRID[0]);
	await page.click("[data-test=go]");
	await page.waitForSelector("[data-test=km]");
	await until(async () => (await stored()).length === 1, "the start to be stored");
	for (let i = 1; i <= 4; i++) {
		await context.setGeolocation({ latitude: 33.39 + i * 0.0006, longitude: 104.92, accuracy: 8 });
		await page.waitForTimeout(2300);
	}
	await page.waitForFunction(() => Number(document.querySelector("[data-test=km]").textContent) > 0.1);
	await town.server.stop();
	await town.broker.stop();
	await link("bad");
	await page.reload(); // from what the service worker kept
	await page.waitForSelector("[data-test=km]");
	assert.ok(Number(await page.textContent("[data-test=km]")) >= 0, "the patrol goes on");
	await page.click('button:has-text("上报隐患")');
	await page.click('.choices button:text-is("隐患")');
	await page.click('.choices button:has-text("消防")');
	await page.fill("#f-title", "仓库门口堆物");
	await drafted("仓库门口堆物");
	await page.reload(); // killed with a form half filled
	await page.waitForSelector("[data-test=km]");
	await page.click('button:has-text("上报隐患")');
	await page.waitForFunction(() => document.querySelector("#f-title")?.value === "仓库门口堆物");
	await page.selectOption("#f-scope", GRID[0]);
	await page.click(".form .primary");
	await page.waitForSelector("[data-test=end]");
	await page.click("[data-test=inspect]");
	await page.click('.choices button:has-text("烧秸秆")');
	await page.selectOption("#f-scope", GRID[0]);
	await page.click(".form .primary");
	await page.click("[data-test=end]");
	await page.fill("#f-note", "雨后路滑");
	await drafted("雨后路滑");
	await page.reload(); // killed before the end is told
	await page.click("[data-test=end]");
	assert.equal(await page.inputValue("#f-note"), "雨后路滑");
	await axe(page, "the end");
	await page.click("[data-test=found]");
	await page.waitForSelector("[data-test=waiting]");
	const waiting = Number(await page.textContent("[data-test=waiting]"));

	assert.ok(waiting >= 4, `${waiting} wait`);
	await town.startBroker();
	await town.linked(30e3);
	await town.startServer();
	await until(async () => (await stored()).length >= waiting + 1, "all to be stored", 90e3);
	await page.waitForFunction(() => document.querySelector("[data-test=waiting]").textContent === "0");
	const seqs = await stored();

	assert.deepEqual(seqs, Array.from({ length: seqs.length }, (_, i) => i + 1), "in order, none twice");
	const all = await kinds();

	assert.equal(all[0], "patrol.start");
	assert.equal(all.at(-1), "patrol.end");
	assert.ok(all.includes("patrol.track") && all.includes("case.report") && all.includes("inspect"), all.join());
	const raws = (await town.sql("select e.raw from event e join stream s on s.id = e.stream where s.device = 'd-0001' order by e.seq")).map((r) => JSON.parse(r.raw));
	const [first, end] = [raws[0], raws.at(-1)];

	assert.deepEqual([end.body.note, end.body.clear, end.loc.acc], ["雨后路滑", false, 8]);
	assert.ok(raws.filter((e) => e.kind === "case.report" || e.kind === "inspect").every((e) => e.ref === first.body.patrol), "found during the patrol");
	const points = raws.filter((e) => e.kind === "patrol.track").flatMap((e) => e.body.pts.map((p) => e.at + p[0]));

	assert.ok(points.length >= 3 && new Set(points).size === points.length, "every position once");
	assert.equal(await town.one("select count(*) from casus where title = '仓库门口堆物'"), 1);
});

test("the outbox says what became of each, and the verdict of the patrol with its reasons", async () => {
	await page.click('.bottom button:has-text("发件箱")');
	await page.waitForSelector('[data-state=stored]');
	assert.equal(await page.locator('[data-state=waiting], [data-state=sent]').count(), 0);
	await page.click('button:has-text("全部重试")'); // asks anew what the platform has
	await page.waitForSelector("[data-test=verdict]");
	assert.match(await page.textContent("[data-test=verdict]"), /时长不足/);
	await axe(page, "outbox");
	await page.click('.bottom button:has-text("我的")');
	await page.waitForSelector("table");
	assert.match((await page.textContent("table")).replace(/\s+/g, " "), /巡查次数 ?1 ?1 ?1/);
	await axe(page, "me");
});

const last = async () => JSON.parse((await town.sql("select e.raw from event e join stream s on s.id = e.stream where s.device = 'd-0001' order by e.seq desc limit 1"))[0].raw);
const kept = () => town.one("select count(*) from event e join stream s on s.id = e.stream where s.device = 'd-0001'");
/** Does it, and gives the event that is stored then. */
const then = async (what) => {
	const n = await kept();

	await what();
	await until(async () => (await kept()) > n, "it to be stored");
	return last();
};

test("what is kept how long, and what a hello promises after", async () => {
	const r = await page.evaluate(async () => {
		const { openBox } = await import("/field/box.js");
		const box = await openBox("kept");
		const day = 86400e3;
		const now = Date.now();
		const put = (seq, kind, state, more = {}) => box.db.put("mail", { epoch: "e", seq, state, tries: 1, made: now - 8 * day, answered: now - 8 * day, event: { epoch: "e", seq, kind }, ...more });

		await put(1, "inspect", "stored");
		await put(2, "patrol.track", "stored");
		await put(3, "inspect", "refused");
		await put(4, "inspect", "stored", { removed: now - day });
		await put(5, "inspect", "held");
		await put(6, "inspect", "conflict");
		await put(7, "inspect", "waiting", { answered: undefined });
		await box.set("stream", { epoch: "e", next: 8 });
		const had = await box.hellos();

		await box.tidy(now);
		const has = async () => (await box.db.getAll("mail")).filter((m) => m.event).map((m) => m.seq);
		const week = await has();
		const after = await box.hellos();

		await box.tidy(now + 90 * day);
		const season = await has();

		await box.tidy(now + 200 * day);
		return { had, week, after, season, lines: (await box.db.getAll("mail")).map((m) => m.seq), last: await box.hellos() };
	});

	assert.deepEqual(r, { had: [{ epoch: "e", first: 1, next: 8 }], week: [1, 3, 5, 6, 7], after: [{ epoch: "e", first: 5, next: 8 }], season: [7], lines: [7], last: [{ epoch: "e", first: 7, next: 8 }] });
});

test("a poor position warns, and goes out with the reason; work, a household, a call for help", async () => {
	await page.click('.bottom button:has-text("今日")');
	await context.setGeolocation({ latitude: 33.39, longitude: 104.92, accuracy: 90 });
	await page.waitForSelector('[data-test=gps].warn:has-text("±90")');
	await page.click("[data-test=work]");
	await page.click(".form .primary");
	await page.waitForSelector('[role=alert]:has-text("项目")');
	await page.click('.choices button:has-text("垃圾桶")');
	await page.fill("#f-qty", "2.5");
	await page.fill("#f-unit", "个");
	await page.click('.choices button:has-text("约数")');
	await page.selectOption("#f-scope", GRID[0]);
	await page.click('.warned button:has-text("山谷遮挡")');
	await axe(page, "work");
	const work = await then(() => page.click(".form .primary"));

	assert.deepEqual([work.kind, work.body, work.loc.acc], ["work", { item: "bins", qty: 2.5, unit: "个", approx: true, vague: "gorge" }, 90]);
	await context.setGeolocation({ latitude: 33.39, longitude: 104.92, accuracy: 8 });
	await page.waitForSelector('[data-test=gps]:not(.warn)');
	await page.click("[data-test=household]");
	assert.equal(await page.locator(".warned").count(), 0);
	await page.fill("#f-household", "H-012");
	await page.click('.choices button:has-text("消除风险")');
	await page.fill("#f-persons", "3");
	await page.selectOption("#f-scope", GRID[0]);
	assert.deepEqual((await then(() => page.click(".form .primary"))).body, { household: "H-012", state: "risk_removed", persons: 3 });
	await page.click("[data-test=sos]");
	await axe(page, "an SOS");
	await page.fill("#f-sos", "落石");
	assert.equal(await kept(), (await stored()).length, "nothing leaves before it is confirmed");
	const sos = await then(() => page.click("[data-test=sos-send]"));

	assert.deepEqual([sos.kind, sos.body.text, sos.loc.acc], ["sos", "落石", 8]);
	await page.waitForSelector('[data-test=sos-state]:has-text("已收到")');
});

test("a patrol by other means", async () => {
	await page.click('.bottom button:has-text("今日")');
	await page.click("[data-test=start]");
	await page.click("[data-test=substitute]");
	await page.click(".form .primary");
	await page.waitForSelector('[role=alert]:has-text("方式")');
	await page.click('.choices button:has-text("无人机")');
	await page.selectOption("#f-scope", GRID[0]);
	const e = await then(() => page.click(".form .primary"));

	assert.deepEqual([e.kind, e.body.way, e.body.target, e.scope], ["patrol.substitute", "drone", GRID[0], undefined]);
	assert.match(e.body.patrol, /^[0-9a-f-]{36}$/);
});

test("a record stays readable; corrected, the old one is void and a new one is stored; off the list, its line stays", async () => {
	await page.click('.bottom button:has-text("发件箱")');
	await page.click('[data-mail] .line:has-text("整治工作量")');
	await page.waitForSelector('[data-test=record-state]:has-text("已入库")');
	assert.match(await page.textContent(".facts"), /约2\.5 个[\s\S]*山谷遮挡/);
	await axe(page, "a record");
	await page.click("[data-test=again]");
	assert.equal(await page.inputValue("#f-qty"), "2.5");
	await page.fill("#f-qty", "3");
	const [was] = await town.sql("select s.epoch, e.seq from event e join stream s on s.id = e.stream where e.kind = 7 and s.device = 'd-0001'");

	await page.click(".form .primary");
	await until(async () => (await last()).body.qty === 3, "the new one");
	const rows = (await town.sql("select e.raw from event e join stream s on s.id = e.stream where s.device = 'd-0001' order by e.seq desc limit 2")).map((r) => JSON.parse(r.raw));

	assert.deepEqual([rows[1].kind, rows[1].body.target], ["void", `d-0001/${was.epoch}/${was.seq}`]);
	assert.deepEqual((await town.sql("select json_extract(raw, '$.body.qty') as qty, flags from event where kind = 7 order by \"commit\"")).map((r) => [r.qty, r.flags & 2]), [[2.5, 2], [3, 0]], "the first is void");
	await page.click('.bottom button:has-text("发件箱")');
	await page.waitForSelector(`[data-mail="${was.seq}"]:has-text("已改后重发")`);
	await page.click(`[data-mail="${was.seq}"] .line`);
	page.once("dialog", (d) => d.accept());
	await page.click("[data-test=remove]");
	await page.waitForSelector(`[data-mail="${was.seq}"].gone:has-text("从列表删除")`);
	await page.reload();
	await page.click('.bottom button:has-text("发件箱")');
	await page.waitForSelector(`[data-mail="${was.seq}"].gone`);
});

test("what waits is changed under its own number, or taken back: of that nothing leaves the phone", async () => {
	const work = async (qty) => {
		await page.click('.bottom button:has-text("今日")');
		await page.click("[data-test=work]");
		await page.click('.choices button:has-text("垃圾桶")');
		await page.fill("#f-qty", String(qty));
		await page.selectOption("#f-scope", GRID[0]);
		await page.click(".form .primary");
		await page.waitForSelector("[data-test=start]");
	};
	const open = async () => {
		await page.click('.bottom button:has-text("发件箱")');
		await page.click('.mail li:first-child .line');
	};
	const [{ n }] = await town.sql("select max(e.seq) as n from event e join stream s on s.id = e.stream where s.device = 'd-0001'");

	await context.setOffline(true);
	await town.broker.stop();
	await link("bad");
	await work(11);
	const { at, loc } = (await page.evaluate(async () => (await import("./main.js")).app.mail[0])).event;

	await open();
	await axe(page, "a record that waits");
	await page.click("[data-test=change]");
	await page.fill("#f-qty", "12");
	await context.setGeolocation({ latitude: 33.5, longitude: 104.92, accuracy: 8 });
	await page.click(".form .primary");
	await work(99);
	await open();
	page.once("dialog", (d) => d.accept());
	await page.click("[data-test=withdraw]");
	await page.waitForSelector(`.mail li:first-child[data-mail="${n + 1}"]`);
	await work(13);
	await context.setOffline(false);
	await town.startBroker();
	await town.linked(30e3);
	const rows = await until(async () => {
		const r = await town.sql(`select e.seq, e.raw from event e join stream s on s.id = e.stream where s.device = 'd-0001' and e.seq > ${n} order by e.seq`);

		return r.length === 3 && r.map((x) => JSON.parse(x.raw));
	}, "all three numbers", 30e3);

	assert.deepEqual(rows.map((e) => [e.seq, e.kind, e.body.qty]), [[n + 1, "work", 12], [n + 2, "status", undefined], [n + 3, "work", 13]]);
	assert.deepEqual([rows[0].at, rows[0].loc], [at, loc], "when and where it was seen stays");
	await link("good");
	await page.click('.bottom button:has-text("发件箱")');
	await page.waitForFunction(() => document.querySelector(".mail li")?.dataset.state === "stored");
});

test("my month; the state of the phone as text and as a picture, without the secret", async () => {
	await page.click('.bottom button:has-text("我的")');
	assert.match((await page.textContent("[data-test=month]")).replace(/\s+/g, " "), /本月应巡 ?\d+ ?本月实巡 ?\d+ ?逾期 ?\d+ ?下次/);
	await page.click("[data-test=diag]");
	await page.click("[data-test=qr]");
	await page.waitForSelector(".qr path");
	const text = await page.textContent(".diag");

	assert.match(text, /device d-0001\n[\s\S]*last seq \d+\n[\s\S]*clock offset -?\d+ ms/);
	assert.ok(!text.includes(town.secrets["d-0001"]));
	await axe(page, "diagnostics");
	await page.click('.bottom button:has-text("今日")');
});

test("what the platform refuses is said in words", async () => {
	for (const [status, code, says] of [[403, "not_allowed", /不允许/], [409, "conflict", /冲突/], [413, "too_large", /太大/], [415, "bad_type", /更新本应用/], [429, "too_many_attempts", /17 秒后/], [503, "unavailable", /暂时不能接收/], [418, "teapot", /teapot/]]) {
		await page.route("**/api/v1/sync*", (r) => r.fulfill({ status, contentType: "application/problem+json", headers: { "Retry-After": "17" }, body: JSON.stringify({ status, code }) }));
		await page.click('.bottom button:has-text("发件箱")');
		await page.click("[data-test=retry]");
		await page.waitForFunction((s) => new RegExp(s).test(document.querySelector("[data-test=trouble]")?.textContent || ""), says.source);
		await page.unroute("**/api/v1/sync*");
	}
	await page.click("[data-test=retry]");
	await page.waitForFunction(() => !document.querySelector("[data-test=trouble]"));
});

test("a record by its form is stored", async () => {
	await page.click('.bottom button:has-text("今日")');
	await page.click('button:has-text("专项检查")');
	await page.click('.choices button:has-text("烧秸秆")');
	await page.selectOption("#f-scope", GRID[0]);
	await axe(page, "a form");
	await page.click(".form .primary");
	await page.click('.bottom button:has-text("发件箱")');
	await page.waitForSelector('.mail li:first-child[data-state=stored]');
});

/** Every screen at 360 px: nothing scrolls sideways, all can be hit with a thumb, axe has nothing to say. */
async function screens(schemes) {
	let n = 0;

	await page.setViewportSize({ width: 360, height: 800 });
	for (const colorScheme of schemes) {
		await page.emulateMedia({ colorScheme });
		for (const [tab, ...clicks] of [[1], [1, "start"], [1, "start", "substitute"], [1, "report"], [1, "inspect"], [1, "visit"], [1, "work"], [1, "household"], [1, "sos"], [2], [3], [3, "diag"]]) {
			await page.click(`.bottom button:nth-child(${tab})`);
			for (const c of clicks)
				await page.click(`[data-test=${c}]`);
			const what = `${clicks.join() || tab}, ${colorScheme}`;

			assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what}: scrolls sideways`);
			assert.deepEqual(await page.$$eval("main .big, main .choices button, main .acts button, main select, .bottom button", (e) => e.filter((b) => b.getBoundingClientRect().height < 56).map((b) => b.textContent)), [], `${what}: 56 px and more`);
			await axe(page, what);
			n++;
		}
	}
	return n;
}

test("every screen in the dark, in Chinese", async () => {
	assert.equal(await screens(["dark"]), 12);
});

test("English, every word; nothing in the console but what was provoked", async () => {
	await page.click('.bottom button:has-text("我的")');
	await page.click('button[lang="en"]');
	await page.waitForFunction(() => document.documentElement.lang === "en" && document.querySelector(".bottom"));
	const words = await page.evaluate(() => [...document.querySelectorAll("body *")].filter((e) => !e.closest("[lang]:not(html), h2, noscript, .list, .next")).flatMap((e) => [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim())).filter((s) => /[\u3000-\u9fff]/.test(s)));

	assert.deepEqual(words, []);
	assert.equal(await screens(["dark", "light"]), 24);
	assert.deepEqual(errors.filter((e) => !ALLOWED.test(e)), []);
});

test("a revoked phone says so, and forgets what it was told", async () => {
	await town.must("device", "revoke", "d-0001");
	await page.waitForFunction(() => /The account was refused/.test(document.querySelector("[data-test=link]").textContent), null, { timeout: 40e3 });
	await page.waitForFunction(async () => !(await import("./main.js")).app.down); // what it was told in trust is gone, what was recorded is not
	assert.deepEqual(await page.evaluate(async () => {
		const { app } = await import("./main.js");

		return [await app.box.get("down"), app.mail.length > 5];
	}), [null, true]);
});
