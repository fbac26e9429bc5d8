// A patrol under way: positions while the page is open, told to the outbox in pieces, so that a phone that dies has
// lost at most the last piece.  What is under way stands in the box: a page that is opened again goes on with it.

const PIECE_POINTS = 60;
const PIECE_MS = 60e3;
const SAME_MS = 2000; // positions closer in time are one
const VAGUE_M = 100;
const FAST_M_S = 40;
const GAP_MS = 600e3;

/** @typedef {{id: string, route: string, target: string, startedAt: number, points: number[][], told: number, toldAt: number, metres: number, ms: number, rule: any, note?: string}} Walk points: [ms UTC, lat, lon, acc] */

/** Metres between two positions. @param {number[]} a @param {number[]} b [lat, lon] */
export function metres(a, b) {
	const rad = Math.PI / 180;
	const s = Math.sin(((b[0] - a[0]) * rad) / 2) ** 2 + Math.cos(a[0] * rad) * Math.cos(b[0] * rad) * Math.sin(((b[1] - a[1]) * rad) / 2) ** 2;

	return 2 * 6371008.8 * Math.asin(Math.min(1, Math.sqrt(s)));
}

/** Takes a position; the measures are an estimate for the walker: the platform computes its own.
 * @param {Walk} w @param {number[]} p [ms, lat, lon, acc] @returns {boolean} it was taken */
export function step(w, p) {
	const last = w.points[w.points.length - 1];

	if (last && p[0] >= last[0] && p[0] - last[0] < SAME_MS) // earlier: the clock was set back
		return false;
	w.points.push(p);
	if (!last || p[3] > VAGUE_M || last[3] > VAGUE_M)
		return true;
	const d = metres([last[1], last[2]], [p[1], p[2]]);
	const dt = p[0] - last[0];

	if (dt > 0 && dt <= GAP_MS && d <= (FAST_M_S * dt) / 1000) {
		w.metres += d;
		w.ms += dt;
	}
	return true;
}

const NEAR_M = 100; // as the platform counts coverage
const EVERY_M = 25;

/** Points of a line every 25 m, its ends among them. @param {number[][][]} outline lines of [lat, lon] @returns {number[][]} */
export function samples(outline) {
	/** @type {number[][]} */
	const out = [];

	for (const line of outline)
		for (let i = 0; i < line.length; i++) {
			const [a, b] = [line[i], line[i + 1]];
			const n = b ? Math.max(1, Math.ceil(metres(a, b) / EVERY_M)) : 1;

			for (let k = 0; k < (b ? n : 1); k++)
				out.push(b ? [a[0] + ((b[0] - a[0]) * k) / n, a[1] + ((b[1] - a[1]) * k) / n] : a);
		}
	return out;
}

/** @type {{id: string, at: number, points: number[][], seen: Uint8Array, n: number}} how far the walk under way was looked at */
let looked = { id: "", at: 0, points: [], seen: new Uint8Array(0), n: 0 };

/** How much of the line the walk came near to, 0..1: an estimate. @param {Walk} w @param {number[][][]|undefined} outline @returns {number|null} null: it has no line */
export function coverage(w, outline) {
	if (!outline?.length)
		return null;
	if (looked.id !== w.id || looked.at > w.points.length) {
		const points = samples(outline);

		looked = { id: w.id, at: 0, points, seen: new Uint8Array(points.length), n: 0 };
	}
	for (; looked.at < w.points.length; looked.at++) {
		const p = w.points[looked.at];

		if (p[3] <= VAGUE_M)
			looked.points.forEach((q, i) => {
				if (!looked.seen[i] && metres([p[1], p[2]], q) <= NEAR_M) {
					looked.seen[i] = 1;
					looked.n++;
				}
			});
	}
	return looked.points.length ? looked.n / looked.points.length : null;
}

/** A piece of track to tell, when it is time. @param {Walk} w @param {number} nowMs @param {boolean} all @returns {{at: number, body: any}|null} */
export function piece(w, nowMs, all) {
	const fresh = w.points.slice(w.told);

	if (!fresh.length || (!all && fresh.length < PIECE_POINTS && nowMs - w.toldAt < PIECE_MS))
		return null;
	const back = fresh.findIndex((p, i) => i > 0 && p[0] < fresh[i - 1][0]); // by another clock: an event of its own
	const take = fresh.slice(0, back > 0 ? Math.min(back, 500) : 500);
	const at = take[0][0];

	w.told += take.length;
	w.toldAt = nowMs;
	return { at, body: { patrol: w.id, pts: take.map((p) => [p[0] - at, Number(p[1].toFixed(7)), Number(p[2].toFixed(7)), Math.round(p[3])]) } };
}

/** Draws the way so far, over the place. @param {HTMLCanvasElement} el @param {Walk} w @param {{line: string, here: string, place: string}} ink @param {number[][][]} outline */
export function sketch(el, w, ink, outline) {
	const c = /** @type {CanvasRenderingContext2D} */ (el.getContext("2d"));
	const scale = globalThis.devicePixelRatio || 1;
	const width = el.clientWidth;
	const height = el.clientHeight;
	const pts = w.points.filter((p) => p[3] <= VAGUE_M);

	el.width = width * scale;
	el.height = height * scale;
	c.scale(scale, scale);
	c.clearRect(0, 0, width, height);
	const lat = [...pts.map((p) => p[1]), ...outline.flat().map((p) => p[0])];
	const lon = [...pts.map((p) => p[2]), ...outline.flat().map((p) => p[1])];

	if (!lat.length)
		return;
	const shrink = Math.cos((lat[0] * Math.PI) / 180);
	const span = Math.max(Math.max(...lat) - Math.min(...lat), (Math.max(...lon) - Math.min(...lon)) * shrink, 0.001);
	const k = Math.min(width, height) * 0.85 / span;
	const mid = [(Math.max(...lat) + Math.min(...lat)) / 2, (Math.max(...lon) + Math.min(...lon)) / 2];
	const xy = (/** @type {number[]} */ p) => [width / 2 + (p[2] - mid[1]) * shrink * k, height / 2 - (p[1] - mid[0]) * k];

	c.lineJoin = "round";
	c.lineCap = "round";
	c.strokeStyle = ink.place;
	c.lineWidth = 6;
	for (const line of outline) {
		c.beginPath();
		for (const p of line) {
			const [x, y] = xy([0, p[0], p[1]]);

			c.lineTo(x, y);
		}
		c.stroke();
	}
	if (!pts.length)
		return;
	c.strokeStyle = ink.line;
	c.lineWidth = 3;
	c.beginPath();
	pts.forEach((p, i) => {
		const [x, y] = xy(p);

		if (i && p[0] - pts[i - 1][0] <= GAP_MS)
			c.lineTo(x, y);
		else
			c.moveTo(x, y);
	});
	c.stroke();
	const [x, y] = xy(pts[pts.length - 1]);

	c.fillStyle = ink.here;
	c.beginPath();
	c.arc(x, y, 7, 0, 2 * Math.PI);
	c.fill();
}
