// Somebody gives himself another password, over HTTP: what is asked, what it ends, what is refused.  And the figures of each area.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { COMMUNITY, GRID, TOWN, Town, until } from '../lib/index.mjs';

describe('own password', { timeout: 120000 }, () => {
	let town;

	before(async () => {
		town = await Town.start({ server: true });
		await town.user('duty', 'p-duty', 'centre', TOWN, 'first-password');
		await town.user('office', 'p-duty', 'office', COMMUNITY[0], 'office-password');
	});
	after(() => town.stop());

	const change = async (who, old, next, headers = {}, body) => {
		const r = await who.fetch('/api/v1/me/password', { method: 'POST', body: body ?? JSON.stringify({ old, new: next }), headers });

		return { status: r.status, wait: r.headers.get('retry-after'), store: r.headers.get('cache-control'), ...(await r.json()) };
	};
	const me = (s) => s.fetch('/api/v1/me').then((r) => r.status);

	test('it holds at once: this session goes on, the others and their streams end, the old password opens nothing', async () => {
		const here = await town.session('duty');
		const there = await town.session('duty');
		const live = await there.live();
		const mine = await here.live();
		const other = await town.session('office');
		const r = await change(here, 'first-password', '第二个密码');

		assert.deepEqual([r.status, r.user, r.store], [200, 'duty', 'no-store'], JSON.stringify(r));
		assert.equal(r.commit, await town.one('SELECT max("commit") FROM change WHERE what = \'user password duty\''));
		assert.deepEqual([await me(here), await me(there), await me(other)], [200, 401, 200]);
		assert.equal((await until(() => live.close, 'the other stream to end')).code, 4403);
		assert.equal(mine.close, null);
		await assert.rejects(town.session('duty'), { status: 401 });
		town.passwords.duty = '第二个密码';
		await town.session('duty');
		// a restart of the server knows it, too
		await town.server.stop();
		await town.startServer();
		await until(async () => (await me(here)) === 200, 'the session to be known again');
		mine.end();
	});

	test('what is refused changes nothing, and is said', async () => {
		const s = await town.session('duty');
		const head = await town.one('SELECT max("commit") FROM change');

		await until(async () => (await (await s.fetch('/readyz')).json()).ingest, 'the server to be linked');
		for (const [want, code, says, ...args] of [
			[403, 'wrong_password', /not your password/, 'not it', 'long enough'],
			[422, 'bad_password', /8 to 128 bytes/, '第二个密码', 'short77'],
			[422, 'bad_password', /8 to 128 bytes/, '第二个密码', 'x'.repeat(129)],
			[422, 'bad_password', /control characters/, '第二个密码', 'line\nbreak'],
			[422, 'bad_password', /is the old one/, '第二个密码', '第二个密码'],
			[400, 'bad_json', /old/, '第二个密码', undefined],
			[400, 'bad_json', /old/, 1, 'long enough'],
			[400, 'bad_json', /old/, '', '', {}, '{"old":"a","new":"long enough","user":"office"}'],
			[415, 'bad_type', /json/, 'a', 'long enough', { 'content-type': 'text/plain' }],
			[403, 'bad_csrf', /CSRF/, '第二个密码', 'long enough', { 'x-csrf-token': 'x' }],
			[403, 'foreign_origin', /site/, '第二个密码', 'long enough', { origin: 'http://evil.example' }],
		]) {
			const r = await change(s, ...args);

			assert.deepEqual([r.status, r.code], [want, code], JSON.stringify(args));
			assert.match(r.detail, says);
		}
		assert.equal((await fetch(`${town.base}/api/v1/me/password`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).status, 401);
		assert.equal(await town.one('SELECT max("commit") FROM change'), head);
		assert.equal(await me(s), 200);
	});

	test('guessing the old one is as slow as guessing at sign-in', async () => {
		const s = await town.session('office');
		let r;

		for (let i = 0; i < 8; i++)
			if ((r = await change(s, `guess ${i}`, 'long enough')).status !== 403)
				break;
		assert.deepEqual([r.status, r.code], [429, 'locked']);
		assert.ok(Number(r.wait) > 20, r.wait);
		await assert.rejects(town.session('office'), { status: 429 }, 'sign-in from here waits, too');
	});

	test('ingest is away: said, and nothing changes; two at once: one holds', async () => {
		const s = await town.session('duty');

		await town.ingest.stop();
		await until(async () => (await change(s, '第二个密码', 'third password')).code === 'ingest_away', 'the server to see it');
		await town.startIngest();
		await until(async () => (await (await s.fetch('/readyz')).json()).ingest, 'the server to be linked again');
		const both = await Promise.all([change(s, '第二个密码', 'fourth-a'), change(s, '第二个密码', 'fourth-b')]);

		assert.deepEqual(both.map((r) => r.status).sort(), [200, 409], JSON.stringify(both));
		assert.equal(both.find((r) => r.status === 409).code, 'changed');
		town.passwords.duty = both[0].status === 200 ? 'fourth-a' : 'fourth-b';
		await town.session('duty');
	});

	test('figures by area over HTTP: the place and its communities, as the command gives them', async () => {
		const d = await town.device('d-0001', 'p-0001');
		const s = await town.session('duty');
		const today = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
		const next = new Date(Date.now() + 32 * 3600e3).toISOString().slice(0, 10);

		await d.send('patrol.start', { patrol: 'a', route: 'grid', target: GRID[0] });
		const q = `from=${today}&to=${next}&at=${next}T00:00:00%2B08:00&scope=${TOWN}`;
		const text = await (await s.fetch(`/api/v1/exports/areas.json?${q}`)).text();
		const rows = JSON.parse(text).rows.filter((r) => r.figure === 'patrols');

		assert.deepEqual(rows.map((r) => [r.area, r.value, r.definition]), [[TOWN, 1, 'patrols/1'], [COMMUNITY[0], 1, 'patrols/1'], [COMMUNITY[1], 0, 'patrols/1']]);
		assert.equal(text, await town.must('export', 'areas', '--from', today, '--to', next, '--at', `${next}T00:00:00+08:00`, '--scope', TOWN, '--format', 'json'));
		assert.equal((await s.fetch(`/api/v1/exports/areas.json?from=${today}&to=${next}&scope=990102`)).status, 403);
	});
});
