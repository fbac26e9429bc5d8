// What the office does on the duty page: signs for alerts, opens cases, acts on them; against the stand-in server.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { openPage, signIn } from "./browser.mjs";
import { axe, clean, duty, fits, go, kit, mock, rowsAre, text, until } from "./kit.mjs";

before(kit.up);
after(kit.down);

const REFUSED = /status of (401|403|409|412|503)|ERR_CONNECTION_REFUSED/;
const rows = (page, block) => page.$$eval(`.${block} tbody tr`, (e) => e.map((x) => x.getAttribute("data-row")));
const alert = (id, more = {}) => ({ id, type: "hazard", severity: 1, case: null, title: "河岸塌方", scope: "990101100002", loc: null, at: Date.now(), state: "active", acked_by: null, acked_at: null, late: false, ...more });

async function opened(page, id, want = "") {
	await page.click(`.cases tr[data-row="${id}"] a`);
	await until(page, (w) => document.querySelector("#h-case")?.textContent?.includes(w) && document.querySelector(".timeline li"), want);
}

describe("alerts", () => {
	test("the most urgent first, shape, numeral and word; late ones say so; the title counts the unsigned", async () => {
		const m = await mock();
		const page = await duty(m);

		await rowsAre(page, "alerts", 5);
		assert.deepEqual(await rows(page, "alerts"), ["hazard:case-01", "case_overdue:case-03", "duty_overdue:p-0066", "hazard:case-02", "device_silent:d-0008"]);
		assert.match(await text(page, '.alerts tr[data-row="hazard:case-01"]'), /^一级（红）Ⅰ 后山坡体新增裂缝 重大隐患后山社区马某某 \d\d:\d\d:\d\d 未签收 4 分钟 签收$/);
		assert.match(await text(page, '.alerts tr[data-row="case_overdue:case-03"]'), /迟到/);
		assert.match(await text(page, '.alerts tr[data-row="hazard:case-02"]'), /已签收 云冬 (\d\d-\d\d )?\d\d:\d\d$/);
		assert.match(await page.title(), /^\(3\) /);
		await page.click('.alerts button:has-text("只看未签收")');
		await rowsAre(page, "alerts", 3);
		await clean(page);
	});

	test("a signature is sent once with its key, and everybody sees who signed", async () => {
		const m = await mock();
		const page = await duty(m);
		const other = await duty(m);

		await page.click('.alerts tr[data-row="hazard:case-01"] button');
		for (const p of [page, other])
			await until(p, () => /已签收 云冬/.test(document.querySelector('.alerts tr[data-row="hazard:case-01"]')?.textContent || ""));
		assert.equal(m.posts.length, 1);
		assert.equal(m.posts[0].path, "/api/v1/alerts/hazard%3Acase-01/ack");
		assert.match(m.posts[0].key, /^[0-9a-f]{32}$/);
		await until(page, () => document.title.startsWith("(2)"));
		await clean(page);
		await clean(other);
	});

	test("no answer and a refusal are said; asked again, the key is the same until the platform has answered", async () => {
		const m = await mock();
		const page = await duty(m);
		const row = '.alerts tr[data-row="hazard:case-01"]';

		m.actStatus = 503;
		await page.click(`${row} button`);
		await page.waitForSelector(`${row} [role=alert]:has-text("采集服务没有运行，什么都没有办")`);
		m.actStatus = 403;
		await page.click(`${row} button`);
		await page.waitForSelector(`${row} [role=alert]:has-text("没有这项权限")`);
		m.actStatus = null;
		await page.click(`${row} button`);
		await page.waitForSelector(`${row}:has-text("已签收")`);
		assert.equal(m.posts[0].key, m.posts[1].key);
		assert.notEqual(m.posts[1].key, m.posts[2].key);
		await clean(page, REFUSED);
	});

	test("a red one is called out at once, a cleared one leaves; who may not sign has no button", async () => {
		const m = await mock();

		m.roles = ["office"];
		const page = await duty(m);

		await rowsAre(page, "alerts", 5);
		assert.equal(await page.locator(".alerts td button").count(), 0);
		m.change({ alerts: [alert("hazard:x", { severity: 1 }), { id: "device_silent:d-0008", gone: true }] });
		await page.waitForSelector('.alerts tr[data-row="hazard:x"]');
		await rowsAre(page, "alerts", 5);
		assert.equal((await rows(page, "alerts"))[0], "hazard:x");
		await until(page, () => document.querySelector("p.vh[role=alert]")?.textContent === "新预警：河岸塌方");
		await clean(page);
	});
});

