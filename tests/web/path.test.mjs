// The whole path: an event leaves a phone and stands on the supervisor's screen.  Real broker, real
// daemons, real browser.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { transform } from "esbuild";
import { COMMUNITY, GRID, RIVER, TOWN, Town, run } from "../lib/index.mjs";
import { openBrowser, openPage, signIn } from "./browser.mjs";

const RISE_MS = 5000; // the count rises within a second; a loaded machine may take longer

/** @type {any} */
let town;
/** @type {any} */
let browser;
/** @type {any} */
let page;
/** @type {any} */
let phone;

before(async () => {
	town = await Town.start({ server: true, conf: { server: { demo: "yes" } } });
	await town.user("duty", "p-duty", "centre", TOWN);
	phone = await town.device("d-0001", "p-0001");
	browser = await openBrowser();
	page = await openPage(browser, `${town.base}/`);
});
after(async () => {
	await browser?.close();
	await town?.stop();
});

const text = (sel) => page.textContent(sel).then((s) => s.replace(/\s+/g, " ").trim());
const key = (row) => `tr[data-row="${row}"] .key`;
/** Waits until a cell reads so; the ms that it took. */
async function reads(row, want, ms = RISE_MS) {
	const from = Date.now();

	await page.waitForFunction(([sel, w]) => document.querySelector(sel)?.textContent?.trim() === w, [key(row), String(want)], { timeout: ms, polling: 5 })
		.catch(async (e) => assert.fail(`${row} reads ${await text(key(row))}, not ${want}: ${e.message}`));
	return Date.now() - from;
}
const go = async (name) => {
	await page.click(`nav a[href="#/${name}"]`);
	await page.waitForSelector(`main.on-${name || "desk"} .block`);
};
const live = () => page.waitForSelector("[data-test=link] .good");

test("sign-in: a wrong password is refused, the right one opens the duty page", async () => {
	await page.fill("#user", "duty");
	await page.fill("#password", "not it");
	await page.keyboard.press("Enter");
	await page.waitForFunction(() => document.querySelector("#signin-error")?.textContent === "用户名或密码不正确。");
	await signIn(page, "duty", town.passwords.duty);
	await live();
	assert.equal(await text("header h1"), "巡格 示例镇 演示数据");
	await reads("patrols *", 0);
	await go("people");
	assert.equal(await page.locator(".areas tbody tr").count(), 2);
	await page.waitForSelector('tr[data-row="d-0001"] .state');
	await go("");
});

test("a cold load: everything under names that hold its hash, small on the wire, kept for ever", async () => {
	const cold = await browser.newContext();
	const fresh = await cold.newPage();
	const cdp = await cold.newCDPSession(fresh);
	const version = await (await fetch(`${town.base}/version`)).json();
	const kinds = new Map();
	let bytes = 0;

	await cdp.send("Network.enable");
	cdp.on("Network.responseReceived", (e) => kinds.set(e.requestId, e.response));
	cdp.on("Network.loadingFinished", (e) => (bytes += e.encodedDataLength));
	await fresh.goto(`${town.base}/`);
	await signIn(fresh, "duty", town.passwords.duty);
	await fresh.waitForSelector(".closing tbody tr");
	const files = [...kinds.values()].filter((r) => !/\/(api|readyz|version)/.test(r.url) && !r.url.endsWith("/"));

	assert.ok(files.length > 15);
	for (const f of files) {
		assert.ok(f.url.startsWith(`${town.base}/a/${version.pages}/`), f.url);
		assert.equal(f.headers["cache-control"], "public, max-age=31536000, immutable", f.url);
	}
	assert.ok(bytes < 150 * 1024, `${bytes} bytes`);
	assert.equal((await fetch(files[0].url.replace(version.pages, "0".repeat(16)))).status, 404);
	await cold.close();
});

