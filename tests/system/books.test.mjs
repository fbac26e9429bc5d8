// The reading side over HTTP: every answer in the words of openapi.yaml, scopes, pages, ETags; from events that phones sent.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import YAML from 'yaml';
import { COMMUNITY, GRID, GULLY, RIVER, ROOT, TOWN, Town, until } from '../lib/index.mjs';

const api = YAML.parse(readFileSync(path.join(ROOT, 'schema/openapi.yaml'), 'utf8'));
const ajv = new Ajv2020.default({ strict: false });
ajv.addSchema(api, 'api');
const part = (s) => s.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D');

/** Asks, and holds the answer against openapi.yaml's schema for `call`. */
async function ask(session, url, call = url.split('?')[0], status = 200) {
	const r = await session.fetch(url);
	const text = await r.text();
	assert.equal(r.status, status, `${url}: ${r.status} ${text.slice(0, 300)}`);
	const json = JSON.parse(text);
	const said = api.paths[call].get.responses[String(status)];
	if (said.$ref) {
		assert.match(r.headers.get('content-type'), /^application\/problem\+json/);
		return json;
	}
	const type = r.headers.get('content-type').split(';')[0];
	assert.ok(said.content[type], `${url}: ${type} is not what was announced`);
	const fits = ajv.compile({ $ref: `api#/paths/${part(call)}/get/responses/${status}/content/${part(type)}/schema` });
	assert.ok(fits(json), `${url}: ${JSON.stringify(fits.errors)} in ${text.slice(0, 400)}`);
	assert.ok(!/1380000000/.test(text), `${url} holds a telephone number`);
	assert.match(r.headers.get('etag'), /^"[^"]+"$/);
	return json;
}

const LINE = Array.from({ length: 41 }, (_, i) => [104.9, Number((33.39 + i * 0.0005).toFixed(7))]); // northwards, ~2.2 km
const MAP = JSON.stringify({
	type: 'FeatureCollection',
	features: [
		{ type: 'Feature', properties: { code: RIVER }, geometry: { type: 'LineString', coordinates: LINE } },
		{ type: 'Feature', properties: { code: COMMUNITY[0] }, geometry: { type: 'Polygon', coordinates: [[[104.8, 33.3], [105, 33.3], [105, 33.5], [104.8, 33.5], [104.8, 33.3]]] } },
		{ type: 'Feature', properties: { code: COMMUNITY[1] }, geometry: { type: 'Polygon', coordinates: [[[105, 33.3], [105.2, 33.3], [105.2, 33.5], [105, 33.5], [105, 33.3]]] } },
	],
});