describe("cases and duties", () => {
	test("the late ones first; state, holder and deadline in words; filters", async () => {
		const m = await mock();
		const page = await duty(m);

		await rowsAre(page, "cases", 8);
		assert.deepEqual((await rows(page, "cases")).slice(0, 3), ["case-03", "case-02", "case-01"]);
		assert.match(await text(page, '.cases tr[data-row="case-03"]'), /示例镇水务站 处置中超期 3 天$/);
		assert.match(await text(page, '.cases tr[data-row="case-02"]'), /剩 2 小时$/);
		assert.match(await text(page, '.cases tr[data-row="case-04"]'), /挂账/);
		await page.click('.cases button:has-text("待核查")');
		await rowsAre(page, "cases", 1);
		await page.click('.cases button:has-text("超期")');
		await rowsAre(page, "cases", 1);
		await clean(page);
	});

	test("overdue: the longest first; what is due today stands beside what was done", async () => {
		const m = await mock();
		const page = await duty(m);

		await rowsAre(page, "overdue", 3);
		assert.match(await text(page, ".overdue tbody tr:first-child"), /^李某某 镇级 示例县道老街至松林段( dinghu)? 23 天 提醒$/);
		assert.match(await text(page, "#h-overdue"), /3 人 3 项/);
		m.change({ figures: [{ id: "river_patrols", level: "town", category: "", today: 1, month: 11, year: 127, due_today: 3 }], areas: [{ ...m.town.areas[1], due_today: 5 }], overdue: [{ person: "p-0066", rule: "dinghu", target: "XD-01", gone: true }] });
		await page.waitForSelector('tr[data-row="river_patrols town"] .key:has-text("/ 3")');
		await rowsAre(page, "overdue", 2);
		await go(page, "people");
		await page.waitForSelector('.areas tr[data-row="990101100001"]:has-text("/ 5")');
		const towns = m.town.areas.map((a) => ({ ...a, patrols_today: 2 }));

		for (const [due, words] of [[(i) => (i ? 2 : 3), "今日未巡足"], [() => 2, "今日均已巡查"], [() => 0, "今日无应巡"]]) {
			m.change({ areas: towns.map((a) => ({ ...a, due_today: due(Number(a.code.slice(-1)) - 1) })) });
			await page.waitForSelector(`#h-areas:has-text("${words}")`);
		}
		await clean(page);
	});
});

describe("reminders", () => {
	test("one click from the overdue list: sent once, its row says when and by whom, for everybody; the list of duties has the rest", async () => {
		const m = await mock();
		const page = await duty(m);
		const other = await duty(m);

		await page.click('.overdue tr[data-row="p-0066 dinghu"] button');
		for (const p of [page, other])
			await until(p, () => /\d\d:\d\d 云冬已提醒$/.test(document.querySelector('.overdue tr[data-row="p-0066 dinghu"] .do')?.textContent?.trim() || ""));
		assert.deepEqual(m.posts.map((p) => p.body), [{ person: "p-0066", rule: "dinghu", target: "XD-01" }]);
		assert.equal(await page.textContent("#h-overdue small"), "3 人 3 项");
		await page.click("#h-overdue a");
		await until(page, () => document.querySelector(".dutyrows h2")?.textContent?.replace(/\s+/g, " ").trim() === "3 人 3 项 逾期未巡");
		await page.click("[data-test=remind-all]");
		await until(page, () => document.querySelectorAll(".dutyrows .reminded").length === 3 && !document.querySelector("[data-test=remind-all]"));
		assert.equal(m.posts.length, 3);
		await clean(page);
		await clean(other);
	});

	test("a refusal is said; who may not remind has no button", async () => {
		const m = await mock();
		const page = await duty(m);

		m.actStatus = 409;
		m.actCode = "reminded";
		await page.click('.overdue tr[data-row="p-0009 grid_daily"] button');
		await page.waitForSelector('.overdue [role=alert]:has-text("十分钟内已有人提醒")');
		await clean(page, REFUSED);
		m.roles = ["district"];
		const reader = await duty(m);

		await rowsAre(reader, "overdue", 3);
		assert.equal(await reader.locator(".overdue td button").count(), 0);
		await clean(reader);
	});
});