test("what is served of our modules is their source but for lines of comment", async () => {
	const web = new URL("../../server/web/", import.meta.url);
	const lean = async (/** @type {string} */ text) => (await transform(text, { minify: true, format: "esm", charset: "utf8" })).code;
	let less = 0;

	for (const f of [...(await readdir(web)), ...(await readdir(new URL("field/", web))).map((n) => `field/${n}`)].filter((n) => n.endsWith(".js") && !n.endsWith("sw.js"))) {
		const source = await readFile(new URL(f, web), "utf8");
		const served = await (await fetch(`${town.base}/${f}`)).text();

		assert.equal(served.split("\n").length, source.split("\n").length, f);
		assert.equal(await lean(served), await lean(source), f);
		for (const coding of ["br", "gzip"]) { // the first asks the file's own compression, the second may be for another
			const r = await fetch(`${town.base}/${f}`, { headers: { "accept-encoding": coding } });

			assert.equal(r.headers.get("content-encoding") ?? coding, coding, f);
			assert.equal(await r.text(), served, `${f} ${coding}`);
		}
		less += source.length - served.length;
	}
	assert.ok(less > 20e3, `${less} bytes less`);
	for (const f of ["style.css", "papers.css", "field/field.css"]) {
		const source = await readFile(new URL(f, web), "utf8");
		const served = await (await fetch(`${town.base}/${f}`)).text();
		const small = async (/** @type {string} */ text) => (await transform(text, { minify: true, loader: "css", charset: "utf8" })).code;

		assert.equal(served.split("\n").length, source.split("\n").length, f);
		assert.equal(await small(served), await small(source), f);
		assert.ok(!served.includes("/*") && served.length < source.length, f);
	}
});

test("mosquitto_pub: a patrol starts, and the counts on the screen rise", async () => {
	const secret = await town.enrol("d-0002", "p-0002");
	const event = { epoch: "a1", seq: 1, kind: "patrol.start", at: Date.now(), body: { patrol: "k-1", route: "grid", target: GRID[2] } };
	let r;

	for (let i = 0; i < 50; i++) { // until the broker knows the account
		r = await run("mosquitto_pub", ["-h", "127.0.0.1", "-p", String(town.mqttPort), "-u", "d-0002", "-P", secret, "-q", "1",
			"-t", "xunge/v1/990101/d-0002/up", "-m", JSON.stringify(event)]);
		if (r.code === 0)
			break;
		await new Promise((ok) => setTimeout(ok, 100));
	}
	assert.equal(r.code, 0, r.err);
	await reads("patrols grid", 1);
	for (const row of ["patrols *", "route grid"])
		await reads(row, 1);
	await go("people");
	await reads(COMMUNITY[1], 1);
	await reads(COMMUNITY[0], 0);
	assert.match(await text(".feed tbody tr:first-child"), /\d\d:\d\d:\d\d 钱乙 开始巡查 西关一网格：网格$/);
	await go("");
});

test("mqtt.js: ten patrols of a chief, each on the screen when it has come; the delays", async (t) => {
	const chief = await town.device("d-0003", "p-chief-c");
	const took = [];

	for (let i = 1; i <= 10; i++) {
		const e = chief.event("patrol.start", { patrol: `c-${i}`, route: "river", target: RIVER });
		const from = Date.now();

		await Promise.all([chief.publish(e), reads("river_patrols community", i)]);
		took.push(Date.now() - from);
	}
	await reads("river_patrols *", 10);
	await reads("patrols *", 11);
	t.diagnostic(`publish to screen, ms: ${took.join(" ")}; median ${[...took].sort((a, b) => a - b)[5]}`);
	assert.equal((await town.one("select n from tally where figure='river_patrols' and level='community' and span<10000 limit 1")), 10);
});

test("a duplicate changes nothing; a device's state; other records are counted by kind", async () => {
	const e = phone.event("patrol.start", { patrol: "g-1", route: "road", target: "QSH-R1" });

	await phone.publish(e);
	await phone.answer(e.seq);
	await phone.publish(e);
	await phone.publish({ online: true, at: Date.now() }, { leaf: "presence" });
	await phone.send("status", { battery: 14, queue: 3 });
	await phone.send("inspect", { topic: "burn_straw", result: "ok" });
	await reads("route road", 1);
	await reads("other inspect", 1);
	await go("people");
	await page.waitForFunction(() => /赵甲 专项检查 东关一网格：烧秸秆$/.test(document.querySelector(".feed tbody tr")?.textContent?.trim() || ""));
	await page.waitForFunction(() => /在线.*3.*低 14%/s.test(document.querySelector('tr[data-row="d-0001"]')?.textContent || ""), null, { timeout: RISE_MS });
	await go("");
});

