// Letting a phone in: the form on the people page, its sheet, and a phone that follows the link.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { TOWN, Town, until } from "../lib/index.mjs";
import { openPage, signIn } from "./browser.mjs";
import { axe, clean, duty, fits, go, kit, mock, text } from "./kit.mjs";

before(kit.up);
after(kit.down);

const ask = async (page, device, person = "") => {
	await page.fill("#letin-device", device);
	await page.fill("#letin-person", person);
	await page.press("#letin-person", "Enter");
};
const fault = (page) => page.waitForFunction(() => document.querySelector("#letin-error")?.textContent.trim()).then((h) => h.jsonValue());

describe("the sheet", () => {
	for (const scheme of ["light", "dark"])
		for (const lang of ["zh", "en"])
			test(`axe, every width, print: ${scheme}, ${lang}`, async () => {
				const m = await mock();

				m.fieldUrl = "http://10.0.0.5:8080/";
				const page = await duty(m, { colorScheme: scheme, query: `?lang=${lang}` });

				await go(page, "people");
				await ask(page, "D 1");
				assert.match(await fault(page), lang === "zh" ? /终端编号/ : /device/);
				await axe(page, "an error");
				await ask(page, "d-0001");
				await page.waitForSelector("[data-test=letin-sheet]");
				await page.waitForFunction(() => document.activeElement?.id === "h-letin-sheet");
				assert.equal(await text(page, "#letin-link"), `http://10.0.0.5:8080/field/#/enrol/${"A".repeat(43)}`);
				assert.equal(await page.inputValue("#letin-device"), "");
				assert.equal(await page.$(".letin .warn"), null);
				assert.match(await text(page, ".letin-sheet"), /2026-11-25 08:00/);
				assert.ok(await page.$eval(".letin-sheet path", (p) => p.getAttribute("d").length > 5000));
				await axe(page, "the sheet");
				await page.evaluate(() => (window.print = () => {}));
				await page.click('.letin-sheet button:nth-of-type(2)');
				await page.emulateMedia({ media: "print" });
				assert.deepEqual(await page.$$eval("header, .devices, .feed, .areas, .letin form, .letin h2, .letin .row", (e) => e.filter((x) => x.getClientRects().length).map((x) => x.className || x.tagName)), []);
				assert.ok(await page.isVisible(".letin-sheet svg"));
				await page.emulateMedia({ media: "screen" });
				await page.evaluate(() => dispatchEvent(new Event("afterprint")));
				assert.ok(await page.isVisible(".devices"));
				await fits(page, "the sheet");
				await page.click('.letin-sheet button:nth-of-type(3)');
				await page.waitForFunction(() => document.activeElement?.id === "letin-device" && !document.querySelector(".letin-sheet"));
				assert.deepEqual(m.posts, [{ path: "/api/v1/devices/d-0001/code", body: {} }]);
				await clean(page);
			});

	test("what is refused is said; a link to this machine warns; a session that ended asks again", async () => {
		const m = await mock();
		const page = await duty(m);

		await go(page, "people");
		for (const [status, code, says] of [[404, "not_found", /辖区内没有/], [409, "exists", /其他人员/], [422, "bad_device", /新终端/], [403, "not_allowed", /没有这项权限/], [503, "ingest_away", /采集服务/], [429, "too_many_codes", /没有办成：未用的设备码太多/], [422, "bad_hours", /没有办成：（原文：the stand-in/]]) {
			m.actStatus = status;
			m.actCode = code;
			await ask(page, "d-0001", "p-0001");
			await page.waitForFunction((s) => new RegExp(s).test(document.querySelector("#letin-error").textContent), says.source);
		}
		m.actStatus = null;
		await ask(page, "d-0077", "p-0001");
		await page.waitForSelector(".letin-sheet .warn");
		m.sessions.clear();
		await ask(page, "d-0077", "p-0001");
		await page.waitForSelector("#user");
		await clean(page, /status of (401|403|404|409|422|429|503)/);
	});

	test("only for those who may", async () => {
		for (const role of ["office", "leader"]) {
			const m = await mock();

			m.roles = [role];
			const page = await duty(m);

			await go(page, "people");
			await page.waitForSelector(".devices tbody tr");
			assert.equal(await page.$(".letin"), null);
			await clean(page);
		}
	});
});

test("a phone follows the link, and is in; a second one is told that it was used", { timeout: 90e3 }, async () => {
	const town = await Town.start({ server: true });

	try {
		await town.user("centre", "p-duty", "centre", TOWN);
		const page = await openPage(kit.browser, `${town.base}/`);

		await signIn(page, "centre", town.passwords.centre);
		await page.click('nav a[href="#/people"]');
		await ask(page, "d-0001", "p-0001");
		await page.waitForSelector(".letin-sheet");
		assert.match(await text(page, ".letin-sheet h3"), /赵甲.*d-0001/);
		const link = await text(page, "#letin-link");
		const phone = await openPage(kit.browser, link, { width: 390, height: 844 });

		await phone.waitForSelector("[data-test=link].good");
		assert.match(phone.url(), /#\/today$/, "the code is not left in the address");
		await phone.reload();
		await phone.waitForSelector("[data-test=link].good");
		assert.equal(await town.one("SELECT count(*) FROM device WHERE id = 'd-0001' AND until IS NULL"), 1);
		await until(async () => (await town.one("SELECT online FROM device_state WHERE device = 'd-0001'")) === 1, "the phone to be seen");
		const other = await openPage(kit.browser, link, { width: 390, height: 844 });

		await other.waitForSelector("[role=alert]");
		assert.match(await text(other, "[role=alert]"), /已用过或已过期/);
		await clean(other, /status of 410/);
		await clean(phone, /WebSocket|status of 40[14]/);
		await clean(page);
	} finally {
		await town.stop();
	}
});
