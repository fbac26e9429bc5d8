// xunge simulate: what its ledger says was acknowledged is in the database, once, whatever was killed meanwhile.
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { BUILD, Proc, ROOT, Town, run, until } from '../lib/index.mjs';

const demo = (name) => readFileSync(path.join(ROOT, 'deploy/demo', name), 'utf8');
const DEVICES = 12;
let town;

before(async () => {
	town = await Town.start({ registry: { areas: demo('areas.csv'), reaches: demo('reaches.csv'), people: demo('people.csv'), appointments: demo('appointments.csv') } });
	// From the middle: workers of grids, patrollers and chiefs of reaches.
	for (let i = 0; i < DEVICES; i++) {
		const n = String(51 + i).padStart(4, '0');
		await town.enrol(`d-${n}`, `p-${n}`);
	}
	const lines = Object.entries(town.secrets).map(([id, secret]) => `device ${id} ${secret}\n`);
	town.write('access.txt', `user admin not-a-device\n${lines.join('')}`, 0o600);
});
after(() => town?.stop());

const simulate = (...args) => ['--config', town.conf, 'simulate', '--host', '127.0.0.1', '--port', String(town.mqttPort), '--access', town.path('access.txt'),
	'--town', path.join(ROOT, 'deploy/demo'), ...args];

/** The ledger, read as its head says: identity -> { state, text }. */
function ledger(dir) {
	const all = new Map();
	for (const line of readFileSync(path.join(dir, 'ledger'), 'utf8').trim().split('\n').slice(1)) {
		const [what, device, epoch, seq] = line.split(' ', 4);
		if (what === 'epoch' || what === 'total' || what === 'sent') continue;
		const id = `${device}/${epoch}/${seq}`;
		const old = all.get(id);
		if (what === 'made') all.set(id, { state: 'waiting', text: line.slice(line.indexOf('{')) });
		else all.set(id, { ...old, state: what });
	}
	return all;
}

async function audit(dir) {
	const made = ledger(dir);
	const rows = (table, more = '') => town.sql(`SELECT s.device || '/' || s.epoch || '/' || t.seq AS id ${more} FROM ${table} t JOIN stream s ON s.id = t.stream`);
	const stored = await rows('event', ', t.raw');
	const byId = new Map(stored.map((r) => [r.id, r.raw]));
	assert.equal(byId.size, stored.length, 'nothing is stored twice');
	const held = new Set((await rows('held')).map((r) => r.id));
	const rejected = new Set((await town.sql("SELECT device || '/' || epoch || '/' || seq AS id FROM reject")).map((r) => r.id));
	const count = {};
	for (const [id, { state, text }] of made) {
		count[state] = (count[state] ?? 0) + 1;
		if (state === 'acked') assert.equal(byId.get(id), text, `${id} was acknowledged`);
		if (state === 'held') assert.ok(held.has(id) || byId.has(id), `${id} was held`);
		if (state === 'rejected') assert.ok(rejected.has(id) && !byId.has(id), `${id} was rejected`);
	}
	for (const id of byId.keys()) assert.ok(made.has(id), `${id} is stored and was never made`);
	return count;
}

test('through kills of ingest and broker, bad events, duplicates, reinstalls, silence and wrong clocks', async () => {
	const dir = town.path('phones');
	const p = new Proc('simulate', path.join(BUILD, 'xunge'), simulate('--dir', dir, '--for', '9', '--rate', '80', '--drain', '60', '--hurry', '40', '--offline', '0.3',
		'--bad', '0.05', '--duplicates', '0.2', '--reinstalls', '0.005', '--clocks', '0.3', '--seed', '11'));
	await until(async () => (await town.one('SELECT count(*) FROM event')) > 60, 'the first events');
	await town.ingest.kill();
	await town.startIngest();
	await until(async () => (await town.one('SELECT count(*) FROM event')) > 200, 'more events');
	await town.broker.kill();
	town.portFixed = true;
	await town.startBroker();
	await town.linked();
	await until(() => !p.alive, 'simulate to end', 90000, 100);
	await p.ended;
	assert.deepEqual(p.exit, { code: 0, signal: null }, p.out + p.log);
	const line = /^made (\d+), acknowledged (\d+), rejected (\d+), held (\d+), waiting (\d+), lost (\d+)$/m.exec(p.out);
	assert.ok(line, p.out);
	const [made, acked, rejected, held, waiting, lost] = line.slice(1).map(Number);
	const dropped = Number(/dropped by phones (\d+)/.exec(p.out)[1]);
	assert.ok(made > 300, p.out);
	assert.ok(rejected > 0 && held > 0, p.out);
	assert.equal(waiting, 0);
	assert.equal(lost, 0);
	assert.equal(made, acked + rejected + held + dropped);
	const count = await audit(dir);
	assert.equal(count.acked, acked);
	assert.equal(count.rejected, rejected);
	assert.equal(count.held, held);
	assert.equal(await town.one("SELECT count(DISTINCT kind) FROM event WHERE kind IN (1,2,3)"), 3, 'patrols start, go and end');
	await town.must('check');
});