test("a hazard is reported: an alert on the screen; signed there, it is an event of the office, and every screen says who", async () => {
	const other = await openPage(browser, `${town.base}/`);
	const row = '.alerts tr[data-row="hazard:h-1"]';

	await signIn(other, "duty", town.passwords.duty);
	await phone.send("case.report", { case: "h-1", class: "hazard", category: "fire", severity: 1, title: "仓库冒烟" }, { scope: GRID[0] });
	await page.waitForSelector(`${row}:has-text("仓库冒烟")`, { timeout: RISE_MS });
	assert.match(await text(row), /^一级（红）Ⅰ 仓库冒烟 重大隐患东关一网格(赵甲)? ?\d\d:\d\d:\d\d 未签收 0 分钟 签收$/);
	await page.waitForSelector('.cases tr[data-row="h-1"]:has-text("待立案")', { timeout: RISE_MS });
	await other.click(`${row} button`);
	for (const p of [page, other])
		await p.waitForSelector(`${row}:has-text("已签收 周戊")`, { timeout: RISE_MS });
	assert.deepEqual((await town.sql("select e.person as person, count(*) as n from event e join stream s on s.id = e.stream where s.device = 'office' group by 1")).map((r) => [r.person, r.n]), [["p-duty", 1]]);
	assert.deepEqual(other.outside, []);
	await other.context().close();
});

test("the case is opened and acted on: stored, then shown; a second officer on an old version is told who was quicker", async () => {
	const other = await openPage(browser, `${town.base}/#/case/h-1`);

	await signIn(other, "duty", town.passwords.duty);
	await other.waitForSelector('.timeline li:has-text("赵甲")', { timeout: RISE_MS });
	await other.waitForSelector('.timeline li:has-text("签收预警")', { timeout: RISE_MS });
	let deaf = true; // he will not hear what the first did, until his own act is answered
	await other.route("**/api/v1/cases/h-1", (r) => (deaf ? r.abort() : r.continue()));
	other.on("response", (r) => { if (r.request().method() === "POST") deaf = false; });
	await page.click('.cases tr[data-row="h-1"] a');
	await page.click('.drawer button:has-text("立案")', { timeout: RISE_MS });
	await page.fill("#act-note", "情况属实");
	await page.click(".act button.primary");
	await page.waitForSelector('.timeline li:has-text("情况属实")', { timeout: RISE_MS });
	await page.waitForSelector('.cases tr[data-row="h-1"]:has-text("待派遣")', { timeout: RISE_MS });
	await other.click('.drawer button:has-text("不予立案")');
	await other.fill("#act-note", "看过了");
	await other.click(".act button.primary");
	await other.waitForSelector('.act [role=alert]:has-text("案件刚被 周戊 改动（立案）")', { timeout: RISE_MS });
	await page.click('.drawer button:has-text("派遣")');
	await page.fill("#act-to", "p-0002");
	await page.click(".act button.primary");
	await page.waitForSelector('.cases tr[data-row="h-1"]:has-text("钱乙")', { timeout: RISE_MS });
	assert.deepEqual((await town.sql("select state, holder from casus where name = 'h-1'")).map((r) => [r.state, r.holder]), [[3, "p-0002"]]);
	await page.keyboard.press("Escape");
	await page.waitForSelector(".drawer", { state: "detached" });
	await other.context().close();
});

test("the server is killed: banner; it comes back: resumed where it stood, nothing missed", async () => {
	const hellos = [];

	page.on("websocket", (ws) => ws.on("framesent", (f) => hellos.push(JSON.parse(f.payload))));
	town.server.kill();
	await town.server.ended;
	await page.waitForSelector("[data-test=banner]");
	assert.match(await text("[data-test=banner]"), /^连接中断 \d+ 秒，正在重连… 页面数字停在 \d\d:\d\d:\d\d。 立即重连$/);
	for (let i = 2; i <= 4; i++)
		await phone.send("patrol.start", { patrol: `g-${i}`, route: "road", target: "QSH-R1" });
	await reads("route road", 1);
	await town.startServer();
	await page.click("[data-test=banner] button").catch(() => {}); // it may be back already
	await reads("route road", 4, 20e3);
	await live();
	await page.waitForSelector("[data-test=banner]", { state: "detached" });
	await reads("patrols *", 15);
	await go("people");
	await page.click(".feed .small"); // all kinds
	await page.waitForSelector(".feed .small[aria-pressed=true]"); // drawn
	const hello = hellos.find((h) => h.op === "hello");

	assert.equal(typeof hello.since, "number");
	assert.equal(typeof hello.db, "string");
	assert.deepEqual(await page.$$eval(".feed tbody tr", (rows) => rows.map((r) => Number(r.getAttribute("data-row")))),
		(await town.sql('select "commit" as c from event order by c desc limit 50')).map((r) => r.c));
	await go("");
});

