// The map: grids filled by today's completion, reaches, open cases by shape and colour, people, one patrol's track.
// Leaflet stays behind this file.  All shapes are drawn on one canvas: thousands of cases and people cost no elements.
import { html, nothing } from "./vendor/lit.js";
import { Canvas, canvas, CircleMarker, latLngBounds, layerGroup, map as newLeaflet, polygon, polyline, scale } from "./vendor/leaflet.js";
import { call } from "./api.js";
import { severityView } from "./alerts.js";
import { isLate } from "./cases.js";
import { count, nameOf } from "./i18n.js";
import { ago } from "./time.js";

/** @typedef {import("./main.js").App} App */

const PERSON_OLD_MS = 30 * 60e3; // a position older than this is faded
const FADE_EVERY_MS = 30e3; // how often one looks for such
const SHAPES_EVERY_MS = 15 * 60e3;
const CIRCLES = 1500; // points of a track whose accuracy is drawn
const NEAR_PX = 20; // marks that may cover one another
const MANY = 50; // beyond, it is cheaper not to look
const MAX_ZOOM = 20; // also what a point, or a map without room, is fitted to: else to infinity, where there is no place
const EQUATOR_M = 40075016.686;
const FILL = ["--fill0", "--fill1", "--fill2", "--fill3"];

const DONE_TEXT = /** @type {const} */ (["map_todo", "map_some", "map_half", "map_all"]);

/** How much of today's patrols is done: 0 none .. 3 all; -1: nothing is due.
 * @param {{patrols_today: number, due_today: number|null}|undefined} a */
export function doneOf(a) {
	if (!a?.due_today)
		return -1;
	return a.patrols_today >= a.due_today ? 3 : a.patrols_today * 2 >= a.due_today ? 2 : a.patrols_today > 0 ? 1 : 0;
}

/** A case: its severity as shape and numeral. */
const CaseMark = CircleMarker.extend({
	_updatePath() {
		this._renderer._updateMark(this);
	},
});

/** A point's accuracy: a circle of so many metres. */
const AccuracyMark = CircleMarker.extend({
	_project() {
		const { lat } = this._latlng;

		this._point = this._map.latLngToLayerPoint(this._latlng);
		this._radius = (this.options.metres * 256 * 2 ** this._map.getZoom()) / (EQUATOR_M * Math.cos((lat * Math.PI) / 180));
		this._updateBounds();
	},
});

/** The name of a community, below the marks. */
const NameMark = CircleMarker.extend({
	_updatePath() {
		this._renderer._updateName(this);
	},
});

/** @param {CanvasRenderingContext2D} c @param {number} severity @param {number} x @param {number} y @param {number} r */
function outline(c, severity, x, y, r) {
	c.beginPath();
	if (severity === 1) {
		c.moveTo(x, y - r - 1);
		c.lineTo(x + r + 1, y);
		c.lineTo(x, y + r + 1);
		c.lineTo(x - r - 1, y);
	} else if (severity === 2) {
		c.moveTo(x, y - r);
		c.lineTo(x + r, y + r - 1);
		c.lineTo(x - r, y + r - 1);
	} else if (severity === 3) {
		c.rect(x - r + 1, y - r + 1, 2 * r - 2, 2 * r - 2);
	} else {
		c.arc(x, y, r - 1, 0, 2 * Math.PI);
	}
	c.closePath();
}

Canvas.include({
	/** @param {any} layer */
	_updateName(layer) {
		if (!this._drawing || layer._empty())
			return;
		/** @type {CanvasRenderingContext2D} */
		const c = this._ctx;

		c.save();
		c.globalAlpha = 1; // the layer before may have been faint
		c.font = layer.options.font;
		c.textAlign = "center";
		c.textBaseline = "middle";
		c.lineWidth = 3;
		c.lineJoin = "round";
		c.strokeStyle = layer.options.halo;
		c.strokeText(layer.options.name, layer._point.x, layer._point.y);
		c.fillStyle = layer.options.ink;
		c.fillText(layer.options.name, layer._point.x, layer._point.y);
		c.restore();
	},
	/** @param {any} layer */
	_updateMark(layer) {
		if (!this._drawing || layer._empty())
			return;
		const { x, y } = layer._point;
		const { severity, fill, edge, text, radius } = layer.options;
		/** @type {CanvasRenderingContext2D} */
		const c = this._ctx;

		c.save();
		c.globalAlpha = 1;
		outline(c, severity, x, y, radius);
		c.lineWidth = 4;
		c.strokeStyle = layer.options.halo;
		c.stroke();
		c.fillStyle = fill;
		c.fill();
		c.lineWidth = 1.2;
		c.strokeStyle = edge;
		c.stroke();
		c.fillStyle = text;
		c.font = "700 10px sans-serif";
		c.textAlign = "center";
		c.textBaseline = "middle";
		c.fillText(["", "Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ"][severity] || "", x, y + (severity === 2 ? 2 : 0.5));
		c.restore();
	},
});