test('goes on with its ledger, and says by its status that answers are missing', async () => {
	const dir = town.path('again');
	await town.ingest.stop();
	let r = await run(path.join(BUILD, 'xunge'), simulate('--dir', dir, '--for', '1', '--rate', '60', '--drain', '1', '--offline', '0', '--reinstalls', '0', '--clocks', '0'));
	assert.equal(r.code, 1, r.out + r.err);
	const first = /^made (\d+), acknowledged 0, rejected 0, held 0, waiting (\d+), lost 0$/m.exec(r.out);
	assert.ok(first && Number(first[1]) > 0 && first[1] === first[2], r.out);
	appendFileSync(path.join(dir, 'ledger'), 'made d-0051 cut-off-while-it-was-wri');
	await town.startIngest();
	r = await run(path.join(BUILD, 'xunge'), simulate('--dir', dir, '--for', '1', '--rate', '0', '--drain', '60', '--hurry', '40', '--offline', '0'));
	assert.equal(r.code, 0, r.out + r.err);
	assert.match(r.out, new RegExp(`^made ${first[1]}, acknowledged ${first[1]}, rejected 0, held 0, waiting 0, lost 0$`, 'm'));
});

test('gives a platform restored from a backup what it has forgotten', async () => {
	const dir = town.path('restored');
	const go = async (rate) => {
		const r = await run(path.join(BUILD, 'xunge'), simulate('--dir', dir, '--for', '2', '--rate', rate, '--drain', '60', '--hurry', '40', '--offline', '0', '--reinstalls', '0', '--clocks', '0'));
		assert.equal(r.code, 0, r.out + r.err);
		return { made: Number(/^made (\d+)/m.exec(r.out)[1]), acked: Number(/acknowledged (\d+)/.exec(r.out)[1]), asked: Number(/asked again (\d+)/.exec(r.out)[1]) };
	};
	const before = await go('60');
	await town.must('backup', town.path('backup.db'));
	const then = await go('60');
	assert.equal(then.asked, 0);
	await town.ingest.stop();
	await town.must('restore', town.path('backup.db'));
	await town.startIngest();
	const end = await go('0');
	assert.equal(end.asked, then.made - before.made);
	assert.equal(end.acked, then.made);
	const stored = new Set((await town.sql("SELECT s.device || '/' || s.epoch || '/' || e.seq AS id FROM event e JOIN stream s ON s.id = e.stream")).map((r) => r.id));
	for (const [id, { state }] of ledger(dir)) assert.ok(state === 'acked' && stored.has(id), `${id} ${state}`);
	await town.must('check');
});

test('one clear line for what is wrong', async () => {
	for (const [args, code, says] of [
		[['--rate', 'x'], 2, /--rate x: want a number/],
		[['--devices', '99', '--dir', town.path('none')], 1, /has 12 devices; --devices asks for 99/],
		[['--town', '/nonexistent', '--dir', town.path('none')], 2, /--town is given twice/],
		[['--frequency', '1'], 2, /no such option/],
	]) {
		const r = await run(path.join(BUILD, 'xunge'), simulate(...args));
		assert.equal(r.code, code, r.err);
		assert.match(r.err, says);
		assert.equal(r.err.trim().split('\n').length, 1);
	}
	const r = await run(path.join(BUILD, 'xunge'), ['--config', town.conf, 'simulate', '--help']);
	assert.equal(r.code, 0);
	assert.match(r.out, /--devices N/);
});