test("the server hangs: banner over an open connection; it goes on: said, and nothing missed", async () => {
	const closed = [];

	page.on("websocket", (ws) => ws.on("close", () => closed.push(ws)));
	town.server.signal("SIGSTOP");
	try {
		await page.waitForSelector("[data-test=banner]");
		assert.match(await text("[data-test=banner]"), /^服务器已 \d+ 秒没有回应，正在等待… 页面数字停在 \d\d:\d\d:\d\d。 立即重连$/);
		assert.equal(closed.length, 0);
		await phone.send("patrol.start", { patrol: "g-5", route: "road", target: "QSH-R1" });
	} finally {
		town.server.signal("SIGCONT");
	}
	await page.waitForSelector("[data-test=back]");
	await reads("route road", 5, 20e3);
	await live();
});

test("ingest hangs, the broker hangs: the page says which, apart from its link, and when it is over", async () => {
	for (const [who, words] of [["ingest", /^服务器正常，但入库服务自 \d\d:\d\d:\d\d 起没有回应/], ["broker", /^服务器正常，但消息服务自 \d\d:\d\d:\d\d 起没有回应/]]) {
		town[who].signal("SIGSTOP");
		try {
			await page.waitForSelector("[data-test=trouble]");
			assert.match(await text("[data-test=trouble]"), words);
			await live();
		} finally {
			town[who].signal("SIGCONT");
		}
		await page.waitForSelector('[data-test=back]:has-text("已恢复：新记录照常入库。")');
		assert.equal(await page.locator("[data-test=trouble]").count(), 0);
	}
});

test("ingest is killed: the page says so apart from its link; started again, all goes on", async () => {
	town.ingest.kill();
	await town.ingest.ended;
	await page.waitForSelector("[data-test=trouble]");
	await live();
	const e = phone.event("patrol.start", { patrol: "g-6", route: "road", target: "QSH-R1" });

	await phone.publish(e);
	await town.startIngest();
	await reads("route road", 6, 20e3);
	await page.waitForSelector("[data-test=trouble]", { state: "detached" });
});

test("each number of the desk opens a list of as many records", async () => {
	await page.waitForSelector(".closing a.number");
	const numbers = await page.$$eval(".ledger td.key a.number, .closing a.number", (e) => e.map((a) => [a.getAttribute("href"), a.textContent.trim()]));
	const some = numbers.filter(([, n]) => n !== "0");

	assert.ok(some.length >= 8, `${some.length} numbers`);
	for (const [href, n] of some) {
		await page.evaluate((h) => {
			location.hash = h;
		}, href);
		await page.waitForFunction((w) => document.querySelector(".rows h2")?.textContent?.match(/[\d,]+/)?.[0] === w && document.querySelectorAll(".rows tbody tr").length === Number(w.replace(",", "")), n, { timeout: RISE_MS })
			.catch(async () => assert.fail(`${href} says ${n}, the list: ${await text(".rows h2")}`));
	}
	await page.evaluate(() => {
		location.hash = "#/";
	});
	await page.waitForSelector("main.on-desk");
});

