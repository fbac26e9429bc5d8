// A patrol under way: positions while the page is open, told to the outbox in pieces, so that a phone that dies has
// lost at most the last piece.  What is under way stands in the box: a page that is opened again goes on with it.

const PIECE_POINTS = 60;
const PIECE_MS = 60e3;
const SAME_MS = 2000; // positions closer in time are one
const VAGUE_M = 100;
const FAST_M_S = 40;
const GAP_MS = 600e3;

/** @typedef {{id: string, route: string, target: string, startedAt: number, points: number[][], told: number, toldAt: number, metres: number, ms: number, rule: any}} Walk points: [ms UTC, lat, lon, acc] */

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

	if (last && p[0] - last[0] < SAME_MS)
		return false;
	w.points.push(p);
	if (!last || p[3] > VAGUE_M || last[3] > VAGUE_M)
		return true;
	const d = metres([last[1], last[2]], [p[1], p[2]]);
	const dt = p[0] - last[0];

	if (dt <= GAP_MS && d <= (FAST_M_S * dt) / 1000) {
		w.metres += d;
		w.ms += dt;
	}
	return true;
}

/** A piece of track to tell, when it is time. @param {Walk} w @param {number} nowMs @param {boolean} all @returns {{at: number, body: any}|null} */
export function piece(w, nowMs, all) {
	const fresh = w.points.slice(w.told);

	if (!fresh.length || (!all && fresh.length < PIECE_POINTS && nowMs - w.toldAt < PIECE_MS))
		return null;
	const take = fresh.slice(0, 500);
	const at = take[0][0];

	w.told += take.length;
	w.toldAt = nowMs;
	return { at, body: { patrol: w.id, pts: take.map((p) => [p[0] - at, Number(p[1].toFixed(7)), Number(p[2].toFixed(7)), Math.round(p[3])]) } };
}

/** Draws the way so far. @param {HTMLCanvasElement} el @param {Walk} w @param {{line: string, here: string}} ink */
export function sketch(el, w, ink) {
	const c = /** @type {CanvasRenderingContext2D} */ (el.getContext("2d"));
	const scale = globalThis.devicePixelRatio || 1;
	const width = el.clientWidth;
	const height = el.clientHeight;
	const pts = w.points.filter((p) => p[3] <= VAGUE_M);

	el.width = width * scale;
	el.height = height * scale;
	c.scale(scale, scale);
	c.clearRect(0, 0, width, height);
	if (!pts.length)
		return;
	const lat = pts.map((p) => p[1]);
	const lon = pts.map((p) => p[2]);
	const shrink = Math.cos((lat[0] * Math.PI) / 180);
	const span = Math.max(Math.max(...lat) - Math.min(...lat), (Math.max(...lon) - Math.min(...lon)) * shrink, 0.001);
	const k = Math.min(width, height) * 0.85 / span;
	const mid = [(Math.max(...lat) + Math.min(...lat)) / 2, (Math.max(...lon) + Math.min(...lon)) / 2];
	const xy = (/** @type {number[]} */ p) => [width / 2 + (p[2] - mid[1]) * shrink * k, height / 2 - (p[1] - mid[0]) * k];

	c.strokeStyle = ink.line;
	c.lineWidth = 3;
	c.lineJoin = "round";
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
