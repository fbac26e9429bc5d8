// A Chromium for the tests: no request may leave the origin, no console error may pass unseen.
import { chromium } from "playwright-core";

const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const openBrowser = () => chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", headless: true, args: ARGS });

/** A page with its own storage.  page.outside: requests that left the origin; page.errors: what the console said.
 * @param {import("playwright-core").Browser} browser @param {string} url */
export async function openPage(browser, url, { width = 1440, height = 900, colorScheme = "light", locale = "zh-CN", reducedMotion = "no-preference", clock = false } = {}) {
	const context = await browser.newContext({ locale, timezoneId: "America/New_York", colorScheme, viewport: { width, height }, reducedMotion });
	const page = await context.newPage();
	const origin = new URL(url).host;

	page.outside = [];
	page.errors = [];
	page.on("request", (r) => new URL(r.url()).host !== origin && page.outside.push(r.url()));
	page.on("console", (m) => m.type() === "error" && page.errors.push(m.text()));
	page.on("pageerror", (e) => page.errors.push(String(e)));
	page.setDefaultTimeout(15e3);
	if (clock) // runs on, and can be moved by hand
		await page.clock.install({ time: Date.now() });
	await page.goto(url);
	return page;
}

/** @param {import("playwright-core").Page} page */
export async function signIn(page, user, password) {
	await page.fill("#user", user);
	await page.fill("#password", password);
	await page.keyboard.press("Enter");
	await page.waitForSelector("main.desk");
}
