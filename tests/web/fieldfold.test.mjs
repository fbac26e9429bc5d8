// What an ack means for the phone's outbox (field/fold.js), without a browser.
import { test } from "node:test";
import assert from "node:assert/strict";
import { againAfter, batch, BATCH, BATCH_BYTES, fits, foldAck } from "../../server/web/field/fold.js";
import { coverage, metres, piece, samples, step } from "../../server/web/field/walk.js";

const mail = (seq, state = "sent", more = {}) => ({ epoch: "e", seq, state, tries: state === "waiting" ? 0 : 1, ...more });
const ack = (upto, more = {}) => ({ type: "ack", epoch: "e", upto, missing: [], commit: 9, time: 1, results: [], ...more });
const states = (f) => f.changed.map((m) => [m.seq, m.state]);

test("all up to `upto` are stored, but for what is missing; results say more", () => {
	const all = [1, 2, 3, 4, 5, 6].map((n) => mail(n));
	const f = foldAck(all, ack(5, { missing: [[2, 3]], results: [{ seq: 4, status: "held", code: "unknown_place", detail: "/scope" }, { seq: 5, status: "rejected", code: "bad_event" }] }), false, 1000);

	assert.deepEqual(states(f), [[1, "stored"], [4, "held"], [5, "refused"]]);
	assert.deepEqual([f.changed[1].code, f.changed[1].answered, f.changed[0].commit], ["unknown_place", 1000, 9]);
	assert.deepEqual(foldAck(all, { ...ack(5), epoch: "other" }, false, 1), { changed: [], cloned: [] });
});

test("a stored one that is missing waits again; one above upto only when the ack tells all", () => {
	assert.deepEqual(states(foldAck([mail(2, "stored")], ack(5, { missing: [[2, 2]] }), false, 1)), [[2, "waiting"]]);
	assert.deepEqual(states(foldAck([mail(7, "stored")], ack(5), false, 1)), []);
	assert.deepEqual(states(foldAck([mail(7, "stored"), mail(8, "refused")], ack(5), true, 1)), [[7, "waiting"], [8, "waiting"]]);
});

test("answered for and never sent: another phone has the epoch", () => {
	const f = foldAck([mail(3, "waiting"), mail(4, "waiting", { tries: 2 }), mail(9, "waiting")], ack(5), false, 1);

	assert.deepEqual(f.cloned.map((m) => m.seq), [3]);
	assert.deepEqual(states(f), [], "sent once, unanswered: it is sent again, and that answer counts");
	assert.deepEqual(states(foldAck([mail(4, "sent", { tries: 3 })], ack(5), false, 1)), [[4, "stored"]]);
	assert.deepEqual(states(foldAck([mail(4, "waiting", { tries: 2 })], ack(5, { results: [{ seq: 4, status: "conflict", code: "conflict" }] }), true, 1)), [[4, "conflict"]]);
});

test("a repeat of the ack changes nothing; a refused one stays refused; a held one that was released is stored", () => {
	const one = foldAck([mail(1), mail(2)], ack(2, { results: [{ seq: 2, status: "rejected", code: "bad_event", detail: "x" }] }), false, 5).changed;

	assert.deepEqual(foldAck(one, ack(2, { results: [{ seq: 2, status: "rejected", code: "bad_event", detail: "x" }] }), false, 6).changed, []);
	assert.deepEqual(foldAck(one, ack(2), false, 6).changed, []);
	assert.deepEqual(states(foldAck([mail(1, "held", { code: "waits_for" })], ack(1), false, 6)), [[1, "stored"]]);
	assert.deepEqual(foldAck([mail(1, "moved")], ack(1), false, 6).changed, []);
});

test("what the platform could not read is not sent again, also when it is asked for", () => {
	assert.deepEqual(states(foldAck([mail(3, "refused", { unsendable: true, code: "too_large" })], ack(5, { missing: [[3, 3]] }), true, 1)), []);
});

test("again after 30 s, doubling to 5 minutes, a fifth either way", () => {
	assert.deepEqual([1, 2, 3, 4, 5, 9].map((n) => againAfter(n, 0.5) / 1000), [30, 60, 120, 240, 300, 300]);
	assert.deepEqual([againAfter(1, 0), againAfter(1, 1)].map(Math.round), [24e3, 36e3]);
});