test("loaded anew while events come: the snapshot by HTTP, the stream goes on from its commit, no gap and no double", async () => {
	const streams = [];
	const snapshots = [];
	const onStream = (ws) => {
		const frames = [];

		streams.push(frames);
		ws.on("framesent", (f) => frames.push({ sent: true, ...JSON.parse(f.payload) }));
		ws.on("framereceived", (f) => frames.push(JSON.parse(f.payload)));
	};
	const onAnswer = (r) => r.url().includes("/api/v1/live/snapshot") && snapshots.push(r.json());
	const before = Number(await text(key("patrols *")));
	let going = true;
	let n = 0;

	page.on("websocket", onStream);
	page.on("response", onAnswer);
	const flood = (async () => {
		while (going)
			await phone.send("patrol.start", { patrol: `r-${n++}`, route: "road", target: "QSH-R1" });
	})();

	for (let i = 0; i < 3; i++) {
		await page.reload();
		await live();
		const from = n;

		for (const until = Date.now() + 10e3; n < from + 20 && Date.now() < until;)
			await page.waitForTimeout(10);
	}
	going = false;
	await flood;
	await reads("patrols *", before + n);
	page.off("websocket", onStream);
	page.off("response", onAnswer);
	assert.equal(streams.length, 3);
	for (const [i, s] of (await Promise.all(snapshots)).entries()) {
		const [hello, first, ...rest] = streams[i];
		let at = s.commit;

		assert.deepEqual(hello, { sent: true, op: "hello", scope: TOWN, db: s.db, since: s.commit, beat: true });
		assert.equal(first.op, "delta");
		for (const f of [first, ...rest.filter((x) => !x.sent && x.op !== "pong")]) {
			assert.ok(f.op === "tick" || (f.op === "delta" && f.from === at), JSON.stringify(f).slice(0, 80));
			at = f.commit;
		}
	}
	await go("people");
	await page.click(".feed .small"); // all kinds
	await page.waitForSelector(".feed .small[aria-pressed=true]"); // drawn
	assert.deepEqual(await page.$$eval(".feed tbody tr", (rows) => rows.map((r) => Number(r.getAttribute("data-row")))),
		(await town.sql('select "commit" as c from event order by c desc limit 50')).map((r) => r.c));
	await go("");
});

test("English: the page's words are English, names stay as they are", async () => {
	await page.click("[data-test=menu]");
	await page.click('button[lang="en"]');
	await page.waitForFunction(() => document.documentElement.lang === "en");
	await go("people");
	assert.equal(await text(".feed tbody tr:first-child .what"), "Patrol started · 赵甲 · 国道示例段");
	await page.click("[data-test=menu]");
	await page.click('button[lang="zh-CN"]');
	await page.waitForFunction(() => document.documentElement.lang === "zh-CN");
});

test("what is owed today, this month and this year opens the duties that owe as much", async () => {
	await town.import("duties", "rule,role,level,target,period,months,count,count_unit,min_minutes,min_metres,min_gap_hours,min_coverage,substitute,delegate,valid_from,valid_to\n"
		+ "dinghu,chief,community,each,month,1-12,2,times,5,300,,,no,no,2020-01-01,\ngrid_daily,worker,grid,each,day,1-12,1,times,5,300,,,no,no,2026-01-01,\n");
	await go("");
	await page.reload();
	await page.waitForSelector('.ledger tr[data-row="patrols *"] td:last-child .of a');
	const numbers = await page.$$eval(".ledger .of a", (e) => e.map((a) => [a.getAttribute("href"), a.textContent.trim()]));

	assert.ok(numbers.filter(([, n]) => n !== "0").length >= 4, JSON.stringify(numbers));
	for (const [href, n] of numbers) {
		await page.evaluate((h) => {
			location.hash = h;
		}, href);
		await page.waitForFunction((w) => (document.querySelector(".dutyrows [data-test=sum]")?.textContent?.match(/[\d,]+/) || ["-"])[0] === w, n, { timeout: RISE_MS })
			.catch(async () => assert.fail(`${href} says ${n}, the list: ${await text(".rows h2")}`));
	}
	await page.evaluate(() => {
		location.hash = "#/";
	});
	await page.waitForSelector("main.on-desk");
});

test("the account is disabled: the page goes to the sign-in at once", async () => {
	await town.must("user", "disable", "duty");
	await page.waitForSelector("#user");
	assert.match(await text("main"), /登录已过期，请重新登录。/);
});

test("nothing was asked of another origin, and the console stayed quiet", () => {
	assert.deepEqual(page.outside, []);
	assert.deepEqual(page.errors.filter((e) => !/status of (401|503)|ERR_CONNECTION_REFUSED|WebSocket connection/.test(e)), []);
});
