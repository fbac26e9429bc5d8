// The field app in Chromium at phone size, against the real daemons and broker: what is recorded without signal is stored
// once and in order, whatever was stopped or loaded anew on the way.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { GRID, Town, until } from "../lib/index.mjs";
import { openBrowser } from "./browser.mjs";
import { axe } from "./kit.mjs";

let town, browser, context, page;
const errors = [];
const ALLOWED = /ERR_CONNECTION_REFUSED|WebSocket connection|status of (401|404|410|502|503)|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/;

before(async () => {
	town = await Town.start({ server: true });
	await town.import("duties", "rule,role,level,target,period,months,count,count_unit,min_minutes,min_metres,min_gap_hours,min_coverage,substitute,delegate,valid_from,valid_to\n"
		+ "grid_daily,worker,grid,each,day,1-12,1,times,5,300,,,no,no,2020-01-01,\n");
	await town.enrol("d-0001", "p-0001");
	browser = await openBrowser();
	context = await browser.newContext({ locale: "zh-CN", timezoneId: "America/New_York", viewport: { width: 390, height: 844 }, geolocation: { latitude: 33.39, longitude: 104.92, accuracy: 12 }, permissions: ["geolocation"] });
	page = await context.newPage();
	page.on("console", (m) => m.type() === "error" && errors.push(m.text()));
	page.on("pageerror", (e) => errors.push(String(e)));
	page.setDefaultTimeout(20e3);
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
	await page.fill("#f-device", "d-0001");
	await page.fill("#f-secret", town.secrets["d-0001"]);
	await page.fill("#f-district", "990101");
	await axe(page, "enrolment");
	await page.click("button.primary");
	await page.waitForSelector("[data-test=start]");
	await link("good");
	await page.waitForSelector("li:has-text(\"0/1\")");
	await axe(page, "today");
	assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
	const small = await page.$$eval("main button, .bottom button", (e) => e.filter((b) => b.getBoundingClientRect().height < 56).map((b) => b.textContent));

	assert.deepEqual(small, [], "56 px and more");
});

test("a patrol: started, the broker and the server stopped half way, loaded anew without signal, two more records, all of it once and in order", async () => {
	await page.evaluate(() => navigator.serviceWorker.ready);
	await page.click("[data-test=start]");
	await page.selectOption("#f-target", GRID[0]);
	await page.click("[data-test=go]");
	await page.waitForSelector("[data-test=km]");
	await until(async () => (await stored()).length === 1, "the start to be stored");
	for (let i = 1; i <= 5; i++) {
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
	await page.click('.choices button:has-text("消防")');
	await page.fill("#f-title", "仓库门口堆物");
	await page.reload(); // killed with a form half filled
	await page.waitForSelector("[data-test=km]");
	await page.click('button:has-text("上报隐患")');
	await page.waitForFunction(() => document.querySelector("#f-title")?.value === "仓库门口堆物");
	await page.selectOption("#f-scope", GRID[0]);
	await page.click(".form .primary");
	await page.waitForSelector("[data-test=end]");
	await page.click("[data-test=end]");
	await page.click("[data-test=clear]");
	await page.waitForSelector("[data-test=waiting]");
	const waiting = Number(await page.textContent("[data-test=waiting]"));

	assert.ok(waiting >= 3, `${waiting} wait`);
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
	assert.ok(all.includes("patrol.track") && all.includes("case.report"), all.join());
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

test("a record that the platform holds is told with its reason; a revoked phone says so", async () => {
	await page.click('.bottom button:has-text("今日")');
	await page.click('button:has-text("专项检查")');
	await page.click('.choices button:has-text("烧秸秆")');
	await page.selectOption("#f-scope", GRID[0]);
	await axe(page, "a form");
	await page.click(".form .primary");
	await page.click('.bottom button:has-text("发件箱")');
	await page.waitForSelector('.mail li:first-child[data-state=stored]');
	await town.must("device", "revoke", "d-0001");
	await page.waitForFunction(() => /账号被拒绝/.test(document.querySelector("[data-test=link]").textContent), null, { timeout: 40e3 });
});

test("English, every word; nothing in the console but what was provoked", async () => {
	await page.click('.bottom button:has-text("我的")');
	await page.click('button[lang="en"]');
	await page.waitForFunction(() => document.documentElement.lang === "en" && document.querySelector(".bottom"));
	const words = await page.evaluate(() => [...document.querySelectorAll("body *")].filter((e) => !e.closest("[lang]:not(html), h2, noscript, .list")).flatMap((e) => [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim())).filter((s) => /[\u3000-\u9fff]/.test(s)));

	assert.deepEqual(words, []);
	assert.deepEqual(errors.filter((e) => !ALLOWED.test(e)), []);
});