test("a payload holds 200 events or 192 KiB, never none", () => {
	const many = Array.from({ length: 201 }, (_, i) => ({ event: { seq: i } }));
	const big = Array.from({ length: 5 }, (_, i) => ({ event: { seq: i, t: "中".repeat(20000) } }));

	assert.equal(batch(many).mails.length, BATCH);
	assert.equal(batch(many.slice(0, 200)).mails.length, 200);
	assert.equal(batch(big).mails.length, 3);
	assert.ok(Buffer.byteLength(batch(big).payload) <= BATCH_BYTES);
	assert.equal(batch([{ event: { t: "x".repeat(300e3) } }]).mails.length, 1);
	assert.equal(batch(many.slice(0, 1)).payload, '{"seq":0}');
});

test("a patrol's measures skip gaps, jumps and vague points; pieces hold all points once", () => {
	const w = { id: "k", route: "grid", target: "x", startedAt: 0, points: [], told: 0, toldAt: 0, metres: 0, ms: 0, rule: null };
	const at = (s, i, acc = 10) => step(w, [s * 1000, 33.39 + i * 0.001, 104.92, acc]);

	at(0, 0);
	assert.equal(at(1, 0), false, "too close in time");
	at(60, 1);
	at(120, 1.1, 300); // vague
	at(180, 2);
	at(1000, 3); // a gap
	at(1010, 9); // a jump
	assert.ok(Math.abs(w.metres - metres([33.39, 104.92], [33.391, 104.92])) < 1, `${w.metres}`);
	assert.equal(w.ms, 60e3);
	const p = piece(w, 2e6, true);

	assert.equal(p.body.pts.length, 6);
	assert.deepEqual(p.body.pts[0], [0, 33.39, 104.92, 10]);
	assert.equal(piece(w, 2e6, true), null);
});

test("how much of a reach was walked past: its points every 25 m within 100 m of the walk, vague ones left out", () => {
	const line = [[33.39, 104.92], [33.40, 104.92]]; // 1,112 m
	const w = { id: "c", route: "river", target: "R", startedAt: 0, points: [], told: 0, toldAt: 0, metres: 0, ms: 0, rule: null };

	assert.equal(coverage(w, []), null);
	assert.equal(samples([line]).length, 46);
	assert.equal(coverage(w, [line]), 0);
	w.points.push([0, 33.39, 104.92, 300]);
	assert.equal(coverage(w, [line]), 0, "too vague");
	w.points.push([1000, 33.39, 104.92, 8]);
	const one = coverage(w, [line]);

	assert.ok(Math.abs(one - 100 / 1112) < 0.03, `${one}`);
	w.points.push([2000, 33.395, 104.9205, 8]);
	assert.ok(coverage(w, [line]) > 2.5 * one);
	for (let i = 0; i <= 10; i++)
		w.points.push([3000 + i, 33.39 + i * 0.001, 104.92, 8]);
	assert.equal(coverage(w, [line]), 1);
	assert.equal(coverage({ ...w, id: "d", points: [] }, [line]), 0, "another walk");
});

test("one that fills more than a payload alone can never be sent; one that just fills it can", () => {
	const one = (n) => batch([{ event: { kind: "sos", body: { text: "x".repeat(n) } } }]).payload;
	const room = BATCH_BYTES - one(0).length;

	assert.deepEqual([fits(one(room)), fits(one(room + 1))], [true, false]);
	assert.ok(fits(batch(Array.from({ length: 50 }, () => ({ event: { body: "界".repeat(2000) } }))).payload));
});

test("a clock that is set back during a walk: its positions go on, in an event of their own", () => {
	const w = { id: "w", route: "grid", target: "g", startedAt: 0, points: [], told: 0, toldAt: 0, metres: 0, ms: 0, rule: null };

	for (const [ms, lat] of [[7200e3, 33], [7203e3, 33.0001], [3603e3, 33.0002], [3606e3, 33.0003]])
		assert.ok(step(w, [ms, lat, 104, 5]), String(ms));
	assert.deepEqual([Math.round(w.metres), w.ms], [22, 6000], "nothing is known of the step between");
	const pieces = [piece(w, 3607e3, true), piece(w, 3607e3, true), piece(w, 3607e3, true)];

	assert.deepEqual(pieces.map((p) => p && [p.at, p.body.pts.map((x) => x[0])]), [[7200e3, [0, 3000]], [3603e3, [0, 3000]], null]);
});
