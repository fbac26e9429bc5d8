// Makes server/web/vendor: each library as one minified ES module with the types of what is used, and VENDOR.md.
//   node vendor.mjs           writes the files (make vendor)
//   node vendor.mjs --check   builds again and compares; exit status 1 when a file differs
import { build, transform } from "esbuild";
import { createHash } from "node:crypto";
import { readFile, writeFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../server/web/vendor");

/** What the layers of tiles, which come when a map has a background, need of the rest of Leaflet: leaflet.js gives it under such
 * names. @type {Record<string, string[]>} */
const SHARED = {
	"core/Browser": ["default"],
	"core/Util": ["bind", "cancelAnimFrame", "emptyImageUrl", "extend", "falseFn", "requestAnimFrame", "setOptions", "template", "throttle", "wrapNum"],
	"dom/DomEvent": ["on"],
	"dom/DomUtil": ["addClass", "create", "remove", "setOpacity", "setPosition", "setTransform", "toBack", "toFront"],
	"geo/LatLngBounds": ["LatLngBounds", "toLatLngBounds"],
	"geometry/Bounds": ["Bounds"],
	"geometry/Point": ["Point"],
	"layer/Layer": ["Layer"],
};
/** @param {string} module @param {string} name */
const sharedName = (module, name) => `${module.replace(/.*\//, "")}_${name}`;

/** Stands in for what leaflet.js never calls. @type {Record<string, string>} */
const STUBS = { "./SVG": "export const svg = () => null;" };

const withoutStubs = {
	name: "without",
	setup(/** @type {import("esbuild").PluginBuild} */ b) {
		b.onResolve({ filter: /^\.\/SVG$/ }, (a) => ({ path: a.path, namespace: "stub" }));
		b.onLoad({ filter: /./, namespace: "stub" }, (a) => ({ contents: STUBS[a.path] }));
	},
};
const fromShared = {
	name: "shared",
	setup(/** @type {import("esbuild").PluginBuild} */ b) {
		b.onResolve({ filter: /^\.\.\// }, (a) => ({ path: a.path.replace("../../", "").replace("../", "layer/"), namespace: "shared" }));
		b.onLoad({ filter: /./, namespace: "shared" }, (a) => ({ contents: `export { ${SHARED[a.path].map((n) => `${sharedName(a.path, n)} as ${n}`).join(", ")} } from "./leaflet.js";` }));
	},
};

/** What uPlot hands out beside itself, and its axes of time: the pages use neither, and without these lines the build drops what is behind them. */
const withoutExtras = {
	name: "extras",
	setup(/** @type {import("esbuild").PluginBuild} */ b) {
		b.onLoad({ filter: /uPlot\.esm\.js$/ }, async (a) => {
			const text = await readFile(a.path, "utf8");
			const lean = text.replace(/^\t?uPlot\.(assign|fmtNum|range\w+|orient|join|fmtDate|tzDate|addGap|clipGaps)\s*= \w+;\n|^\t\(paths\.(stepped|bars|spline)\s*= \w+\);\n/gm, "").replace(/\] = genTimeStuffs\(1(e-3)?\);/g, "] = [[], [], () => null];");

			if (text.split("\n").length - lean.split("\n").length !== 14 || lean.split("genTimeStuffs(").length !== 2)
				throw new Error("uPlot hands out other things than it did: look at uPlot.esm.js");
			return { contents: lean };
		});
	},
};

/** What is taken, and which of its names the pages use. */
const LIBS = [
	{
		file: "lit.js",
		npm: "lit-html",
		home: "https://github.com/lit/lit",
		entry: `export { html, render, nothing } from "lit-html";
			export { repeat } from "lit-html/directives/repeat.js";`,
		types: `export declare const html: (strings: TemplateStringsArray, ...values: unknown[]) => unknown;
export declare const nothing: unique symbol;
export declare const render: (value: unknown, container: HTMLElement) => unknown;
export declare const repeat: <T>(items: Iterable<T>, key: (item: T, index: number) => unknown, row: (item: T, index: number) => unknown) => unknown;
`,
	},
	{
		file: "leaflet.js",
		npm: "leaflet",
		home: "https://leafletjs.com",
		// module by module: a third smaller than all of it; no markers, GeoJSON, SVG, pop-ups, pictures, attribution
		entry: [...["BoxZoom", "DoubleClickZoom", "Drag", "Keyboard", "ScrollWheelZoom", "TouchZoom"].map((h) => `import "leaflet/src/map/handler/Map.${h}.js";`),
			...["control/Control.Zoom", "layer/Tooltip", "layer/vector/Renderer.getRenderer"].map((m) => `import "leaflet/src/${m}.js";`),
			...[["map/Map", "createMap as map"], ["layer/vector/Polygon", "polygon"], ["layer/vector/Polyline", "polyline"], ["layer/LayerGroup", "layerGroup"], ["control/Control.Scale", "scale"],
				["layer/vector/Canvas", "Canvas, canvas"], ["layer/vector/CircleMarker", "CircleMarker"], ["geo/LatLngBounds", "toLatLngBounds as latLngBounds"],
				...Object.entries(SHARED).map(([m, names]) => [m, names.map((n) => `${n} as ${sharedName(m, n)}`).join(", ")])].map(([m, names]) => `export { ${names} } from "leaflet/src/${m}.js";`)].join("\n"),
		plugins: [withoutStubs],
		css: "dist/leaflet.css",
		cssWithout: /popup|attribution|control-layers|marker|vml|oldie|image|div-icon|svg|crosshair/,
		types: `declare const any: any;
export declare const map: typeof any, polygon: typeof any, polyline: typeof any, layerGroup: typeof any,
	scale: typeof any, canvas: typeof any, Canvas: typeof any, CircleMarker: typeof any, latLngBounds: typeof any;
`,
	},
	{
		file: "leaflet-tiles.js",
		npm: "leaflet",
		home: "https://leafletjs.com",
		entry: `export { tileLayer } from "leaflet/src/layer/tile/TileLayer.js";`,
		plugins: [fromShared],
		external: ["./leaflet.js"],
		types: `declare const any: any;
export declare const tileLayer: typeof any;
`,
	},
	{
		file: "idb.js",
		npm: "idb",
		home: "https://github.com/jakearchibald/idb",
		entry: `export { openDB } from "idb";`,
		types: `export declare const openDB: (name: string, version: number, opt?: any) => Promise<any>;
`,
	},
	{
		file: "mqtt.js",
		npm: "mqtt",
		home: "https://github.com/mqttjs/MQTT.js",
		licence: "LICENSE.md",
		entry: `import mqtt from "mqtt/dist/mqtt.esm"; export const connect = mqtt.connect;`,
		types: `export declare const connect: (url: string, opt: any) => any;
`,
	},
	{
		file: "qr.js",
		npm: "uqr",
		home: "https://github.com/unjs/uqr",
		entry: `export { encode } from "uqr";`,
		types: `export declare const encode: (text: string, opt: {ecc?: "L"|"M"|"Q"|"H", border?: number}) => {size: number, data: boolean[][]};
`,
	},
	{
		file: "uplot.js",
		npm: "uplot",
		home: "https://github.com/leeoniya/uPlot",
		entry: `export { default } from "uplot";`,
		plugins: [withoutExtras],
		css: "dist/uPlot.min.css",
		cssWithout: /u-legend|u-inline|u-live|u-cursor-pt|u-title/,
		types: `declare const uPlot: any;
export default uPlot;
`,
	},
];

async function make() {
	/** @type {Map<string, string>} */
	const files = new Map();
	let md = "# Third-party code served with the pages\n\nMade by `make vendor` (tests/vendor.mjs) from the versions in tests/package-lock.json; do not edit.\n";

	for (const lib of LIBS) {
		const r = await build({
			stdin: { contents: lib.entry, resolveDir: here },
			bundle: true,
			format: "esm",
			minify: true,
			target: "es2020", // Chromium 80: the browsers of old office PCs
			legalComments: "none",
			conditions: ["browser", "production", "import"],
			plugins: lib.plugins,
			external: lib.external,
			write: false,
		});
		const dir = join(here, "node_modules", lib.npm);
		const pkg = JSON.parse(await readFile(join(dir, "package.json"), "utf8"));
		const licence = (await readFile(join(dir, lib.licence || "LICENSE"), "utf8")).trim();
		const text = `/* ${lib.npm} ${pkg.version}, ${pkg.license}; licence text in VENDOR.md */\n${r.outputFiles[0].text}`;

		files.set(lib.file, text);
		files.set(lib.file.replace(/js$/, "d.ts"), `// What the pages use of ${lib.file}, for the type check.\n${lib.types}`);
		md += `\n## ${lib.file}: ${lib.npm} ${pkg.version}\n\n* home: ${lib.home}\n* licence: ${pkg.license}\n`;
		md += `* sha256: \`${createHash("sha256").update(text).digest("hex")}\`\n\n`;
		if (lib.css) { // pictures of controls that the pages do not use are left out
			const all = (await readFile(join(dir, lib.css), "utf8")).replace(/[^{}]*\{[^{}]*url\([^{}]*\}/g, "").replace(/\/\*[\s\S]*?\*\//g, "");
			const used = lib.cssWithout ? all.replace(/([^{}]+)\{[^{}]*\}/g, (rule, selectors) => {
				const kept = selectors.split(",").filter((/** @type {string} */ s) => !lib.cssWithout.test(s));

				return kept.length ? kept.join(",") + rule.slice(selectors.length) : "";
			}) : all;
			const css = await transform(used, { loader: "css", minify: true });
			const styled = `/* ${lib.npm} ${pkg.version}, ${pkg.license}; licence text in VENDOR.md */\n${css.code}`;

			files.set(lib.file.replace(/js$/, "css"), styled);
			md += `* sha256 of ${lib.file.replace(/js$/, "css")}: \`${createHash("sha256").update(styled).digest("hex")}\`\n\n`;
		}
		md += licence.split("\n").map((l) => (l ? `    ${l}` : "")).join("\n") + "\n";
	}
	files.set("VENDOR.md", md);
	return files;
}

const files = await make();
if (process.argv.includes("--check")) {
	let bad = 0;
	for (const [name, text] of files) {
		const have = await readFile(join(out, name), "utf8").catch(() => "");
		if (have !== text) {
			console.error(`vendor: server/web/vendor/${name} is not what make vendor builds`);
			bad = 1;
		}
	}
	process.exit(bad);
}
await mkdir(out, { recursive: true });
for (const [name, text] of files)
	await writeFile(join(out, name), text);
