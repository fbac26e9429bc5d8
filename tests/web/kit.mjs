// What the pages' tests share: a stand-in server for each, a page that is signed in, and what they ask of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { startMock } from "./mock.mjs";
import { openBrowser, openPage, signIn } from "./browser.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
/** @type {any[]} */
const open = [];

/** One browser for a file of tests: up() before, down() after. */
export const kit = {
	/** @type {import("playwright-core").Browser} */
	browser: /** @type {any} */ (null),
	up: async () => {
		kit.browser = await openBrowser();
	},
	down: async () => {
		await kit.browser?.close();
		for (const m of open)
			await m.stop();
	},
};

export async function mock(opt) {
	const m = await startMock(opt);

	open.push(m);
	return m;
}

export async function duty(m, opt = {}) {
	const page = await openPage(kit.browser, m.url + (opt.query || ""), opt);

	await signIn(page, m.user, m.password);
	await page.waitForSelector('[data-test=link] .good');
	return page;
}

/** Is there any colour in what it shows? @param {string} sel */
export async function hasColour(page, sel) {
	const png = (await page.locator(sel).screenshot()).toString("base64");
	const other = await page.context().browser().newPage(); // the page's policy and clock are its own

	const found = await other.evaluate(async (b64) => {
		const img = await createImageBitmap(new Blob([Uint8Array.from(atob(b64), (c) => c.charCodeAt(0))]));
		const c = new OffscreenCanvas(img.width, img.height).getContext("2d");

		c.drawImage(img, 0, 0);
		const { data } = c.getImageData(0, 0, img.width, img.height);

		for (let i = 0; i < data.length; i += 4)
			if (Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 4)
				return true;
		return false;
	}, png);

	await other.close();
	return found;
}

/** Another page, by the navigation. */
export async function go(page, name) {
	await page.click(`nav a[href="#/${name}"]`);
	await page.waitForSelector(`main.on-${name || "desk"} .block`);
}

export const text = (page, sel) => page.textContent(sel).then((s) => s.replace(/\s+/g, " ").trim());
export const cell = (page, row) => text(page, `tr[data-row="${row}"] .key`);
export const until = (page, fn, arg) => page.waitForFunction(fn, arg, { timeout: 10e3 });
export const rowsAre = (page, block, want) => until(page, ([b, n]) => document.querySelectorAll(`.${b} tbody tr`).length === n, [block, want]);
export const cellIs = (page, row, want) => until(page, ([r, w]) => document.querySelector(`tr[data-row="${r}"] .key`)?.textContent?.trim() === w, [row, want]);

/** Nothing left the origin; the console said no more than the refusals that the test provoked. */
export function clean(page, allow = /status of 401/) {
	assert.deepEqual(page.outside, []);
	assert.deepEqual(page.errors.filter((e) => !allow.test(e)), []);
	return page.context().close();
}

/** No violation of axe's rules. */
export async function axe(page, what) {
	await page.waitForFunction(() => document.getAnimations().length === 0);
	await page.evaluate(() => "axe" in globalThis) || await page.evaluate(readFileSync(AXE, "utf8"));
	const r = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] }));

	assert.deepEqual(r.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).slice(0, 3).join(" | ")}`), [], what);
	assert.ok(r.passes.length > 10, what);
}

/** No element is wider than its place, at any size; wide: tables that may be looked through sideways on narrow screens. */
export async function fits(page, what, sizes = [[390, 844], [720, 900], [1024, 768], [1366, 768], [1920, 1080], [2560, 1440]], wide = "") {
	for (const [width, height] of sizes) {
		await page.setViewportSize({ width, height });
		assert.deepEqual(await page.evaluate((sideways) => [document.documentElement, ...document.querySelectorAll("body *")]
			.filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible" && !e.matches(".vh, .vh *, .who, .map-box, .map-box *, .chart-box, .chart-box *") && !(sideways && e.matches(sideways)))
			.map((e) => `${e.tagName}.${e.className} ${e.scrollWidth} > ${e.clientWidth}`), width < 1366 ? wide : ""), [], `${what}, ${width}`);
		assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what}, ${width}`);
	}
}
