// The pages' source: types, third-party code as built, nothing that the content policy forbids.
import { test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const WEB = new URL("../../server/web/", import.meta.url);
const TESTS = fileURLToPath(new URL("..", import.meta.url));
const node = (/** @type {string[]} */ ...args) => spawnSync(process.execPath, args, { cwd: TESTS, encoding: "utf8", timeout: 120e3 });

test("the types fit", () => {
	const r = node("node_modules/typescript/bin/tsc", "-p", "web/tsconfig.json");

	assert.equal(r.stdout + r.stderr, "");
	assert.equal(r.status, 0);
});

test("biome finds nothing in any script, style or test", () => {
	const r = spawnSync("node_modules/@biomejs/biome/bin/biome", ["lint", "--error-on-warnings", "--max-diagnostics=50", "../server/web", "web", "lib", "system", "bench", "fault", "look", "vendor.mjs", "../deploy/demo/town.mjs"],
		{ cwd: TESTS, encoding: "utf8", timeout: 60e3 });

	assert.equal(r.status, 0, r.stderr + r.stdout);
	assert.match(r.stdout + r.stderr, /Checked \d{2,} files/);
});

test("third-party code is what the locked versions build", () => {
	const r = node("vendor.mjs", "--check");

	assert.equal(r.status, 0, r.stderr);
});

test("no inline script, style or handler; no address of another origin; relative imports only", async () => {
	const files = [...(await readdir(WEB)), ...(await readdir(new URL("field/", WEB))).map((f) => `field/${f}`)].filter((f) => /\.(js|html|css|svg)$/.test(f));

	assert.ok(files.length > 12);
	for (const f of files) {
		const src = await readFile(new URL(f, WEB), "utf8");

		assert.doesNotMatch(src, /\son[a-z]+=|[^.]style=|<style|<script(?![^>]*\ssrc=)/, f);
		assert.doesNotMatch(src.replace("http://www.w3.org/2000/svg", ""), /(https?|wss?):\/\/[a-z]/i, f);
		for (const m of src.matchAll(/from "([^"]+)"/g))
			assert.match(m[1], /^\.\.?\//, f);
	}
});

/** What a module needs before it runs: its static imports, and theirs. @param {string} first @returns {Promise<Set<string>>} */
async function closure(first) {
	const found = new Set([first]);

	for (const f of found)
		for (const m of (await readFile(new URL(f, WEB), "utf8")).matchAll(/^(?:import|export) .*from "([^"]+)"|^import "([^"]+)"/gm))
			found.add(new URL(m[1] || m[2], new URL(f, WEB)).pathname.slice(WEB.pathname.length));
	return found;
}

test("the start page names every module that its first paint waits for, and no other", async () => {
	const src = await readFile(new URL("index.html", WEB), "utf8");
	const named = [...src.matchAll(/rel="modulepreload" href="([^"]+)"/g)].map((m) => m[1]);
	const needed = await closure("main.js");

	needed.delete("main.js"); // the script itself
	assert.deepEqual([...named].sort(), [...needed].sort(), "the modulepreload links of index.html");
});

test("the first load of the desk stays small: pages that are not shown come when they are", async () => {
	let bytes = 0;

	for (const f of [...await closure("main.js"), "index.html", "icon.svg", "style.css", "vendor/leaflet.css", "vendor/uplot.css"])
		bytes += gzipSync(await readFile(new URL(f, WEB))).length;
	assert.ok(bytes < 150e3, `${bytes} bytes`);
});

test("what the field app keeps for offline use is all that it loads", async () => {
	const field = new URL("field/", WEB);
	const sw = await readFile(new URL("sw.js", field), "utf8");
	const kept = new Set([...sw.matchAll(/"((?:\.\.\/)?[a-z./0-9-]+\.(?:js|css|webmanifest|png|svg))"/g)].map((m) => m[1]));

	for (const f of (await readdir(field)).filter((n) => /\.(js|css)$/.test(n) && n !== "sw.js")) {
		assert.ok(kept.has(f), `${f} is not kept`);
		for (const m of (await readFile(new URL(f, field), "utf8")).matchAll(/from "([^"]+)"/g))
			assert.ok(kept.has(m[1].replace(/^\.\//, "")), `${f} loads ${m[1]}`);
	}
	for (const f of kept)
		await readFile(new URL(f, field));
});