/** @param {string} name of a CSS variable */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Strokes aslant: where nothing is due. @param {string} ink */
function hatch(ink) {
	const c = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));

	c.canvas.width = c.canvas.height = 8;
	c.strokeStyle = ink;
	for (const x of [-4, 4, 12]) { // its neighbours' corners too
		c.moveTo(x - 5, 9);
		c.lineTo(x + 5, -1);
	}
	c.stroke();
	return c.createPattern(c.canvas, "repeat");
}

/** @param {any} at [lon, lat], or arrays of such, however deep @returns {any} the same as [lat, lon] */
const turned = (at) => (Array.isArray(at[0]) ? at.map(turned) : [at[1], at[0]]);

/** A feature's polygon, or line; the same for several of them. @param {any} f @param {any} options */
const shapeOf = (f, options) => (f.geometry.type.endsWith("Polygon") ? polygon : polyline)(turned(f.geometry.coordinates), options);

/** The words of a tooltip, as text. @param {(string|null|undefined)[]} lines */
function words(lines) {
	const div = document.createElement("div");

	for (const l of lines)
		if (l)
			div.append(Object.assign(document.createElement("div"), { textContent: l }));
	return div;
}

/** @param {App} app */
export function newMap(app) {
	/** @type {any} */
	let map = null;
	/** @type {HTMLElement|null} */
	let box = null;
	/** @type {ResizeObserver|null} */
	let watch = null;
	/** @type {Map<string, any>} by code */
	let areas = new Map();
	/** @type {Map<string, any>} */
	let reaches = new Map();
	/** @type {Map<string, {layer: any, row: any, look: string}>} */
	const cases = new Map();
	/** @type {Map<string, {layer: any, row: any, look: string}>} */
	const people = new Map();
	let casesDrawn = "";
	let peopleDrawn = "";
	let pickShown = /** @type {string|null} */ (null);
	/** @type {any} the outline of an area or a reach that was picked */
	let pick = null;
	/** @type {any} */
	let names = null;
	/** @type {any} */
	let track = null;
	/** @type {Map<string, any>} */
	let middle = new Map();
	let readAt = -Infinity;
	let theme = "";
	let fitting = false;
	let moved = false; // the reader looks at a part of it: then it stays there
	/** @type {string|null} */
	let tracked = null;
	/** "": nothing known yet; "none": the town has no shapes; "failed" */
	let phase = "";

	/** @param {HTMLElement} el */
	function attach(el) {
		box = el;
		map = newLeaflet(el, { renderer: canvas({ padding: 0.3, tolerance: 3 }), zoomSnap: 0.25, zoomDelta: 0.5, attributionControl: false, keyboard: true, center: [35, 105], zoom: 4, maxZoom: MAX_ZOOM,
			zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches, fadeAnimation: false });
		scale({ imperial: false, position: "bottomright" }).addTo(map);
		map.zoomControl.setPosition("topleft");
		names = layerGroup().addTo(map);
		if (app.me?.tiles)
			background(app.me.tiles);
		watch = new ResizeObserver(() => {
			map.invalidateSize({ animate: false });
			if (!moved)
				fit();
		});
		watch.observe(el);
		map.on("movestart", () => (moved = moved || !fitting));
		drawShapes();
	}

	/** @param {string} url of the tiles below all else */
	async function background(url) {
		const mine = map;
		const m = await import("./vendor/leaflet-tiles.js").catch(() => null); // without it the sketch stands alone

		if (m && mine === map)
			m.tileLayer(url, { maxNativeZoom: 18, maxZoom: MAX_ZOOM }).addTo(map);
	}

	function detach() {
		watch?.disconnect();
		map?.remove();
		map = box = watch = null;
		[...areas.values(), ...reaches.values()].forEach((x) => {
			x.layer = null;
			x.stamp = ""; // the next layer is to be painted
		});
		cases.clear();
		people.clear();
		casesDrawn = peopleDrawn = "";
		pick = pickShown = track = null;
		tracked = null;
		moved = false;
	}

	/** Reads the shapes of the town; the same bytes as before are not sent again. */
	async function read() {
		readAt = app.mono();
		const [a, r] = await Promise.all([call("GET", "/api/v1/areas.geojson?decimals=5&lowest=1"), call("GET", "/api/v1/reaches.geojson?decimals=5")]);

		if (a.status !== 200 || r.status !== 200) {
			phase = phase || "failed";
			readAt = app.mono() - SHAPES_EVERY_MS + 10e3;
			return app.act.draw();
		}
		areas.forEach((x) => x.layer?.remove());
		reaches.forEach((x) => x.layer?.remove());
		areas = new Map(a.body.features.map((/** @type {any} */ f) => [f.properties.code, { f, layer: null, stamp: "" }]));
		reaches = new Map(r.body.features.map((/** @type {any} */ f) => [f.properties.code, { f, layer: null, stamp: "" }]));
		phase = [...areas.values(), ...reaches.values()].some((x) => x.f.geometry) ? "ready" : "none";
		drawShapes();
		app.act.draw();
	}

	function drawShapes() {
		if (!map || phase !== "ready")
			return;
		const shaped = [...areas.values()].filter((x) => x.f.geometry);
		const deepest = shaped.reduce((m, x) => Math.max(m, x.f.properties.code.length), 0);

		for (const x of shaped.filter((s) => s.f.properties.code.length === deepest)) {
			x.layer = shapeOf(x.f, { weight: 1 }).bindTooltip(() => areaWords(x.f.properties), { sticky: true });
			x.layer.on("click", () => (location.hash = `#/grid/${x.f.properties.code}`));
			x.layer.addTo(map);
		}
		for (const x of [...reaches.values()].filter((s) => s.f.geometry)) {
			const { code, name, river } = x.f.properties;

			x.layer = shapeOf(x.f, { weight: 4 }).bindTooltip(() => words(app.lens?.words(code) || [name, river]), { sticky: true });
			x.layer.on("click", () => (app.lens ? app.lens.pick(code) : (location.hash = `#/grid/${encodeURIComponent(code)}`)));
			x.layer.addTo(map);
		}
		middles(shaped, deepest);
		moved = false;
		theme = "";
		fit();
		sync();
	}

	/** The middle of each community, for its name.
	 * @param {any[]} shaped @param {number} deepest */
	function middles(shaped, deepest) {
		/** @type {Map<string, any>} */
		const bounds = new Map();

		for (const x of shaped.filter((s) => s.f.properties.code.length === deepest)) {
			const code = x.f.properties.code.slice(0, 12);
			const b = x.layer.getBounds();

			bounds.set(code, bounds.has(code) ? bounds.get(code).extend(b) : latLngBounds(b.getSouthWest(), b.getNorthEast()));
		}
		middle = new Map([...bounds].map(([code, b]) => [code, b.getCenter()]));
	}

	function nameAreas() {
		const font = `12px ${getComputedStyle(document.body).fontFamily}`;
		const ink = colour("--ink");
		const halo = colour("--surface");

		names.clearLayers();
		/** @type {any[]} */
		const taken = [];

		for (const x of app.lens ? reaches.values() : [])
			if (x.layer && app.lens?.has(x.f.properties.code))
				new NameMark(clearOf(x.layer, taken), { radius: 60, interactive: false, name: x.f.properties.name, font, ink, halo }).addTo(names);
		for (const [code, at] of app.lens ? [] : middle)
			new NameMark(at, { radius: 44, interactive: false, name: areas.get(code)?.f.properties.name || app.town.rows.areas.get(code)?.name || "", font, ink, halo }).addTo(names);
	}

	/** A point of a line for its name, away from the names before: where lines cross, one of them moves on.
	 * @param {any} layer @param {any[]} taken */
	function clearOf(layer, taken) {
		const flat = layer.getLatLngs().flat(2);
		const far = (/** @type {any} */ p) => taken.reduce((m, t) => Math.min(m, p.distanceTo(t)), Infinity);
		const at = [0.5, 0.3, 0.7].map((f) => flat[Math.floor(flat.length * f)]).reduce((best, p) => (far(p) > far(best) ? p : best));

		taken.push(at);
		return at;
	}

	function fit() {
		const b = latLngBounds([]);

		[...areas.values(), ...reaches.values()].forEach((x) => x.layer && b.extend(x.layer.getBounds()));
		if (!map || !b.isValid() || map.getSize().x < 50 || map.getSize().y < 50)
			return;
		fitting = true;
		map.fitBounds(b, { padding: [12, 12], animate: false });
		fitting = moved = false;
	}

	/** @param {{code: string, name: string}} p */
	function areaWords(p) {
		const a = app.town.rows.areas.get(p.code);
		const above = app.town.rows.areas.get(p.code.slice(0, 12));

		return words([`${p.code.length === 15 && above ? `${above.name} ` : ""}${p.name}`,
			a ? app.say("map_done", { n: count(a.patrols_today), due: count(a.due_today) }) : null, a ? app.say("map_open", { n: count(a.open_cases) }) : null]);
	}

	/** Puts rows among the marks: those that changed are made anew, those that are gone are taken away.  A row that is the
	 * same object, looking the same, is left alone: with thousands of them that is all that one may do.  What was made is returned.
	 * @param {Map<string, {layer: any, row: any, look: string}>} have @param {Map<string, any>} rows @param {(row: any) => string} lookOf @param {(row: any, look: string) => any} make */
	function marks(have, rows, lookOf, make) {
		/** @type {[string, any, string][]} */
		const fresh = [];

		for (const [key, row] of rows) {
			const old = have.get(key);
			const look = row.loc ? lookOf(row) : "";

			if (old ? old.row === row && old.look === look : !row.loc)
				continue;
			if (old) {
				if (row.loc && old.look === look && old.row.title === row.title && `${old.row.loc}` === `${row.loc}`) {
					old.row = row; // nothing of it shows
					continue;
				}
				old.layer.remove();
				have.delete(key);
			}
			if (row.loc)
				fresh.push([key, row, look]);
		}
		for (const [key, m] of have)
			if (!rows.has(key)) {
				m.layer.remove();
				have.delete(key);
			}
		for (const [key, row, look] of fresh.sort((a, b) => (b[1].severity || 0) - (a[1].severity || 0))) // the gravest on top
			have.set(key, { layer: make(row, look).addTo(map), row, look });
		return fresh;
	}

	/** @param {any} c */
	const gravity = (c) => Math.min(Math.max(c.severity || 4, 1), 4);
	/** @param {any} c */
	const caseLook = (c) => `${gravity(c)} ${app.file.id === c.id || app.picked === c.id ? "here" : ""}`;

	function syncCases() {
		const palette = ["", "--s1", "--s2", "--s3", "--s4", "--ink", "--mark-dark", "--mark-light", "--pick", "--surface"].map((v) => (v ? colour(v) : ""));
		/** @param {string} id */
		const now = (id) => app.town.rows.cases.get(id);

		marks(cases, app.lens ? new Map([...app.town.rows.cases].filter(([, c]) => app.lens?.has(c.scope))) : app.town.rows.cases, caseLook, (c, look) => {
			const s = gravity(c);
			const here = look.endsWith("here");

			return new CaseMark([c.loc[1], c.loc[0]], { radius: here ? 13 : 9, severity: s, fill: palette[s], edge: palette[5], text: palette[s === 2 || s === 3 ? 6 : 7], halo: here ? palette[8] : palette[9] })
				.bindTooltip(() => words([c.title || c.category_name || c.category, `${nameOf("state", (now(c.id) || c).state, app.lang)}${isLate(now(c.id) || c, app.nowMs()) ? ` · ${app.say("map_late")}` : ""}`]))
				.on("click", () => (location.hash = `#/case/${encodeURIComponent(c.id)}`));
		});
	}

	function syncPeople() {
		const now = app.nowMs();
		const ink = colour("--accent");
		const ground = colour("--surface");
		const edge = colour("--edge");

		const fresh = marks(people, app.lens ? new Map([...app.town.rows.devices].filter(([, d]) => app.lens?.hasPerson(d.person))) : app.town.rows.devices, (d) => (!d.online || d.seen === null || now - d.seen > PERSON_OLD_MS ? "old" : "new"), (d, look) => {
			const old = look === "old";

			return new CircleMarker([d.loc[1], d.loc[0]], { radius: 4.5, weight: 1.5, color: old ? edge : ground, fillColor: old ? ground : ink, fillOpacity: old ? 0.5 : 1, opacity: 1 })
				.bindTooltip(() => {
					const { seen } = app.town.rows.devices.get(d.device) || d;

					return words([d.name || d.person || d.device, seen === null ? null : ago(app.nowMs() - seen, app.lang)]);
				});
		});

		for (const c of cases.values()) // who comes to a case stands below it
			if (fresh.length > MANY || fresh.some(([key]) => people.get(key)?.layer._point?.distanceTo(c.layer._point) < NEAR_PX))
				c.layer.bringToFront();
	}

	function paint() {
		const ink = colour("--ink3");
		const water = colour("--water");
		const fills = FILL.map(colour);
		const none = colour("--surface");
		/** @type {any} */
		let free = null;

		for (const x of areas.values()) {
			const done = doneOf(app.town.rows.areas.get(x.f.properties.code));
			const s = `${theme} ${done}`;

			if (x.layer && x.stamp !== s) {
				x.stamp = s;
				if (app.lens) // faint: the reaches are what is looked at
					x.layer.setStyle({ color: colour("--line"), weight: 0.8, fillColor: none, fillOpacity: app.me?.tiles ? 0 : 0.6, dashArray: null });
				else
					x.layer.setStyle({ color: ink, weight: 0.8, fillColor: done < 0 ? (free = free || hatch(colour("--edge"))) : fills[done], fillOpacity: app.me?.tiles ? 0.5 : 0.9, dashArray: null });
			}
		}
		for (const x of app.lens ? reaches.values() : []) {
			const l = app.lens?.line(x.f.properties.code) || { colour: "--water", weight: 2, dash: "3 6", faint: false };
			const s = `${theme} ${l.colour} ${l.faint}`;

			if (x.layer && x.stamp !== s) {
				x.stamp = s;
				x.layer.setStyle({ color: colour(l.colour), weight: l.weight, dashArray: l.dash, opacity: l.faint ? 0.35 : 1 });
			}
		}
		for (const x of app.lens ? [] : reaches.values())
			if (x.layer && x.stamp !== theme) {
				x.stamp = theme;
				x.layer.setStyle({ color: x.f.properties.kind === "road" ? ink : water, weight: x.f.properties.kind === "road" ? 2 : 4, dashArray: x.f.properties.kind === "road" ? "2 5" : null, opacity: 0.9 });
			}
	}

	/** Whatever changed since the last drawing. */
	function sync() {
		if (!map)
			return;
		const was = theme;

		theme = `${document.documentElement.dataset.theme || ""}${app.dark()}${app.lens ? `reach ${app.lens.picked}` : ""}`;
		if (phase === "ready")
			paint();
		if (was !== theme) { // what lies below is drawn first
			nameAreas();
			[...people.values(), ...cases.values()].forEach((m) => m.layer.remove());
			people.clear();
			cases.clear();
			casesDrawn = peopleDrawn = "";
		}
		if (was !== theme)
			track?.setStyle?.({ color: colour("--late") });
		const drawn = `${app.town.db} ${theme} ${app.lens?.key}`;
		const c = `${drawn} ${app.town.turn.cases} ${app.file.id} ${app.picked}`;
		const p = `${drawn} ${app.town.turn.devices} ${Math.floor(app.nowMs() / FADE_EVERY_MS)}`;

		if (peopleDrawn !== p) {
			peopleDrawn = p;
			syncPeople();
		}
		if (casesDrawn !== c) {
			casesDrawn = c;
			syncCases();
		}
		if (pickShown !== app.picked)
			showPick();
		if (app.patrol.id !== tracked || (app.patrol.track && !track))
			showTrack();
	}

	/** What was picked in a list comes into view. */
	function showPick() {
		const id = app.picked;
		const shape = id === null ? null : areas.get(id) || reaches.get(id);
		const at = id === null ? null : cases.get(id)?.layer.getLatLng() || shape?.layer?.getBounds().getCenter();

		pickShown = id;
		pick?.remove();
		pick = shape?.layer ? shapeOf(shape.f, { fill: false, color: colour("--pick"), weight: 5, interactive: false }).addTo(map) : null;

		if (at && !map.getBounds().pad(-0.05).contains(at))
			map.panTo(at, { animate: false });
	}

	/** How much of the map the drawer hides, in pixels. */
	function covered() {
		const drawer = document.querySelector(".drawer")?.getBoundingClientRect();
		const mine = box?.getBoundingClientRect();

		return drawer && mine && drawer.left > mine.left && drawer.top < mine.bottom ? Math.max(0, mine.right - drawer.left) : 0;
	}

	/** How sure each point is: a circle of its accuracy. @param {any} t */
	function accuracies(t) {
		let left = CIRCLES;

		for (const f of t.features || []) {
			const at = /** @type {number[][]} */ (f.geometry.coordinates.flat(f.geometry.type === "MultiLineString" ? 1 : 0));
			const acc = /** @type {number[]} */ ((f.properties.acc || []).flat());

			at.forEach((p, i) => {
				if (acc[i] > 0 && left-- > 0)
					new AccuracyMark([p[1], p[0]], { metres: acc[i], stroke: false, fillColor: colour(f.id === "dropped" ? "--ink3" : "--late"), fillOpacity: f.id === "dropped" ? 0.06 : 0.12, interactive: false }).addTo(track);
			});
		}
	}

	function showTrack() {
		const t = app.patrol.track;

		track?.remove();
		track = null;
		tracked = app.patrol.id;
		if (!t || !tracked)
			return;
		track = layerGroup().addTo(map);
		const b = latLngBounds([]);

		accuracies(t);
		for (const f of t.features || []) {
			const lines = f.geometry?.type === "MultiLineString" ? f.geometry.coordinates : f.geometry?.type === "LineString" ? [f.geometry.coordinates] : [];
			const at = (/** @type {number[]} */ p) => [p[1], p[0]];

			lines.forEach((/** @type {number[][]} */ l, /** @type {number} */ i) => {
				const solid = polyline(l.map(at), { color: colour("--late"), weight: 3 }).addTo(track);

				b.extend(solid.getBounds());
				if (i > 0) // a gap: nobody knows where he was
					polyline([at(lines[i - 1][lines[i - 1].length - 1]), at(l[0])], { color: colour("--late"), weight: 2, dashArray: "3 7" }).addTo(track);
			});
		}
		if (b.isValid() && map.getSize().x > 100 && map.getSize().y > 100) // else it is not to be seen: on paper
			map.fitBounds(b, { paddingTopLeft: [40, 40], paddingBottomRight: [40 + Math.min(covered(), map.getSize().x - 130), 40], maxZoom: 16, animate: false });
	}

	return {
		get phase() {
			return phase;
		},
		/** After each drawing of the page. */
		after() {
			const el = /** @type {HTMLElement|null} */ (document.querySelector("[data-map]"));

			if (box && box !== el)
				detach();
			if (el && !box)
				attach(el);
			if (!el || !app.me)
				return;
			if (app.mono() - readAt > SHAPES_EVERY_MS)
				read();
			sync();
		},
		/** Another town, or nobody is signed in. */
		forget() {
			if (map)
				detach();
			areas = new Map();
			reaches = new Map();
			phase = "";
			readAt = -Infinity;
		},
		/** @param {number[]|null} loc [lon, lat] */
		show(loc) {
			if (map && loc)
				map.setView([loc[1], loc[0]], Math.max(map.getZoom(), 14), { animate: false });
		},
		fit,
		/** What waits for the next frame: paper does not. */
		now: () => map?.options.renderer._redraw(),
	};
}

