// year.mjs - the year 2023 of the demo town, as events for `xunge import events`: its figures are those of the town's report
// (domain page, section 1), among noise that must not count.  The same seed gives the same bytes.
//
//   const year = makeYear(1);
//   year.registry   {kind: csv} for Town.start();  year.devices  [[id, person], ...]
//   year.events     one object a line, in the order of time
//
// What is counted where stands beside each number; tests/system/annual.test.mjs has the table of what must come out.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));
export const YEAR_TOWN = '990101100';
const S = 1000, MIN = 60 * S, HOUR = 60 * MIN, DAY = 24 * HOUR;
/** Civil time (+08:00) of the text, in ms. */
export const civil = (text) => Date.parse(`${text}+08:00`);
const JAN1 = civil('2023-01-01T00:00:00'), NEXT = civil('2024-01-01T00:00:00');

const csv = (file) => readFileSync(path.join(DEPLOY, file), 'utf8');

/** A small generator of its own: 0 <= x < 1. */
export function rng(seed) {
	let state = seed | 0;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

/** The demo town, appointed a year earlier, each reach in one community, one chief who rises in the middle of the year. */
function registry() {
	const home = { 'QSH-01': '008', 'QSH-02': '001', 'QSH-03': '004', 'LX-01': '006', 'TSG-01': '014', 'XD-01': '012' };
	return {
		areas: csv('demo/areas.csv'),
		reaches: csv('demo/reaches.csv').replace(/^((?:QSH|LX|TSG|XD)-\d+)(,.*,)9901011\d*,/gm, (_, code, mid) => `${code}${mid}${YEAR_TOWN}${home[code]},`),
		people: csv('demo/people.csv'),
		appointments: csv('demo/appointments.csv').replaceAll('2023-01-01', '2022-01-01')
			.replace('2024-06-30', '2023-06-30').replace('2024-07-01', '2023-07-01'),
		duties: csv('rules/dinghu.csv').replace(/,,$/gm, ',2022-01-01,'),
		calendar: csv('calendars/2023-2026.csv'),
	};
}

const device = (n) => `d-${String(n).padStart(4, '0')}`;
const person = (n) => `p-${String(n).padStart(4, '0')}`;

class Year {
	constructor(seed) {
		this.random = rng(seed);
		this.seed = seed;
		this.all = [];
		this.names = 0;
		this.registry = registry();
		this.workers = this.registry.appointments.split('\n').filter((l) => /,worker,/.test(l))
			.map((l) => l.split(',')).map(([p, , grid]) => ({ n: Number(p.slice(2)), grid })).filter((_, i) => i % 3 === 0);
	}

	below(n) {
		return Math.floor(this.random() * n);
	}

	pick(list) {
		return list[this.below(list.length)];
	}

	name(what) {
		return `${what}-${this.seed}-${++this.names}`;
	}

	/** An hour of work of some day between two (of the year's days). */
	moment(from = 3, to = 345) {
		return JAN1 + (from + this.below(to - from)) * DAY + 8 * HOUR + this.below(9 * 3600) * S;
	}

	/** One event of a person's own device at the true time `at`. */
	put(n, at, kind, body, more = {}) {
		const e = { n, when: at, off: 0, kind, body, more };
		this.all.push(e);
		return e;
	}

	// ---- patrols

	/** Fault: '' (valid), 'short', 'open' (never ended), 'mock'. Returns its start. */
	patrol(n, at, target, route, { fault = '', more = {}, body = {} } = {}) {
		const id = this.name('r'), step = fault === 'short' ? 20 : 150, minutes = fault === 'short' ? 1 : 3;
		const start = this.put(n, at, 'patrol.start', { patrol: id, route, target, ...body }, more);
		const lat = 33.39 + this.random() / 100, pts = [];
		for (let i = 0; i < 4; i++) pts.push([i * minutes * MIN, Number((lat + i * step / 111132).toFixed(6)), 104.92, 8]);
		this.put(n, at + 10 * S, 'patrol.track', { patrol: id, pts, ...(fault === 'mock' ? { mock: true } : {}) }, more);
		if (fault !== 'open') this.put(n, at + 10 * S + 3 * minutes * MIN + 5 * S, 'patrol.end', { patrol: id, clear: true }, more);
		return start;
	}

	patrols() {
		const own = { 61: 'QSH-01', 62: 'QSH-02', 63: 'QSH-03', 65: 'TSG-01', 67: 'QSH-01', 68: 'QSH-01', 69: 'QSH-02', 70: 'QSH-02', 71: 'QSH-03',
			72: 'QSH-03', 73: 'LX-01', 74: 'LX-01', 75: 'TSG-01', 76: 'TSG-01' };
		const go = (n, at, o) => this.patrol(n, at, own[n] ?? 'LX-01', own[n] === 'TSG-01' ? 'gully' : 'river', o);
		const townChiefs = [61, 62, 63, 65], chiefs = [67, 68, 69, 70, 71, 72, 73, 74, 75, 76];
		const faults = ['short', 'open', 'mock'];

		// Town: 128 = 108 + 7 not valid + 12 of who was of the community until June + 1 over the last midnight.
		for (let i = 0; i < 108; i++) go(townChiefs[i % 4], this.moment());
		for (let i = 0; i < 7; i++) go(townChiefs[i % 4], this.moment(), { fault: faults[i % 3] });
		for (let i = 0; i < 12; i++) go(64, i ? this.moment(182, 345) : civil('2023-07-01T00:00:00'));
		go(61, civil('2023-12-31T23:59:59.999'));
		// Community: 451 = 410 + 19 not valid + 15 of the same man before July + 3 delegated + 2 off their reach + 1 told twice + 1 at the first instant.
		for (let i = 0; i < 410; i++) go(chiefs[i % 10], this.moment());
		for (let i = 0; i < 19; i++) go(chiefs[i % 10], this.moment(), { fault: faults[i % 3] });
		for (let i = 0; i < 15; i++) go(64, i ? this.moment(3, 180) : civil('2023-06-30T23:59:59.999') - 20 * MIN);
		for (let i = 0; i < 3; i++) this.patrol(this.workers[i].n, this.moment(), own[67 + i], 'river', { body: { for: person(67 + i) } });
		for (let i = 0; i < 2; i++) this.patrol(69, this.moment(), 'TSG-01', 'gully'); // not appointed there: counts, not valid
		const twice = go(70, civil('2023-04-30T23:55:00'));
		this.put(70, twice.when + 10 * MIN, 'patrol.start', { ...twice.body }); // in May; the first counts
		go(67, JAN1);

		// Noise: the minutes beside midnight, clocks that are wrong across it, voided ones, others than chiefs, substitutes, roads.
		go(61, JAN1 - 1);
		go(67, JAN1 - 2 * MIN);
		go(62, NEXT);
		go(69, NEXT + MIN);
		go(68, JAN1 - 3 * S).off = -10 * S; // its phone says 2023
		go(70, NEXT + 2 * S).off = 10 * S;  // its phone says 2023
		for (const n of [61, 63, 67, 72, 75]) this.void(go(n, this.moment()), n);
		for (let i = 0; i < 40; i++) this.patrol(this.pick(this.workers).n, this.moment(), this.pick(['QSH-01', 'LX-01']), 'river');
		for (let i = 0; i < 50; i++) this.patrol(57 + i % 4, this.moment(), ['QSH-01', 'QSH-02', 'QSH-03', 'LX-01'][i % 4], 'river');
		for (let i = 0; i < 200; i++) {
			const w = this.pick(this.workers);
			this.patrol(w.n, this.moment(), w.grid, 'grid');
		}
		for (let i = 0; i < 24; i++) this.patrol(i % 2 ? 66 : 77, this.moment(), 'XD-01', 'road');
		for (let i = 0; i < 12; i++) this.patrol(chiefs[i % 10], this.moment(), own[chiefs[i % 10]], 'burning');
		for (let i = 0; i < 16; i++)
			this.put(67 + i % 8, this.moment(), 'patrol.substitute', { patrol: this.name('s'), way: ['drone', 'meeting', 'onsite', 'paper'][i % 4], target: own[67 + i % 8] });
	}

	/** The event is taken back by who made it, or by the centre. */
	void(e, n) {
		this.put(n, e.when + HOUR, 'void', { target: e, reason: '误录' });
	}

	// ---- cases

	photo(role) {
		let sha = '';
		while (sha.length < 64) sha += Math.floor(this.random() * 16 ** 8).toString(16).padStart(8, '0');
		return { sha256: sha, bytes: 90000 + this.below(99999), mime: 'image/jpeg', role };
	}

	/** A case and its acts: `to` the state it gets to. Each act is based on the one before it, as a phone sends it that knows it. */
	casus(klass, category, o = {}) {
		const w = o.worker ?? this.pick(this.workers), id = this.name('c');
		const by = o.by ?? w.n, office = 78 + Number(w.grid.slice(9, 12)), handler = 102 + this.below(7);
		const verifier = this.pick([98, 101]), centre = this.pick([95, 99]);
		const own = { appeal: { channel: '12345' }, dispute: { parties: '甲、乙' }, rectify: { issuer: o.issuer, item_no: id }, hazard: { object: '商铺' } }[klass] ?? {};
		let at = o.at ?? this.moment(), last;
		const act = (n, action, body = {}, more = {}) => {
			at += 10 * MIN + this.below(5 * 3600) * S;
			last = this.put(n, at, 'case.act', { case: id, action, ...body }, { base: last, ...more });
			return last;
		};
		const report = last = this.put(by, at, 'case.report', { case: id, class: klass, category, severity: o.severity ?? 3, title: o.title ?? `${category} ${id}`, ...own,
			...(o.selfFixed ? { self_fixed: true } : {}) }, { scope: w.grid, ...(o.selfFixed ? { att: [this.photo('before'), this.photo('after')] } : {}) });
		const finish = (until = o.to ?? 'closed') => {
			const steps = ['accepted', 'dispatched', 'in_progress', 'handled', 'closed'].indexOf(until) + 1;
			const town = o.town || o.escalated;
			if (steps >= 1 && !o.reopening) act(town ? centre : office, 'accept');
			if (steps >= 2) act(town ? centre : office, 'dispatch', { to: person(handler) });
			if (steps >= 3) act(handler, 'sign');
			if (steps >= 4) act(handler, 'handle', { result: o.result ?? 'done' }, { att: [this.photo('after')] });
			if (steps >= 5 && o.rework) { // the first handling is taken back
				act(verifier, 'verify_fail', { note: '现场未清理' });
				act(handler, 'handle', { result: o.result ?? 'done' }, { att: [this.photo('after')] });
			}
			if (steps >= 5) act(verifier, 'verify_pass');
		};
		if (o.escalate) {
			act(office, 'accept');
			act(office, 'escalate', { note: '社区无法解决' });
			o.escalated = true;
		}
		if (o.to === 'declined') act(centre, 'decline', { note: '不属受理范围' });
		else if (o.to === 'suspended') {
			finish('in_progress');
			act(centre, 'suspend', { note: '等待上级批复' });
		} else if (!o.selfFixed && o.to !== 'reported') finish();
		for (let i = 0; i < (o.reopen ?? 0); i++) {
			act(centre, 'reopen', { note: '群众再次反映' });
			o.reopening = true;
			o.town = true;
			finish(o.again ?? 'closed');
		}
		if (o.rating) act(centre, 'rate', { rating: o.rating });
		if (o.voided === 'act') act(centre, 'void', { note: '重复上报' });
		if (o.voided === 'event') this.void(report, by);
		return { report, last };
	}

	appeals() {
		const categories = ['appeal_general', 'environment', 'roads', 'water_power', 'housing', 'welfare'];
		const how = [];
		// 623 closed: 500 rated (401 satisfied, 97 basic, 2 dissatisfied), 40 not reached, 83 not asked.
		for (let i = 0; i < 623; i++) how.push({ rating: i < 401 ? 'satisfied' : i < 498 ? 'basic' : i < 500 ? 'dissatisfied' : i < 540 ? 'no_contact' : null });
		for (let i = 0; i < 5; i++) how[i * 100].reopen = 1 + i % 2; // closed again: once
		how[1].at = JAN1; // at the first instant and the last
		how[2].at = NEXT - 1;
		for (let i = 3; i < 5; i++) how[i].at = civil('2023-12-31T20:00:00') + i * MIN; // closed in the next year: with how[2] three, in the cohort, not in the flow
		for (const to of ['reported', 'reported', 'accepted', 'dispatched', 'dispatched', 'in_progress', 'in_progress', 'handled', 'suspended', 'declined']) how.push({ to });
		how.push({ reopen: 1, again: 'in_progress' }); // the 11th that is not closed
		how.forEach((o, i) => this.casus('appeal', categories[i % 6], o));
		// Noise
		this.casus('appeal', 'roads', { at: JAN1 - 1, rating: 'dissatisfied' }); // closed in the year: in the flow only
		this.casus('appeal', 'roads', { at: JAN1 - 2 * HOUR });                  // so is this
		this.casus('appeal', 'roads', { at: NEXT, rating: 'dissatisfied' });
		this.casus('appeal', 'housing', { at: NEXT + DAY });
		this.casus('appeal', 'housing', { at: JAN1 - 2 * S, to: 'reported' }).report.off = -5 * S;
		for (let i = 0; i < 6; i++) this.casus('appeal', 'welfare', { voided: 'act', rating: i % 2 ? 'dissatisfied' : null });
		for (let i = 0; i < 4; i++) this.casus('appeal', 'welfare', { voided: 'event', to: 'reported' });
	}

	disputes() {
		const categories = ['family', 'neighbour', 'homestead', 'contract', 'land', 'labour', 'road_accident', 'property_service'];
		const how = [];
		// 323 closed, 318 settled: 26 by the town, 288 by the communities, 4 on the spot (by the grid).
		for (let i = 0; i < 318; i++) how.push({ result: i % 3 ? 'settled_oral' : 'settled_written', ...(i < 20 ? { escalate: true } : i < 25 ? { town: true, by: 95 } : {}) });
		for (let i = 314; i < 318; i++) how[i] = { selfFixed: true };
		for (let i = 0; i < 9; i++) how[200 + i].rework = true;
		for (const result of ['failed', 'failed', 'guided', 'withdrawn', 'transferred']) how.push({ result });
		for (const to of ['reported', 'accepted', 'dispatched', 'in_progress', 'handled']) how.push({ to, result: 'settled_oral' });
		// A chief of the community who is one of the town from July on: what he reported before stays with the community.
		Object.assign(how[40], { by: 64, worker: this.workers.find((w) => w.grid.startsWith(`${YEAR_TOWN}006`)), at: civil('2023-06-30T16:00:00') });
		Object.assign(how[41], { by: 64, worker: this.workers.find((w) => w.grid.startsWith(`${YEAR_TOWN}006`)), at: civil('2023-07-01T09:00:00'), town: true });
		Object.assign(how[42], { at: NEXT - 30 * MIN }); // settled in the next year
		how.forEach((o, i) => this.casus('dispute', categories[i % 8], o));
		// Noise
		this.casus('dispute', 'family', { at: JAN1 - MIN, result: 'settled_oral' }); // in the flow only
		this.casus('dispute', 'family', { at: NEXT, result: 'failed' });
		for (let i = 0; i < 3; i++) this.casus('dispute', 'land', { voided: 'act', result: 'failed' });
	}

	rectify() {
		for (let i = 0; i < 20; i++)
			this.casus('rectify', i < 12 ? 'sanitation_city' : 'work_style', { issuer: i < 12 ? '区创卫办' : '区作风办', by: 95, town: true, result: i % 4 ? 'rectified' : 'done' });
		this.casus('rectify', 'sanitation_city', { issuer: '区创卫办', by: 95, town: true, to: 'accepted', at: NEXT + HOUR });
		this.casus('rectify', 'work_style', { issuer: '区作风办', by: 95, town: true, to: 'in_progress', voided: 'act' });
	}

	hazards() {
		const found = { fire: 120, construction: 45, traffic: 60, campus: 25, geology: 18, food_drug: 32 }; // 300
		const open = { construction: 'in_progress', traffic: 'handled', geology: 'dispatched', food_drug: 'accepted' }; // one each: 296 rectified
		for (const [category, n] of Object.entries(found))
			for (let i = 0; i < n; i++) {
				const severity = category === 'geology' ? 1 : 3;
				if (i === 0 && open[category]) this.casus('hazard', category, { to: open[category], severity });
				else this.casus('hazard', category, { severity, selfFixed: category === 'fire' && i < 30, result: i % 5 ? 'rectified' : 'done' });
			}
		this.casus('hazard', 'fire', { at: JAN1 - 1 });
		this.casus('hazard', 'fire', { at: NEXT });
		for (let i = 0; i < 3; i++) this.casus('hazard', 'traffic', { voided: 'act' });
	}

	findings() {
		for (let i = 0; i < 40; i++) this.casus('finding', 'dumping', { result: 'rectified' });
		for (let i = 0; i < 25; i++) this.casus('finding', 'litter', { selfFixed: true });
		for (let i = 0; i < 5; i++) this.casus('finding', 'open_burning', { to: 'in_progress' });
	}

	// ---- records

	inspections() {
		const topics = { burn_straw: 220, burn_waste: 130, burn_weeds: 90, burn_leaves: 60, dumping_check: 150, gas_check: 75, food_check: 48 }; // 773
		const one = (topic, at, i) => {
			const w = this.pick(this.workers);
			return [this.put(w.n, at, 'inspect', { topic, result: i % 10 ? 'ok' : 'problem', people: 1 + i % 3, object: '沿线地块' }, { scope: w.grid }), w.n];
		};
		for (const [topic, n] of Object.entries(topics)) for (let i = 0; i < n; i++) one(topic, this.moment(), i);
		for (const at of [JAN1 - 1, NEXT]) one('burn_straw', at, 1);
		for (let i = 0; i < 4; i++) this.void(...one('gas_check', this.moment(), i));
	}

	visits() {
		const one = (i, at, staff) => {
			const w = this.workers[i % this.workers.length];
			return [this.put(w.n, at, 'visit', { group: i < 12 ? '监测户' : '独居老人', household: `h-${String(i + 1).padStart(3, '0')}`, persons: 1, ...(staff ? { staff } : {}),
				...(i < 12 ? { aid_fen: 50000 } : {}) }, { scope: w.grid }), w.n];
		};
		for (let i = 0; i < 88; i++) one(i, this.moment(3, 170), 1); // 12 and 76 households, 88 staff
		for (let i = 0; i < 12; i++) {                               // again, nobody says by how many
			const [e] = one(i, this.moment(180, 345), 0);
			delete e.body.aid_fen;
		}
		one(88, JAN1 - 1, 2);
		one(89, NEXT, 2);
		this.void(...one(90, this.moment(), 3));
	}

	works() {
		const one = (item, unit, qty, at, approx) => {
			const w = this.pick(this.workers);
			return [this.put(w.n, at, 'work', { item, qty, unit, ...(approx ? { approx: true } : {}) }, { scope: w.grid }), w.n];
		};
		for (let i = 0; i < 51; i++) one('window_bars', '个', 100, this.moment());
		for (const qty of [1.234, 1.266, 2.5]) one('overhead_cables', '吨', qty, this.moment(), true);
		for (let i = 0; i < 32; i++) one('wall_painting', '平方米', 250, this.moment());
		for (let i = 0; i < 40; i++) one('ad_cleaning', '处', 12, this.moment());
		for (let i = 0; i < 6; i++) one('parking_spaces', '处', 5, this.moment());
		one('window_bars', '个', 77, JAN1 - 1);
		one('wall_painting', '平方米', 900, NEXT, true);
		this.void(...one('ad_cleaning', '处', 33, this.moment(), true));
	}

	households() {
		const w = this.workers;
		const say = (h, at, state, persons, i) => this.put(w[i].n, at, 'household', { household: h, type: '脱贫不稳定户', persons, state }, { scope: w[i].grid });
		// 7 households, 18 persons; of them without risk 2, 9.
		const persons = [5, 4, 2, 2, 2, 2, 1];
		persons.forEach((n, i) => {
			if (i % 2) say(`m-${i}`, civil('2022-05-10T10:00:00') + i * DAY, 'identified', n + 1, i); // one has moved away since
			say(`m-${i}`, this.moment(10, 60), 'identified', n, i);
			say(`m-${i}`, this.moment(70, 150), 'helped', n, i);
		});
		for (let i = 0; i < 2; i++) say(`m-${i}`, this.moment(200, 300), 'risk_removed', persons[i], i);
		say('m-2', this.moment(160, 200), 'risk_removed', 2, 2); // and fell back
		say('m-2', this.moment(210, 300), 'relapsed', 2, 2);
		// Noise
		say('m-3', NEXT, 'risk_removed', 2, 3);
		say('m-7', NEXT + HOUR, 'identified', 6, 3);
		this.void(say('m-8', this.moment(), 'identified', 9, 4), w[4].n);
		this.void(say('m-4', this.moment(310, 340), 'risk_removed', 2, 4), w[4].n);
	}

	// ---- out

	/** Numbers of a device follow its time; what names another event gets that one's. */
	finish() {
		const id = (e) => `${device(e.n)}/${e.epoch}/${e.seq}`, count = new Map();
		this.all.forEach((e, i) => (e.i = i));
		this.all.sort((a, b) => a.when - b.when || a.i - b.i);
		for (const e of this.all) {
			e.seq = (count.get(e.n) ?? 0) + 1;
			count.set(e.n, e.seq);
			e.epoch = `y${this.seed}p${e.n}`;
		}
		this.events = this.all.map((e) => ({
			device: device(e.n), epoch: e.epoch, seq: e.seq, kind: e.kind, at: e.when - e.off, ...(e.off ? { off: e.off } : {}),
			...e.more, ...(e.more.base ? { base: id(e.more.base) } : {}),
			body: e.kind === 'void' ? { ...e.body, target: id(e.body.target) } : e.body,
		}));
		this.devices = [...count.keys()].sort((a, b) => a - b).map((n) => [device(n), person(n)]);
		return this;
	}
}

export function makeYear(seed = 1) {
	const y = new Year(seed);
	for (const part of ['patrols', 'appeals', 'disputes', 'rectify', 'hazards', 'findings', 'inspections', 'visits', 'works', 'households']) y[part]();
	return y.finish();
}

/** The lines of an import file. */
export const ndjson = (events) => `${events.map((e) => JSON.stringify(e)).join('\n')}\n`;

/** The same events in another order, a tenth of them twice. */
export function shuffled(events, seed) {
	const random = rng(seed), out = [...events, ...events.filter(() => random() < 0.1)];
	for (let i = out.length - 1; i > 0; i--) {
		const k = Math.floor(random() * (i + 1));
		[out[i], out[k]] = [out[k], out[i]];
	}
	return out;
}
