// acts.test.mjs - what officers do over HTTP: done once and on disk when it is answered, or not done at all.

import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { COMMUNITY, GRID, TOWN, Town, newEpoch, run, sleep, until } from '../lib/index.mjs';

describe('acts', { timeout: 150000 }, () => {
	let town, door, centre, centre2, office, other, leader;
	const epoch = newEpoch();
	let seq = 0, cases = 0, keys = 0;

	before(async () => {
		town = await Town.start({ server: true, broker: false });
		await town.import('people', 'id,name,phone\np-o1,郑庚,\np-o2,王辛,\np-lead,冯壬,\np-duty2,陈癸,\n');
		await town.import('appointments', `person,role,scope,level,valid_from,valid_to
p-o1,office,${COMMUNITY[0]},community,2023-01-01,
p-o2,office,${COMMUNITY[1]},community,2023-01-01,
p-lead,leader,${TOWN},town,2023-01-01,
p-duty2,centre,${TOWN},town,2023-01-01,
`);
		await town.enrol('d-0001', 'p-0001');
		for (const [name, person, role, scope] of [['centre', 'p-duty', 'centre', TOWN], ['centre2', 'p-duty2', 'centre', TOWN], ['office', 'p-o1', 'office', COMMUNITY[0]],
			['other', 'p-o2', 'office', COMMUNITY[1]], ['leader', 'p-lead', 'leader', TOWN], ['admin', 'p-admin', 'admin', '*']]) await town.user(name, person, role, scope);
		[centre, centre2, office, other, leader] = await Promise.all(['centre', 'centre2', 'office', 'other', 'leader'].map((u) => town.session(u)));
		door = await town.door();
	});
	after(() => town?.stop());

	/** A case just reported, and its ETag. */
	const report = async (more = {}) => {
		const id = `c-${++cases}`;
		const [ack] = await door.events('d-0001', [{ epoch, seq: ++seq, kind: 'case.report', at: Date.now(), scope: GRID[0], body: { case: id, class: 'finding', category: 'dumping', title: '垃圾', ...more } }]);
		assert.deepEqual(ack.results, []);
		return { id, etag: `"${await tag(id)}"` };
	};
	const tag = (id) => town.one(`SELECT "commit" FROM casus WHERE name = '${id}'`);
	const events = () => town.one('SELECT count(*) FROM event');
	const key = () => `key-${++keys}`;

	const act = async (session, c, body, headers = {}) => {
		const h = { 'content-type': 'application/json', 'if-match': c.etag, 'idempotency-key': key(), ...headers };
		for (const [k, v] of Object.entries(h)) if (v === undefined) delete h[k];
		const r = await session.fetch(`/api/v1/cases/${c.id}/actions`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), headers: h });
		const text = await r.text();
		if (r.status >= 400) {
			assert.match(r.headers.get('content-type'), /^application\/problem\+json/, text);
			assert.equal(JSON.parse(text).status, r.status);
		}
		return { status: r.status, etag: r.headers.get('etag'), retry: r.headers.get('retry-after'), body: JSON.parse(text) };
	};

	test('an act is on disk when it is answered, under the name of who did it', async () => {
		const c = await report();
		const r = await act(centre, c, { action: 'accept', note: '立案' });
		assert.equal(r.status, 200, JSON.stringify(r));
		assert.deepEqual({ ...r.body, commit: 0, event: 0 }, { case: c.id, commit: 0, etag: r.etag.slice(1, -1), state: 'accepted', version: 2, event: 0 });
		assert.equal(r.etag, `"${await tag(c.id)}"`);
		const [row] = await town.sql(`SELECT raw, person FROM event WHERE "commit" = ${r.body.commit}`);
		const e = JSON.parse(row.raw);
		assert.deepEqual([row.person, e.as, e.base, e.body], ['p-duty', { user: 'centre', role: 'centre', scope: TOWN }, `d-0001/${epoch}/${seq}`, { case: c.id, action: 'accept', note: '立案' }]);
		// the new version is the next act's
		const next = await act(centre, { id: c.id, etag: r.etag }, { action: 'dispatch', to: '城管中队', until: null });
		assert.deepEqual([next.status, next.body.state, next.body.version], [200, 'dispatched', 3], JSON.stringify(next));
		// `until` is an instant in words, and is kept in ms
		const due = '2099-01-01T18:00:00+08:00';
		const extended = await act(centre, { id: c.id, etag: next.etag }, { action: 'extend', until: due });
		assert.equal(extended.status, 200, JSON.stringify(extended));
		assert.equal(JSON.parse(await town.one(`SELECT raw FROM event WHERE "commit" = ${extended.body.commit}`)).body.until, Date.parse(due));
		// whoever reads the case finds it so, under the same ETag
		const seen = await centre.fetch(`/api/v1/cases/${c.id}`);
		assert.equal(seen.headers.get('etag'), extended.etag);
		assert.equal((await seen.json()).state, 'dispatched');
	});

	test('two officers at once: one wins, the other is told', async () => {
		const c = await report(), n = await events();
		const two = await Promise.all([act(centre, c, { action: 'accept' }), act(centre2, c, { action: 'decline', note: '重复' })]);
		assert.deepEqual(two.map((r) => r.status).sort(), [200, 412]);
		assert.equal(await events(), n + 1);
		const [won, lost] = two.sort((a, b) => a.status - b.status);
		assert.equal(lost.etag, won.etag, 'the loser learns the version that there is now');
		assert.equal(lost.body.code, 'stale');
	});

	test('a key asked for again gets the same answer, whatever was started anew in between', async () => {
		const c = await report(), k = key(), n = await events(), ask = () => act(centre, c, { note: 'x', action: 'accept' }, { 'idempotency-key': k });
		const first = await ask();
		assert.equal(first.status, 200);
		assert.deepEqual(await ask(), first);
		assert.deepEqual(await act(centre, { id: c.id, etag: first.etag }, '{ "action" : "accept", "note" : "x", "to" : null }', { 'idempotency-key': k }), first, 'the same question in other words');
		await town.ingest.kill();
		await town.startIngest();
		door = await town.door();
		await ready();
		assert.deepEqual(await ask(), first);
		await town.server.stop();
		await town.startServer();
		await ready();
		assert.deepEqual(await ask(), first);
		const other = await act(centre, { id: c.id, etag: first.etag }, { action: 'urge' }, { 'idempotency-key': k });
		assert.deepEqual([other.status, other.body.code], [422, 'key_reused']);
		assert.equal(await events(), n + 1);
	});

	/** Until an act passes: the server has found ingest again. */
	const ready = () => until(async () => (await centre.fetch('/readyz')).json().then((j) => j.ingest), 'the server to find ingest');

	test('refusals say why and store nothing', async () => {
		const c = await report(), n = await events();
		const answer = async (want, code, r) => {
			r = await r;
			assert.deepEqual([r.status, r.body.code], [want, code], JSON.stringify(r));
			return r;
		};
		const anyone = { fetch: (path, init) => fetch(town.base + path, { ...init, headers: { 'content-type': 'application/json', ...init.headers } }) };
		await answer(401, 'signed_out', act(anyone, c, { action: 'urge' }));
		await answer(403, 'bad_csrf', act(centre, c, { action: 'urge' }, { 'x-csrf-token': 'x'.repeat(43) }));
		await answer(403, 'foreign_origin', act(centre, c, { action: 'urge' }, { origin: 'http://elsewhere' }));
		await answer(415, 'bad_type', act(centre, c, { action: 'urge' }, { 'content-type': 'text/plain' }));
		await answer(428, 'if_match_required', act(centre, c, { action: 'urge' }, { 'if-match': undefined }));
		await answer(412, 'stale', act(centre, c, { action: 'urge' }, { 'if-match': `W/${c.etag}` }));
		for (const bad of ['*', '12', '"12', '"x"', '""', '"01"', '"1", "2"', `"${'9'.repeat(19)}"`]) await answer(400, 'bad_if_match', act(centre, c, { action: 'urge' }, { 'if-match': bad }));
		const stale = await answer(412, 'stale', act(centre, c, { action: 'urge' }, { 'if-match': '"1"' }));
		assert.equal(stale.etag, c.etag);
		for (const bad of [undefined, 'a b', 'é', 'k'.repeat(65)]) await answer(400, 'bad_key', act(centre, c, { action: 'urge' }, { 'idempotency-key': bad }));
		for (const bad of ['', '{', '[]', 'null', '"urge"', '{"action":"urge","action":"urge"}', '{"action":"urge"}x', '{"action":"ur\u0000ge"}']) await answer(400, 'bad_json', act(centre, c, bad));
		for (const [bad, at] of [[{}, '/action'], [{ action: 'explode' }, '/action'], [{ action: 1 }, '/action'], [{ action: 'urge', at: 5 }, '/at'], [{ action: 'urge', case: 'c-2' }, '/case'],
			[{ action: 'extend', until: 5 }, '/until'], [{ action: 'extend', until: '2026-02-30T00:00:00+08:00' }, '/until'], [{ action: 'extend', until: '2026-02-03' }, '/until'],
			[{ action: 'handle', result: 'fine' }, '/result'], [{ action: 'rate', rating: 5 }, '/rating'], [{ action: 'urge', note: 'n'.repeat(4001) }, '/note'], [{ action: 'dispatch', to: '' }, '/to']]) {
			const r = await answer(422, 'bad_action', act(centre, c, bad));
			assert.ok(r.body.detail.startsWith(`${at}:`), r.body.detail);
		}
		assert.equal((await act(centre, c, { action: 'urge', note: 'n'.repeat(66000) })).status, 413);
		await answer(404, 'not_found', act(centre, { id: 'c-none', etag: c.etag }, { action: 'urge' }));
		await answer(404, 'not_found', act(centre, { id: 'c'.repeat(37), etag: c.etag }, { action: 'urge' }));
		await answer(404, 'not_found', act(other, c, { action: 'accept' })); // outside of his scope there is no such case
		// what the case itself forbids: its state, what the act needs, who may
		for (const [s, body] of [[centre, { action: 'verify_pass' }], [centre, { action: 'decline' }], [centre, { action: 'dispatch', to: 'x' }], [centre, { action: 'reopen', note: 'x' }]]) {
			const r = await answer(409, 'illegal_transition', act(s, c, body));
			assert.equal(r.etag, c.etag);
		}
		for (const [s, body] of [[leader, { action: 'accept' }], [leader, { action: 'void', note: 'x' }], [office, { action: 'decline', note: 'x' }], [office, { action: 'void', note: 'x' }]])
			await answer(403, 'not_allowed', act(s, c, body));
		assert.equal(await events(), n);
		assert.equal(`"${await tag(c.id)}"`, c.etag);
		assert.deepEqual((await town.sql('SELECT (SELECT count(*) FROM held) h, (SELECT count(*) FROM reject) r'))[0], { h: 0, r: 0 });
	});

	test('ingest away, or hanging: an honest refusal within 5 s, and nothing half done', async () => {
		const c = await report(), n = await events(), k = key();
		const timed = async (what) => {
			const from = Date.now(), r = await what;
			assert.ok(Date.now() - from < 5000, `${Date.now() - from} ms`);
			assert.equal(r.status, 503, JSON.stringify(r));
			assert.ok(Number(r.retry) > 0);
			return r.body.code;
		};
		town.ingest.signal('SIGSTOP');
		assert.equal(await timed(act(centre, c, { action: 'accept' }, { 'idempotency-key': k })), 'outcome_unknown');
		await until(async () => !(await (await centre.fetch('/readyz')).json()).ingest, 'the server to see that ingest hangs');
		assert.equal(await timed(act(centre, c, { action: 'accept' })), 'ingest_away');
		town.ingest.signal('SIGCONT');
		await ready();
		assert.equal(await events(), n, 'what was given up is not done later');
		assert.equal((await act(centre, c, { action: 'accept' }, { 'idempotency-key': k })).status, 200);
		assert.equal(await events(), n + 1);
		await town.ingest.kill();
		await until(async () => !(await (await centre.fetch('/readyz')).json()).ingest, 'the server to see that ingest is gone');
		assert.equal(await timed(act(centre, { id: c.id, etag: `"${await tag(c.id)}"` }, { action: 'urge' })), 'ingest_away');
		await town.startIngest();
		door = await town.door();
		await ready();
		assert.equal(await events(), n + 1);
	});

	test('killed at each point of an act: answered means stored, asked again means once', async () => {
		for (const fault of ['acts.before_commit:1:kill', 'acts.after_commit:1:kill', 'acts.after_commit:1']) {
			const c = await report(), n = await events(), k = key(), ask = () => act(leader, c, { action: 'urge' }, { 'idempotency-key': k });
			await town.ingest.stop();
			await town.startIngest({ XUNGE_FAULT: fault });
			await ready();
			const r = await ask();
			assert.deepEqual([r.status, r.body.code], [503, 'outcome_unknown'], fault);
			await town.ingest.ended;
			assert.equal(await events(), n + (fault.startsWith('acts.after') ? 1 : 0));
			await town.startIngest();
			door = await town.door();
			await ready();
			const again = await ask();
			assert.equal(again.status, 200, JSON.stringify(again));
			assert.deepEqual(await ask(), again);
			assert.equal(await events(), n + 1);
		}
		// at any moment: many officers, one kill
		for (let round = 0; round < 3; round++) {
			const c = await report(), n = await events();
			const asks = Array.from({ length: 12 }, (_, i) => ({ k: key(), s: [centre, centre2, leader][i % 3] }));
			const answers = asks.map(({ k, s }) => act(s, c, { action: 'ack' }, { 'idempotency-key': k }));
			await Promise.race(answers);
			await town.ingest.kill();
			const first = await Promise.all(answers);
			await town.startIngest();
			door = await town.door();
			await ready();
			const done = first.filter((r) => r.status === 200).length;
			assert.ok(first.every((r) => [200, 412, 503].includes(r.status)), JSON.stringify(first.map((r) => r.status)));
			assert.ok(done <= 1, 'all named the same version');
			const second = await Promise.all(asks.map(({ k, s }) => act(s, c, { action: 'ack' }, { 'idempotency-key': k })));
			assert.equal(second.filter((r) => r.status === 200).length, 1);
			for (const [i, r] of first.entries()) if (r.status === 200) assert.deepEqual(second[i], r);
			assert.equal(await events(), n + 1);
		}
		assert.equal((await town.xunge(['check'])).code, 0);
	});

	test('an officer who hangs up is forgotten; what he asked for is done all the same', async () => {
		const c = await report(), n = await events();
		town.ingest.signal('SIGSTOP');
		const u = new URL(town.base), body = '{"action":"accept"}';
		const s = net.connect(u.port, u.hostname);
		s.write(`POST /api/v1/cases/${c.id}/actions HTTP/1.1\r\nHost: ${u.host}\r\nOrigin: ${town.base}\r\nCookie: ${centre.cookie}\r\nX-CSRF-Token: ${centre.me.csrf}\r\n`
			+ `Content-Type: application/json\r\nIf-Match: ${c.etag}\r\nIdempotency-Key: ${key()}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
		await sleep(200);
		s.destroy();
		town.ingest.signal('SIGCONT');
		await until(async () => (await events()) === n + 1, 'the act');
		assert.equal((await centre.fetch('/livez')).status, 200);
	});

	test('an account that is disabled acts no more', async () => {
		const c = await report(), n = await events();
		await town.user('leaving', 'p-duty2', 'centre', TOWN);
		const s = await town.session('leaving');
		town.server.signal('SIGSTOP'); // it does not know yet
		const asked = act(s, c, { action: 'accept' });
		await town.must('user', 'disable', 'leaving');
		town.server.signal('SIGCONT');
		assert.ok([401, 403].includes((await asked).status));
		assert.equal(await events(), n);
	});

	test('alerts: acknowledged once, by who may, whatever their id is made of', async () => {
		const c = await report({ severity: 1 }), n = await events();
		await town.ingest.stop(); // what raises alerts is not what is looked at here
		const ids = ['sos:p-0001', 'sos:p-0001/月巡/', 'sos:p-0001/月巡/QSH-01', 'sos:a b%2F?&#', `sos:${c.id}`]; // nobody drops these by the clock
		const rows = ids.map((id, i) => `('${id}','${id.split(':')[0]}','${id.slice(id.indexOf(':') + 1)}',2,${i === 4 ? `'${c.id}'` : 'NULL'},'t',${i === 3 ? 'NULL' : `'${GRID[0]}'`},1,1,0,1,'centre',1,1)`);
		const r = await run('sqlite3', [town.db, `INSERT INTO alert(id,type,subject,severity,casus,title,area,at,raised,late,active,told,"commit",rev) VALUES ${rows}`]);
		assert.equal(r.code, 0, r.err);
		await town.startIngest();
		door = await town.door();
		await ready();
		const ack = async (session, id, headers = {}) => {
			const x = await session.fetch(`/api/v1/alerts/${encodeURIComponent(id)}/ack`, { method: 'POST', body: '{}', headers });
			return { status: x.status, body: await x.json() };
		};
		assert.equal((await ack(centre, ids[0], { 'x-csrf-token': 'x' })).body.code, 'bad_csrf');
		assert.equal((await ack(office, ids[0])).body.code, 'not_allowed');
		assert.equal((await ack(other, ids[0])).body.code, 'not_found');
		assert.equal((await ack(centre, 'seq_gap:d-0009')).status, 404);
		for (const [i, id] of ids.entries()) {
			const first = await ack(leader, id);
			assert.equal(first.status, 200, `${id} ${JSON.stringify(first)}`);
			assert.deepEqual({ ...first.body, acked_at: 0, commit: 0 }, { alert: id, acked_by: 'p-lead', acked_at: 0, commit: 0 });
			assert.ok(Number.isInteger(first.body.commit) && Math.abs(Date.parse(first.body.acked_at) - Date.now()) < 60000);
			assert.deepEqual(await ack(centre, id), { status: 200, body: { ...first.body, commit: null } });
			assert.equal(await events(), n + (i === 4 ? 1 : 0)); // that of a case is an act on it
		}
	});

	test('the door says the same as HTTP', async () => {
		const c = await report(), version = Number(c.etag.slice(1, -1));
		const say = (more, body = '{"action":"urge"}') => door.call({ op: 'act', user: 'centre', case: c.id, expect: version, ...more }, body);
		assert.equal((await say({ user: 'nobody' })).answer.code, 'account_disabled');
		assert.equal((await say({ expect: undefined })).status, 428);
		assert.equal((await say({ expect: 'x' })).error.code, 'invalid');
		assert.equal((await say({ user: undefined })).error.code, 'invalid');
		assert.equal((await say({ by: 1 })).error.code, 'busy');
		const done = await say({ key: 'of the door'.replaceAll(' ', '-') });
		assert.equal(done.status, 200);
		assert.deepEqual(await say({ key: 'of-the-door' }).then(({ status, answer }) => ({ status, answer })), { status: 200, answer: done.answer });
		for (const device of ['office', 'ingest', 'server']) {
			const a = await door.events(device, [{ epoch: 'e', seq: 1, kind: 'case.act', at: Date.now(), person: 'p-duty', as: { user: 'centre', role: 'centre', scope: '*' }, body: { case: c.id, action: 'void', note: 'x' } }]);
			assert.equal(a[0].error.code, 'device_revoked');
		}
	});
});