/** @param {App} app @param {unknown} [offer] what stands beside its heading */
export function mapView(app, offer = nothing) {
	const { say } = app;
	const phase = app.map.phase;
	const all = [...app.town.rows.cases.values()].filter((c) => !app.lens || app.lens.has(c.scope));
	const away = all.filter((c) => !c.loc).length;

	return html`<section class="block map" aria-labelledby="h-map">
	<h2 id="h-map">${say("map")} ${offer} <small>${away ? say("map_away", { n: count(away) }) : nothing}</small>
		<button type="button" class="small" @click=${() => app.map.fit()}>${say("map_fit")}</button></h2>
	<div class="map-frame">
		<div class="map-box" data-map role="group" aria-label=${say("map_label")}></div>
		${phase === "none" || phase === "failed" ? html`<p class="empty map-note" role="status">${say(phase === "none" ? "map_none" : "map_failed")}</p>` : nothing}
	</div>
	<ul class="legend">
		<li><span class="sub">${app.lens ? app.lens.word("legend") : say("map_legend")}</span></li>
		${app.lens ? app.lens.legend() : html`${DONE_TEXT.map((t, i) => html`<li><span class="swatch q${i}" aria-hidden="true"></span>${say(t)}</li>`)}
		<li><span class="swatch q-none" aria-hidden="true"></span>${say("map_free")}</li>`}
		<li><span class="dot person" aria-hidden="true"></span>${app.lens ? app.lens.word("person") : say("map_person")}</li>
		<li><span class="dot person old" aria-hidden="true"></span>${say("map_person_old")}</li>
		<li class="grades">${[1, 2, 3, 4].map((s) => severityView(app, s))}${say("map_cases")}</li>
		<li class="sketch">${app.me?.tiles_credit ? html`${app.me.tiles_credit} · ` : nothing}${say("map_sketch")}</li></ul></section>`;
}