describe("a case", () => {
	test("opened by its link: facts, who did what when, what is not in force and why; Escape goes back", async () => {
		const m = await mock();
		const page = await duty(m);

		await opened(page, "case-03", "沟道管口污水直排");
		assert.equal(await page.evaluate(() => location.hash), "#/case/case-03");
		assert.equal(await page.evaluate(() => document.activeElement?.id), "h-case");
		assert.match(await text(page, ".case-facts"), /状态处置中 示例镇水务站 时限超期 3 天/);
		const list = await page.$$eval(".timeline > li", (e) => e.map((x) => x.textContent.replace(/\s+/g, " ").trim()));

		assert.equal(list.length, 3);
		assert.match(list[0], /^上报 马某某 .*平台得知 .*照片 1 张 处置前$/);
		assert.match(list[2], /^处置反馈 示例镇水务站 未生效 已疏通 当时的状态不允许 （原文：handle: from in_progress only）/);
		await page.keyboard.press("Escape");
		await page.waitForSelector(".drawer", { state: "detached" });
		assert.equal(await page.evaluate(() => location.hash), "#/");
		assert.equal(await page.evaluate(() => document.activeElement?.closest("tr")?.getAttribute("data-row")), "case-03");
		await clean(page);
	});

	test("its address opens it after sign-in and after a reload; one that is not there says so", async () => {
		const m = await mock();
		const page = await duty(m, { query: "#/case/case-06" });

		await page.waitForSelector(".timeline li");
		await page.reload();
		await page.waitForSelector('#h-case:has-text("夜间水压不足")');
		await page.evaluate(() => {
			location.hash = "#/case/nothing";
		});
		await page.waitForSelector('.drawer:has-text("没有这个案件")');
		await page.evaluate(() => {
			location.hash = "";
		});
		await page.waitForSelector(".drawer", { state: "detached" });
		await clean(page, /status of 40[14]/);
	});

	test("by keyboard alone: accepted with the version that was seen; the row and the time line follow", async () => {
		const m = await mock();
		const page = await duty(m);

		await page.focus('.cases tr[data-row="case-01"] a');
		await page.keyboard.press("Enter");
		await page.waitForSelector(".timeline li");
		await page.focus('.drawer button:has-text("立案")');
		await page.keyboard.press("Enter");
		await page.waitForSelector("#act-note");
		await page.focus("#act-note");
		await page.keyboard.type("情况属实");
		await page.keyboard.press("Tab");
		await page.keyboard.press("Enter");
		await page.waitForSelector('.timeline li:has-text("立案")');
		assert.deepEqual(m.posts.map((p) => [p.path, p.body, p.match]), [["/api/v1/cases/case-01/actions", { action: "accept", note: "情况属实" }, '"10001"']]);
		await page.waitForSelector('.case-facts:has-text("待派遣")');
		await page.waitForSelector('.cases tr[data-row="case-01"]:has-text("待派遣")');
		assert.equal(await page.locator("form.act").count(), 0);
		await clean(page);
	});

	test("by keyboard alone from an alert to its dispatch", async () => {
		const m = await mock();
		const page = await duty(m);
		const press = async (/** @type {string} */ text) => {
			await page.focus(`.drawer button:has-text("${text}")`);
			await page.keyboard.press("Enter");
		};

		await page.focus('.alerts tr[data-row="hazard:case-01"] a');
		await page.keyboard.press("Enter");
		await page.waitForSelector(".timeline li");
		await press("立案");
		await page.waitForSelector("#act-note");
		await press("确认立案");
		await page.waitForSelector('.case-facts:has-text("待派遣")');
		await press("派遣");
		await page.waitForSelector("#act-to");
		await page.focus("#act-to");
		await page.keyboard.type("p-0102");
		await page.keyboard.press("Enter");
		await page.waitForSelector('.case-facts:has-text("待签收")');
		assert.deepEqual(m.posts.map((p) => p.body), [{ action: "accept" }, { action: "dispatch", to: "p-0102" }]);
		await clean(page);
	});

	test("what an action needs is asked for: to whom, until when (Beijing time), a reason", async () => {
		const m = await mock();
		const page = await duty(m);

		await opened(page, "case-06", "夜间水压不足");
		await page.click('.drawer button:has-text("派遣")');
		await page.click(".act button.primary");
		assert.equal(m.posts.length, 0, "not without a receiver");
		await page.fill("#act-to", "zzz");
		await page.click(".act button.primary");
		await page.waitForSelector('.act .late:has-text("没有编号为“zzz”的人员或单位")');
		assert.equal(m.posts.length, 0, "not to whom nobody knows, unless it is confirmed");
		await page.fill("#act-to", "p-0102");
		await page.click(".act button.primary");
		await page.waitForSelector('.timeline li:has-text("派遣")');
		await page.click('.drawer button:has-text("延期")');
		await page.fill("#act-until", "2027-01-05T18:00");
		await page.click(".act button.primary");
		await page.waitForSelector('.timeline li:has-text("延期")');
		assert.deepEqual(m.posts.map((p) => p.body), [{ action: "dispatch", to: "p-0102" }, { action: "extend", until: "2027-01-05T18:00:00+08:00" }]);
		await page.click('.drawer button:has-text("作废")');
		await page.click(".act button.primary");
		assert.equal(m.posts.length, 2, "not without a reason");
		assert.match(await text(page, '.act label[for="act-note"]'), /必填/);
		await clean(page);
	});

	test("another was quicker: who, what, how it stands now; then it goes through", async () => {
		const m = await mock();
		const page = await duty(m);

		await opened(page, "case-05", "河岸倾倒建筑垃圾");
		await page.click('.drawer button:has-text("催办")');
		m.telling = false; // the news is still on its way
		m.moves("case-05", { action: "sign" }, { state: "in_progress" });
		m.telling = true;
		await page.click(".act button.primary");
		await page.waitForSelector('.act [role=alert]:has-text("案件刚被 奚柏 改动（签收）")');
		await page.waitForSelector('.case-facts:has-text("处置中")');
		await page.click(".act button.primary");
		await page.waitForSelector('.timeline li:has-text("催办")');
		assert.deepEqual(m.posts.map((p) => p.match), ['"10001"', '"10050"']);
		assert.notEqual(m.posts[0].key, m.posts[1].key);
		await clean(page, REFUSED);
	});

	test("somebody acts while it is open: it follows by itself, and what is being written stays", async () => {
		const m = await mock();
		const page = await duty(m);

		await opened(page, "case-01", "后山坡体新增裂缝");
		await page.click('.drawer button:has-text("不予立案")');
		await page.fill("#act-note", "写到一半");
		m.moves("case-01", { action: "accept" }, { state: "accepted" });
		await page.waitForSelector('.timeline li:has-text("奚柏")');
		assert.equal(await page.inputValue("#act-note"), "写到一半");
		assert.match(await text(page, ".act [role=alert]"), /^案件刚被 奚柏 改动（立案）/, "what he writes was meant for an older state");
		await page.click('.drawer button:has-text("派遣")');
		await page.waitForSelector("#act-to");
		assert.equal(await text(page, ".act [role=alert]"), "", "another form is of what is there now");
		await clean(page);
	});

	test("ingest is down: said honestly, sent again under the same key; illegal: the platform's own words", async () => {
		const m = await mock();
		const page = await duty(m);

		await opened(page, "case-01", "后山坡体新增裂缝");
		await page.click('.drawer button:has-text("立案")');
		m.actStatus = 503;
		await page.click(".act button.primary");
		await page.waitForSelector('.act [role=alert]:has-text("什么都没有办")');
		m.actCode = "outcome_unknown";
		await page.click('.act button:has-text("再次提交")');
		await page.waitForSelector('.act [role=alert]:has-text("同一次提交只办一次")');
		m.actStatus = 409;
		await page.click('.act button:has-text("再次提交")');
		await page.waitForSelector('.act [role=alert]:has-text("不允许这样办理。 （原文：the stand-in was told to refuse）")');
		m.actStatus = null;
		await page.click(".act button.primary");
		await page.waitForSelector('.timeline li:has-text("立案")');
		assert.equal(m.posts[0].key, m.posts[2].key);
		assert.notEqual(m.posts[2].key, m.posts[3].key);
		await clean(page, REFUSED);
	});

	for (const [colorScheme, lang] of [["light", "zh"], ["dark", "en"]])
		test(`with a form open: axe, ${colorScheme}, and every size, ${lang}`, async () => {
			const m = await mock();
			const page = await openPage(kit.browser, `${m.url}?lang=${lang}`, { colorScheme: /** @type {any} */ (colorScheme) });

			await signIn(page, m.user, m.password);
			await opened(page, "case-03");
			await page.click(`.drawer button:has-text("${lang === "zh" ? "延期" : "Extend"}")`);
			await page.waitForSelector("#act-until");
			await axe(page, "case open");
			await fits(page, "case open");
			await page.setViewportSize({ width: 390, height: 844 });
			await axe(page, "case open on a phone");
			await clean(page);
		});
});