describe('books', { timeout: 150000 }, () => {
	let town, chief, worker, west, centre, east, start;

	before(async () => {
		town = await Town.start({ server: true });
		await town.import('map', MAP);
		await town.import('duties', 'rule,role,level,target,period,months,count,count_unit,min_minutes,min_metres,min_gap_hours,min_coverage,substitute,delegate,valid_from,valid_to\n'
			+ 'dinghu,chief,community,each,month,1-12,2,times,5,300,,,no,no,2020-01-01,\n');
		await town.user('centre', 'p-duty', 'centre', TOWN);
		await town.user('east', 'p-duty', 'office', COMMUNITY[0]);
		chief = await town.device('d-0003', 'p-chief-c');
		worker = await town.device('d-0001', 'p-0001');
		west = await town.device('d-0002', 'p-0002');
		centre = await town.session('centre');
		east = await town.session('east');
		start = Date.now() - 30 * 60000;
		await chief.send('patrol.start', { patrol: 'walk', route: 'river', target: RIVER }, { at: start });
		const pts = LINE.map(([lon, lat], i) => [i * 30000, lat, lon, 8]);
		await chief.send('patrol.track', { patrol: 'walk', pts: pts.slice(0, 20) }, { at: start });
		await chief.send('patrol.track', { patrol: 'walk', pts: [[595000, 34.5, 104.9, 8], [596000, 33.4, 104.9, 500], ...pts.slice(20)] }, { at: start });
		await chief.send('patrol.end', { patrol: 'walk', clear: true }, { at: start + 41 * 30000 });
		await west.send('patrol.start', { patrol: 'short', route: 'gully', target: GULLY });
		await worker.send('status', { battery: 70 }, { loc: { lat: 33.4, lon: 104.95, acc: 5 } });
		await worker.send('inspect', { topic: 'no_such_topic', result: 'ok' }); // held
	});
	after(() => town?.stop());

	test('patrols: judged, listed, and where they went', async () => {
		const from = new Date(start - 86400000).toISOString().slice(0, 10);
		const { patrols } = await ask(centre, `/api/v1/patrols?from=${from}`);
		assert.deepEqual(patrols.map((p) => p.id), ['d-0002.short', 'd-0003.walk']);
		assert.deepEqual((await ask(east, `/api/v1/patrols?from=${from}`)).patrols.map((p) => p.id), ['d-0003.walk']);
		const p = await ask(east, '/api/v1/patrols/d-0003.walk', '/api/v1/patrols/{id}');
		assert.deepEqual([p.valid, p.reasons, p.rule, p.points, p.dropped], [true, [], 'dinghu', 41, 2]);
		assert.ok(p.distance_m > 2100 && p.distance_m < 2300 && p.duration_s === 1200, `${p.distance_m} m, ${p.duration_s} s`);
		assert.deepEqual([p.person_name, p.target_name, p.level, p.asked.min_metres], ['李丁', '清水河东关段', 'community', 300]);
		const track = await ask(east, '/api/v1/patrols/d-0003.walk/track.geojson', '/api/v1/patrols/{id}/track.geojson');
		const of = (id) => track.features.find((f) => f.id === id);
		assert.deepEqual(of('lines').geometry.coordinates, [LINE]);
		assert.deepEqual(of('lines').properties.ms[0], LINE.map((_, i) => i * 30000));
		assert.deepEqual(of('dropped').properties.why, ['jump', 'accuracy']);
		assert.deepEqual([of('dropped').properties.acc, of('lines').properties.acc], [[8, 500], [LINE.map(() => 8)]]);
		assert.equal(Date.parse(of('lines').properties.start), start);
		await ask(east, '/api/v1/patrols/d-0002.short', '/api/v1/patrols/{id}', 404);
		const short = await ask(centre, '/api/v1/patrols/d-0002.short', '/api/v1/patrols/{id}');
		assert.ok(short.reasons.some((r) => r.code === 'NO_END'));
		const none = await ask(centre, `/api/v1/patrols?from=${from}&reason=NO_END&valid=true`);
		assert.deepEqual(none.patrols, []);
	});

	test('duties: who owes what', async () => {
		const { duty } = await ask(centre, '/api/v1/duty');
		const row = duty.find((d) => d.person === 'p-chief-c');
		assert.deepEqual([row.rule, row.level, row.need], ['dinghu', 'community', 2]);
		assert.equal(row.done, new Date(start + 8 * 3600000).getUTCMonth() === new Date(Date.now() + 8 * 3600000).getUTCMonth() ? 1 : 0);
		await ask(centre, '/api/v1/overdue');
	});

	test('people: where they are appointed, what they owe, when they were last out; page by page', async () => {
		const all = (await ask(centre, '/api/v1/people')).people, pages = [];
		for (let cursor = ''; cursor !== null;) {
			const page = await ask(centre, `/api/v1/people?limit=1${cursor && `&cursor=${cursor}`}`);
			pages.push(...page.people);
			cursor = page.next;
		}
		assert.deepEqual(pages, all);
		const li = all.find((p) => p.person === 'p-chief-c');
		assert.deepEqual([li.person_name, li.role, li.level, li.last_patrol.id, li.last_patrol.valid, li.duties, li.overdue], ['李丁', 'chief', 'community', 'd-0003.walk', true, 1, 1]);
		const near = (await ask(east, '/api/v1/people')).people;
		assert.ok(near.length && near.length < all.length && near.every((p) => p.area.startsWith(COMMUNITY[0])), 'an office sees its own');
		assert.deepEqual((await ask(centre, '/api/v1/people?q=李丁&role=chief')).people.map((p) => p.person), ['p-chief-c']);
		assert.deepEqual((await ask(centre, `/api/v1/people?scope=${GRID[0]}`)).people.map((p) => p.person), ['p-0001']);
		assert.equal((await ask(centre, '/api/v1/people?cursor=bm9uc2Vuc2U', undefined, 400)).code, 'bad_cursor');
	});

	test('a case: its timeline, what may be done, and what is held', async () => {
		await worker.send('case.report', { case: 'k-1', class: 'hazard', category: 'fire', title: '楼道堆物', severity: 2 }, { scope: GRID[0], loc: { lat: 33.4, lon: 104.95, acc: 5 } });
		const early = await worker.send('case.act', { case: 'k-1', action: 'handle', result: 'rectified' }, { base: `d-0001/${worker.epoch}/${worker.seq}` });
		assert.deepEqual([early.status, early.code], ['held', 'illegal_transition']);
		const k = await ask(east, '/api/v1/cases/k-1', '/api/v1/cases/{id}');
		assert.deepEqual(k.timeline.map((s) => [s.action, s.status, s.code]), [['report', 'in_force', null], ['handle', 'held', 'illegal_transition']]);
		assert.deepEqual([k.state, k.reporter_name, k.category_name, k.loc], ['reported', '赵甲', '消防安全', [104.95, 33.4]]);
		assert.ok(k.actions.includes('accept') && !k.actions.includes('decline'), `of an office: ${k.actions}`);
		assert.ok((await ask(centre, '/api/v1/cases/k-1', '/api/v1/cases/{id}')).actions.includes('decline'));
		assert.deepEqual((await ask(east, '/api/v1/cases?state=open')).cases.map((c) => c.id), ['k-1']);
		assert.deepEqual((await ask(east, '/api/v1/cases.geojson')).features.map((f) => f.id), ['k-1']);
		assert.deepEqual((await ask(east, '/api/v1/held?code=illegal_transition')).held.map((h) => h.case), ['k-1']);
		await ask(centre, '/api/v1/cases/k-2', '/api/v1/cases/{id}', 404);
	});

	test('figures and series count the same', async () => {
		const day = new Date(start + 8 * 3600000).toISOString().slice(0, 10);
		const { figures, as_of: asOf } = await ask(centre, `/api/v1/figures?from=${day}`);
		const value = (id, level = '', category = '') => figures.find((f) => f.id === id && f.level === level && f.category === category)?.value ?? 0;
		assert.equal(value('patrols'), 2);
		assert.equal(value('patrols', '', 'gully'), 1);
		assert.equal(value('river_patrols', 'community'), 1);
		assert.ok(asOf > 10);
		const series = await ask(centre, '/api/v1/series?figure=patrols&days=2');
		assert.equal(series.days.reduce((n, d) => n + d.value, 0), 2);
		const only = await ask(centre, `/api/v1/figures?from=${day}&figure=river_patrols,patrols`); // several at once: as asked one by one
		assert.deepEqual(only.figures, (await Promise.all(['river_patrols', 'patrols'].map((f) => ask(centre, `/api/v1/figures?from=${day}&figure=${f}`)))).flatMap((r) => r.figures));
		const three = await ask(centre, '/api/v1/series?figure=patrols,river_patrols,patrols&level=,community,&category=gully,,&days=2');
		for (const [i, q] of ['patrols&category=gully', 'river_patrols&level=community', 'patrols'].entries()) {
			const { figure, level, category, days } = await ask(centre, `/api/v1/series?figure=${q}&days=2`);
			assert.deepEqual(three.series[i], { figure, level, category, days });
		}
		assert.equal(three.days, undefined);
		assert.deepEqual((await ask(centre, '/api/v1/series?figure=patrols,events&level=grid')).series.map((s) => s.level), ['grid', 'grid'], 'one for all');
		for (const wrong of ['figures?figure=patrols,', 'figures?figure=,patrols', 'figures?figure=patrols,nothing', `figures?figure=${'patrols,'.repeat(8)}patrols`, 'series?figure=patrols,events&level=grid,town,grid', `series?figure=${'x'.repeat(500)}`])
			assert.equal((await ask(centre, `/api/v1/${wrong}`, undefined, 400)).code, 'bad_parameter', wrong);
		assert.equal((await ask(east, `/api/v1/figures?from=${day}`)).figures.find((f) => f.id === 'patrols' && !f.level && !f.category).value, 1);
	});

	test('held: seen where its device is appointed, and why', async () => {
		const { held } = await ask(east, '/api/v1/held');
		assert.deepEqual(held.filter((h) => !h.case).map((h) => [h.code, h.device, h.person_name, h.kind]), [['unknown_category', 'd-0001', '赵甲', 'inspect']]);
	});

	test('events: what stands behind a number, page by page', async () => {
		const all = (await ask(centre, '/api/v1/events')).events, pages = [];
		for (let cursor = ''; cursor !== null;) {
			const page = await ask(centre, `/api/v1/events?limit=3${cursor && `&cursor=${cursor}`}`);
			pages.push(...page.events);
			cursor = page.next;
		}
		assert.deepEqual(pages, all);
		assert.deepEqual(all.map((e) => e.commit), all.map((e) => e.commit).sort((a, b) => b - a));
		assert.deepEqual(all.filter((e) => e.kind === 'patrol.end')[0].raw.body, { patrol: 'walk', clear: true });
		assert.equal((await ask(east, '/api/v1/events')).events.length, all.length - 1, 'not the one of the west');
	});

	test('every number has its records: the list, how many it says there are, and the export of the same filter', async () => {
		const day = new Date(start + 8 * 3600000).toISOString().slice(0, 10), to = new Date(Date.now() + 2 * 86400000).toISOString().slice(0, 10);
		const photo = (role, c) => ({ sha256: c.repeat(64), bytes: 9, mime: 'image/jpeg', role });
		await worker.send('case.report', { case: 'k-3', class: 'finding', category: 'litter', title: '河边 Litter', severity: 4, self_fixed: true }, { scope: GRID[0], att: [photo('before', 'a'), photo('after', 'b')] });
		await worker.send('inspect', { topic: 'gas_check', result: 'ok' }, { scope: GRID[0] });
		const all = async (list, q) => {
			const rows = [];
			let total;
			for (let cursor = ''; cursor !== null;) {
				const page = await ask(centre, `/api/v1/${list}?limit=1&count=true&${q}${cursor && `&cursor=${cursor}`}`, `/api/v1/${list}`);
				rows.push(...page[list]);
				total ??= page.total;
				cursor = page.next;
			}
			assert.equal(total, rows.length, `${list} ${q}`);
			return rows;
		};
		const exported = async (list, q) => (await (await centre.fetch(`/api/v1/exports/${list}.json?from=1970-01-01&to=${to}&${q}`)).json()).rows;
		const cases = { 'class=hazard': 1, 'state=open': 1, 'state=closed': 1, 'severity=4': 1, 'q=litter': 1, 'q=楼道': 1, 'q=k-3': 1, 'q=赵甲': 2, 'q=%25': 0, 'category=fire': 1, 'level=community': 0 };
		for (const [q, n] of Object.entries(cases)) {
			const rows = await all('cases', `from=1970-01-01&${q}`);
			if (q !== 'level=community')
				assert.equal(rows.length, n, q);
			assert.deepEqual((await exported('cases', q)).map((r) => r.id).sort(), rows.map((r) => r.id).sort(), q);
		}
		assert.deepEqual(await all('cases', 'overdue=true'), []);
		assert.deepEqual(await exported('cases', 'overdue=true'), []);
		assert.deepEqual((await exported('cases', `overdue=true&at=2099-01-01`)).map((r) => r.id), [], 'nothing runs before it is accepted');
		for (const [q, n] of Object.entries({ 'river=true': 1, 'river=false': 1, 'river=true&level=community': 1, 'level=grid': 1, 'level=none': 0, 'valid=true': 1, 'reason=NO_END': 1, 'under_way=true': 1, 'under_way=false': 1, 'valid=false': 1, 'valid=false&under_way=false': 0, 'q=李丁': 1, [`target=${GULLY}`]: 1, 'route=river': 1, 'person=p-chief-c': 1 })) {
			const rows = await all('patrols', `from=${day}&${q}`);
			assert.equal(rows.length, n, q);
			assert.deepEqual((await exported('patrols', q)).map((r) => `${r.device}.${r.patrol}`).sort(), rows.map((r) => r.id).sort(), q);
		}
		const { figures } = await ask(centre, `/api/v1/figures?from=${day}&to=${to}`);
		let held = 0;
		for (const f of figures.filter((x) => x.value && !['%', '公里', '分钟', '人', '元', '户'].includes(x.unit))) {
			const q = `from=${day}&to=${to}&figure=${f.id}&level=${f.level}&category=${f.category}`;
			const r = await centre.fetch(`/api/v1/cases?${q}`);
			if (r.status === 200) {
				assert.equal((await all('cases', q)).length, f.value, q);
				assert.equal((await (await centre.fetch(`/api/v1/exports/cases.json?${q}`)).json()).rows.length, f.value, q);
				held++;
			}
			const events = [];
			for (let cursor = ''; cursor !== null;) {
				const page = await ask(centre, `/api/v1/events?limit=1&${q}${cursor && `&cursor=${cursor}`}`, '/api/v1/events');
				events.push(...page.events);
				cursor = page.next;
			}
			assert.ok(r.status === 200 ? events.length >= f.value : events.length === f.value, `${q}: ${events.length}, not ${f.value}`);
		}
		assert.ok(held > 6, `${held} figures of cases`);
		assert.equal((await all('events', `kind=inspect&counted=true&from=${day}`)).length, 1);
		for (const wrong of ['cases?state=half', 'cases?severity=7', 'cases?figure=patrols', 'cases?figure=nothing', 'patrols?river=perhaps', 'patrols?reason=LAZY', 'events?figure=duty_rate', 'cases?overdue=true&from=2026-01-01'])
			assert.equal((await ask(centre, `/api/v1/${wrong}`, undefined, 400)).code, 'bad_parameter', wrong);
		for (const wrong of ['exports/cases.csv?state=half', 'exports/patrols.csv?class=hazard', 'exports/visits.csv?q=a'])
			assert.equal((await centre.fetch(`/api/v1/${wrong}&from=${day}&to=${to}`)).status, 400, wrong);
	});

	test('maps: shapes, counts, positions', async () => {
		const areas = await ask(centre, '/api/v1/areas.geojson');
		assert.deepEqual(areas.features.map((f) => f.id), [...COMMUNITY]);
		assert.equal(areas.features[0].properties.name, '东关社区');
		assert.deepEqual((await ask(east, '/api/v1/reaches.geojson')).features.map((f) => [f.id, f.geometry.coordinates.length]), [[RIVER, 41]]);
		const plain = (await ask(centre, '/api/v1/reaches.geojson')).features.flatMap((f) => f.geometry?.coordinates ?? []).flat();
		for (const n of [0, 3, 5, 7]) {
			const some = (await ask(centre, `/api/v1/reaches.geojson?decimals=${n}`)).features.flatMap((f) => f.geometry?.coordinates ?? []).flat();
			assert.deepEqual(some, plain.map((x) => Number((Math.sign(x) * Math.floor(Math.abs(x) * 10 ** n + 0.5 + 1e-7) / 10 ** n).toFixed(n))), `${n} decimals`);
		}
		await town.import('map', JSON.stringify({ type: 'FeatureCollection', features: [{ type: 'Feature', properties: { code: GRID[0] }, geometry: { type: 'Polygon', coordinates: [[[104.81, 33.31], [104.82, 33.31], [104.82, 33.32], [104.81, 33.31]]] } }] }));
		const lowest = await until(async () => {
			const { features } = await ask(centre, '/api/v1/areas.geojson?lowest=true');
			return features.length === 3 && features;
		}, 'the shape of a grid');
		assert.deepEqual(lowest.map((f) => [f.id, f.geometry?.type ?? null, f.properties.code]), [[COMMUNITY[0], null, COMMUNITY[0]], [GRID[0], 'Polygon', GRID[0]], [COMMUNITY[1], null, COMMUNITY[1]]]);
		assert.equal((await ask(centre, '/api/v1/areas.geojson')).features.filter((f) => f.geometry).length, 3);
		for (const wrong of ['areas.geojson?decimals=8', 'areas.geojson?decimals=-1', 'areas.geojson?lowest=perhaps', 'reaches.geojson?lowest=1', 'catalogue?only=days'])
			assert.equal((await ask(centre, `/api/v1/${wrong}`, undefined, 400)).code, 'bad_parameter', wrong);
		const devices = await ask(centre, '/api/v1/devices.geojson');
		assert.deepEqual(devices.features.find((f) => f.id === 'd-0001').geometry.coordinates, [104.95, 33.4]);
		await ask(centre, '/api/v1/cases.geojson');
	});

	test('the catalogue: a category imported now is there at once', async () => {
		const before = (await ask(east, '/api/v1/catalogue')).categories.length;
		await town.import('categories', 'code,class,name,name_en,parent,severity,deadline,deadline_unit,photo_before,photo_after,valid_from,valid_to\ndrone_straw,topic,无人机查秸秆,,,,,,,,,\n');
		const now = await until(async () => {
			const c = await ask(east, '/api/v1/catalogue');
			return c.categories.length > before && c;
		}, 'the category');
		assert.ok(now.categories.some((c) => c.code === 'drone_straw'));
		assert.deepEqual(now.rules.map((r) => [r.rule, r.months, r.min_metres]), [['dinghu', '1-12', 300]]);
		const { rules, categories } = await ask(east, '/api/v1/catalogue?only=rules');
		assert.deepEqual([rules, categories], [now.rules, undefined]);
		await town.import('calendar', 'date,kind\n2026-10-01,holiday\n2026-10-10,makeup\n');
		await until(async () => (await ask(east, '/api/v1/catalogue')).days.map((d) => d.date + d.kind).join() === '2026-10-01holiday,2026-10-10makeup', 'the days of the calendar');
	});

	test('ETags: 304 for those who have it; HEAD; no answer without a session, or for another scope', async () => {
		const urls = ['/api/v1/cases', '/api/v1/patrols', '/api/v1/held', '/api/v1/events', '/api/v1/duty', '/api/v1/overdue', '/api/v1/figures', '/api/v1/catalogue', '/api/v1/areas.geojson'];
		for (const url of urls) {
			const again = await until(async () => { // a batch may come between the two
				const etag = (await centre.fetch(url)).headers.get('etag');
				const r = await centre.fetch(url, { headers: { 'if-none-match': `"other", ${etag}` } });
				return r.status === 304 && r;
			}, `304 of ${url}`);
			assert.equal(await again.text(), '');
			const head = await centre.fetch(url, { method: 'HEAD' });
			assert.equal(head.status, 200);
			assert.ok(Number(head.headers.get('content-length')) > 10);
			assert.equal((await fetch(town.base + url)).status, 401);
			assert.match(head.headers.get('cache-control'), /private/);
		}
		const coded = (coding, more = {}) => centre.fetch('/api/v1/figures', { headers: { 'accept-encoding': coding, ...more } });
		const [zipped, plain, brotli] = await until(async () => {
			const all = await Promise.all([coded('gzip'), coded('identity'), coded('gzip, br')]), texts = await Promise.all(all.map((r) => r.text()));
			return texts[0] === texts[1] && texts[0] === texts[2] && all;
		}, 'the same figures three times');
		assert.deepEqual([zipped, plain, brotli].map((r) => r.headers.get('content-encoding')), ['gzip', null, 'br']);
		assert.equal(zipped.headers.get('vary'), 'cookie, accept-encoding');
		assert.equal(zipped.headers.get('etag'), plain.headers.get('etag').replace(/"$/, '-gzip"')); // other bytes
		assert.ok(zipped.headers.get('content-length') * 4 < plain.headers.get('content-length'));
		assert.equal((await ask(east, `/api/v1/cases?scope=${COMMUNITY[1]}`, '/api/v1/cases', 403)).code, 'not_allowed');
		assert.equal((await ask(east, '/api/v1/cases?limit=999', '/api/v1/cases', 400)).code, 'bad_parameter');
	});

	test('reaches: whose they are, what was done and is open there; each number has its records', async () => {
		await chief.send('case.report', { case: 'k-reach', class: 'finding', category: 'dumping', title: '河岸垃圾', severity: 3 }, { scope: RIVER, at: start + 60000 });
		await chief.send('case.report', { case: 'k-danger', class: 'hazard', category: 'drowning', title: '临水无护栏', severity: 3 }, { scope: RIVER, at: start + 61000 });
		const { reaches } = await ask(centre, '/api/v1/reaches');
		assert.ok([RIVER, GULLY].every((c) => reaches.some((r) => r.code === c)), reaches.map((r) => r.code).join());
		const own = (await ask(east, '/api/v1/reaches')).reaches;
		assert.ok(own.some((r) => r.code === RIVER) && own.every((r) => r.area.startsWith(COMMUNITY[0])), 'an office sees its own');
		const pages = [];
		for (let cursor = ''; cursor !== null;) {
			const page = await ask(centre, `/api/v1/reaches?limit=1${cursor && `&cursor=${cursor}`}`);
			pages.push(...page.reaches);
			cursor = page.next;
		}
		assert.deepEqual(pages, reaches);
		assert.deepEqual((await ask(centre, `/api/v1/reaches?reach=${encodeURIComponent(reaches.find((r) => r.code === GULLY).river)}`)).reaches.map((r) => r.code), [GULLY]);
		const r = reaches.find((x) => x.code === RIVER);
		const chiefOf = r.people.find((p) => p.person === 'p-chief-c');
		assert.deepEqual([chiefOf.role, chiefOf.level, r.last_patrol.id, r.last_patrol.valid, r.drawn], ['chief', 'community', 'd-0003.walk', true, true]);
		assert.deepEqual([r.open_cases, r.open_hazards], [2, 1]);
		const community = r.levels.find((l) => l.level === 'community');
		assert.deepEqual([community.year.patrols, community.year.valid, community.month.owed], [1, 1, 2]);
		const today = new Date(Date.now() + 8 * 3600e3).toISOString();
		const span = { today: today.slice(0, 10), month: today.slice(0, 7), year: today.slice(0, 4) };
		const listed = async (path, q) => (await ask(centre, `${path}?${new URLSearchParams({ ...q, count: 'true' })}`)).total;
		for (const x of reaches) {
			for (const [name, text] of Object.entries(span)) {
				const from = text.padEnd(10, '-01'.repeat(2).slice(0, 10 - text.length)), at = new Date(`${from}T00:00:00Z`);
				at.setUTCDate(at.getUTCDate() + (name === 'today' ? 1 : 0));
				at.setUTCMonth(at.getUTCMonth() + (name === 'month' ? 1 : 0));
				at.setUTCFullYear(at.getUTCFullYear() + (name === 'year' ? 1 : 0));
				const q = { reach: x.code, from, to: at.toISOString().slice(0, 10) };
				assert.equal(await listed('/api/v1/patrols', q), x.patrols[name], `${x.code} ${name}`);
				for (const l of x.levels) {
					assert.equal(await listed('/api/v1/patrols', { ...q, river: 'true', level: l.level || 'none' }), l[name].patrols, `${x.code} ${name} ${l.level}`);
					assert.equal(await listed('/api/v1/patrols', { ...q, river: 'true', level: l.level || 'none', valid: 'true' }), l[name].valid, `${x.code} ${name} ${l.level}, valid`);
				}
			}
			assert.equal(await listed('/api/v1/cases', { reach: x.code, state: 'open' }), x.open_cases);
			assert.equal(await listed('/api/v1/cases', { reach: x.code, state: 'open', class: 'hazard' }), x.open_hazards);
			assert.equal((await ask(centre, `/api/v1/overdue?reach=${x.code}`)).overdue.length, x.duties.overdue);
			assert.equal((await ask(centre, `/api/v1/duty?reach=${x.code}`)).duty.filter((d) => d.state !== 'exempt').length, x.duties.count);
		}
	});

	test('owed: the sums of the pages are those of the duties that they open, by grid and by reach', async () => {
		const pagesOf = async (path, member) => {
			const out = [];
			for (let cursor = ''; cursor !== null;) {
				const page = await ask(centre, `${path}${cursor && `${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`}`);
				out.push(...page[member]);
				cursor = page.next;
			}
			return out;
		};
		const need = (list) => list.reduce((n, d) => n + d.need, 0);
		const today = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10), year = Number(today.slice(0, 4));
		const after = new Date(Date.UTC(year, Number(today.slice(5, 7)), 1)).toISOString().slice(0, 10);
		const spans = { month: `from=${today.slice(0, 7)}-01&to=${after}`, year: `from=${year}-01-01&to=${year + 1}-01-01` };
		const sums = await pagesOf('/api/v1/owed', 'owed');
		assert.deepEqual([...new Set(sums.map((s) => s.level))], ['community']);
		for (const [span, q] of Object.entries(spans)) {
			for (const level of ['community'])
				for (const [figure, role] of [['patrols', ''], ['river_patrols', '&role=chief']]) {
					const list = await pagesOf(`/api/v1/duty?${q}&level=${level}${role}`, 'duty');
					const sum = sums.filter((s) => s.figure === figure && s.level === level).reduce((n, s) => n + s[span], 0);
					assert.equal(need(list), sum, `${span} ${level} ${figure}`);
					assert.ok(sum > 0, `${span} ${level} ${figure}`);
				}
			const all = await pagesOf(`/api/v1/duty?${q}`, 'duty');
			assert.deepEqual(await pagesOf(`/api/v1/duty?${q}&limit=1`, 'duty'), all, 'in pages of one, none is lost and none comes twice');
			assert.equal(new Set(all.map((d) => [d.person, d.rule, d.target, d.level, d.role].join())).size, all.length);
			for (const r of (await ask(centre, '/api/v1/reaches')).reaches)
				assert.equal(need(await pagesOf(`/api/v1/duty?${q}&role=chief&reach=${r.code}`, 'duty')), r.levels.reduce((n, l) => n + l[span].owed, 0), `${span} ${r.code}`);
		}
		const due = await pagesOf(`/api/v1/duty?last=${today}`, 'duty');
		assert.deepEqual(due, (await pagesOf('/api/v1/duty', 'duty')).filter((d) => d.last === today));
		assert.deepEqual((await ask(east, '/api/v1/owed')).owed, sums, 'all of it is of one community');
		assert.deepEqual((await ask(centre, `/api/v1/owed?scope=${COMMUNITY[1]}`)).owed, []);
		assert.deepEqual((await ask(centre, `/api/v1/duty?${spans.year}&scope=${COMMUNITY[1]}`)).duty, []);
		for (const q of ['from=2026-01-01', 'from=2024-01-01&to=2026-01-01', `${spans.month}&last=${today}`, 'last=yesterday', 'from=2026-01-01T05:00:00%2B08:00&to=2026-02-01'])
			assert.equal((await ask(centre, `/api/v1/duty?${q}`, '/api/v1/duty', 400)).code, 'bad_parameter', q);
	});

	test('exports by reach: the rows of the list; one that counts by area says so', async () => {
		const lines = async (q) => {
			const r = await centre.fetch(`/api/v1/exports/${q}&from=2020-01-01&to=2099-01-01`);
			return [r.status, (await r.text()).trim().split('\n').length - 1];
		};
		assert.deepEqual(await lines('patrols.csv?reach=*'), [200, (await ask(centre, '/api/v1/patrols?reach=*&from=2020-01-01&count=1')).total]);
		assert.deepEqual(await lines('cases.csv?reach=*'), [200, 2]);
		assert.deepEqual(await lines(`cases.csv?reach=${RIVER}&class=hazard`), [200, 1]);
		assert.deepEqual(await lines(`cases.csv?reach=${encodeURIComponent('石沟')}`), [200, 0]);
		assert.deepEqual(await lines(`overdue.csv?reach=${RIVER}`), [200, (await ask(centre, `/api/v1/overdue?reach=${RIVER}`)).overdue.length]);
		assert.ok((await lines(`duty.csv?reach=${encodeURIComponent('清水河')}`))[1] > 0);
		assert.equal((await lines(`duty.csv?reach=${encodeURIComponent('无此河')}`))[1], 0);
		const file = await centre.fetch('/api/v1/exports/patrols.xlsx?reach=*&from=2020-01-01&to=2099-01-01');
		assert.match(decodeURIComponent(file.headers.get('content-disposition')), /全部河段/);
		await file.arrayBuffer();
		for (const q of ['figures.csv?reach=*', `patrols.csv?reach=*&scope=${TOWN}`, 'workbook.xlsx?reach=*'])
			assert.equal((await lines(q))[0], 400, q);
	});

	test('figures of reaches: as of an area, from the records; what no reach has is refused', async () => {
		const figure = async (q) => (await ask(centre, `/api/v1/figures?${q}`)).figures.map((f) => [f.id, f.level, f.category, f.value, f.display]);
		const year = new Date(Date.now() + 8 * 3600e3).getUTCFullYear();
		for (const f of ['river_patrols', 'river_patrols_valid'])
			assert.deepEqual(await figure(`figure=${f}&reach=*&period=${year}`), await figure(`figure=${f}&period=${year}`), 'all river patrols are of a reach');
		const all = await figure(`reach=*&period=${year}`);
		assert.ok(all.some((f) => f[0] === 'findings_found' || f[0] === 'cases_received'), JSON.stringify(all.map((f) => f[0])));
		assert.ok(!all.some((f) => /^(visit|inspections|works|monitored|risk|aid)/.test(f[0])));
		const of = (id, category, rows = all) => rows.find((f) => f[0] === id && f[1] === '' && f[2] === category)?.[3];
		assert.deepEqual([of('cases_received', ''), of('cases_received', 'finding'), of('cases_received', 'hazard'), of('hazards_found', 'drowning')], [2, 1, 1, 1]);
		assert.equal((await ask(centre, `/api/v1/cases?figure=cases_received&scope=${RIVER}&period=${year}`.replace(`&period=${year}`, `&from=${year}-01-01`))).cases.length, 2, 'a figure of a reach has its cases');
		assert.equal(of('cases_received', '', await figure(`scope=${GULLY}&period=${year}`)), 0);
		const duty = (await ask(centre, `/api/v1/figures?figure=duty_rate&scope=${RIVER}&period=${year}`)).figures.find((f) => f.level === 'community');
		assert.ok(duty.denominator >= 0);
		assert.match((await ask(centre, '/api/v1/figures?figure=visits&reach=*', undefined, 400)).detail, /for areas, not for reaches/);
		assert.match((await ask(centre, `/api/v1/cases?reach=*&scope=${TOWN}`, undefined, 400)).detail, /place of scope/);
		assert.match((await ask(centre, `/api/v1/cases?reach=${'x'.repeat(129)}`, undefined, 400)).detail, /128 bytes/);
		const days = async (who, q) => (await ask(who, `/api/v1/series?reach=*&days=400&figure=${q}`)).days.reduce((n, d) => n + d.value, 0);
		assert.deepEqual([await days(centre, 'patrols'), await days(east, 'patrols')], [2, 1], 'an office sees its own');
		assert.deepEqual([await days(centre, 'river_patrols'), await days(centre, 'river_patrols_valid&level=community'), await days(centre, 'river_patrols&level=town'), await days(centre, 'patrols&category=gully')], [1, 1, 0, 1]);
		assert.equal((await ask(centre, '/api/v1/series?figure=events&reach=*', undefined, 400)).code, 'bad_parameter');
		assert.deepEqual((await ask(centre, `/api/v1/people?reach=${RIVER}`)).people.map((p) => p.place), (await ask(centre, `/api/v1/people?scope=${RIVER}`)).people.map((p) => p.place));
	});
});
