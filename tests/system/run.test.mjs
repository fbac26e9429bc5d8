// deploy/run.sh, the whole platform in the foreground: starts, stays up, stops, goes on, and says in one line what hinders it.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { BUILD, Device, Proc, ROOT, Session, freePort, run, sleep, until } from '../lib/index.mjs';

const SCRIPT = path.join(ROOT, 'deploy/run.sh');
let tmp;
const running = [];

before(() => {
	tmp = mkdtempSync(path.join(os.tmpdir(), 'xg-run-'));
});
after(async () => {
	for (const r of running) await r.proc?.stop('SIGTERM', 30000).catch(() => {});
	rmSync(tmp, { recursive: true, force: true });
});

class Run {
	constructor(name, { demo = 0, build = BUILD } = {}) {
		Object.assign(this, { dir: path.join(tmp, name), demo, build });
		running.push(this);
	}

	async args() {
		this.http ??= await freePort();
		this.mqtt ??= await freePort();
		return [this.build, this.dir, String(this.http), String(this.mqtt), String(this.demo)];
	}

	async start() {
		this.proc = new Proc('run', SCRIPT, await this.args());
		await until(() => existsSync(this.path('ready')) || !this.proc.alive, 'RUN/ready', 60000, 50);
		assert.ok(this.proc.alive, `${this.proc.out}${this.proc.log}`);
		return this;
	}

	/** Runs it to its end: {code, out, err}. */
	async once() {
		return run(SCRIPT, await this.args(), { ms: 60000 });
	}

	path(name) {
		return path.join(this.dir, name);
	}

	access(kind, name) {
		return readFileSync(this.path('access.txt'), 'utf8').split('\n').map((l) => l.split(' ')).find((f) => f[0] === kind && f[1] === name)?.[2];
	}

	/** pid of its daemon, by the program's name. */
	pid(program) {
		for (const p of readdirSync('/proc').filter((n) => /^\d+$/.test(n)))
			try {
				const stat = readFileSync(`/proc/${p}/stat`, 'utf8');
				const [, comm, ppid] = /^\d+ \((.*)\) . (\d+)/s.exec(stat);
				if (Number(ppid) === this.proc.pid && comm === program.slice(0, 15)) return Number(p);
			} catch {
				// it has ended
			}
		return 0;
	}

	ready() {
		return fetch(`http://127.0.0.1:${this.http}/readyz`, { signal: AbortSignal.timeout(2000) }).then((r) => r.status === 200, () => false);
	}

	status() {
		return run(path.join(this.build, 'xunge'), ['--config', this.path('xunge.conf'), 'status', '--json']).then((r) => JSON.parse(r.out));
	}
}

const alive = (pid) => existsSync(`/proc/${pid}`) && !/^State:\sZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
const oneLine = (r, says) => {
	assert.equal(r.code, 1, r.out + r.err);
	assert.equal((r.out + r.err).trim().split('\n').length, 1, r.out + r.err);
	assert.match(r.err, says);
};

test('an empty platform: made, signed in to, mended, stopped, gone on with', async () => {
	const r = await new Run('empty').start();
	assert.equal(statSync(r.dir).mode & 0o777, 0o700);
	assert.equal(statSync(r.path('access.txt')).mode & 0o777, 0o600);
	assert.deepEqual(readFileSync(r.path('access.txt'), 'utf8').trim().split('\n').map((l) => l.split(' ').slice(0, 2)), [['user', 'admin']]);
	assert.match(r.proc.out, new RegExp(`http://127.0.0.1:${r.http}/`));
	assert.ok(r.proc.out.includes(r.access('user', 'admin')), 'the sign-in is printed');
	const me = (await Session.open(`http://127.0.0.1:${r.http}`, 'admin', r.access('user', 'admin'))).me;
	assert.equal(me.scope, '*');

	// What hinders a second one, each in one line; the first goes on.
	oneLine(await run(SCRIPT, [BUILD, r.dir, String(await freePort()), String(await freePort()), '0']), /empty is in use by another make run \(pid \d+\)/);
	oneLine(await run(SCRIPT, [BUILD, path.join(tmp, 'other'), String(r.http), String(await freePort()), '0']), new RegExp(`port ${r.http} is in use .*make run HTTP=`));
	oneLine(await run(SCRIPT, [BUILD, path.join(tmp, 'other'), String(await freePort()), String(r.mqtt), '0']), new RegExp(`port ${r.mqtt} is in use .*make run MQTT=`));
	assert.ok(!existsSync(path.join(tmp, 'other')), 'a start that is refused makes no folder');
	assert.ok(await r.ready());

	for (const program of ['xunge-ingest', 'mosquitto', 'xunge-server']) {
		const was = r.pid(program);
		assert.ok(was, `${program} runs`);
		process.kill(was, 'SIGKILL');
		await until(() => r.pid(program) && r.pid(program) !== was, `${program} to be started again`, 20000);
		await until(() => r.ready(), `all to be up after ${program} died`, 20000);
	}
	assert.match(readFileSync(r.path('log/run.log'), 'utf8'), /ingest ended \(status 137\)/);

	// It waits, and does not turn round and round: its one sleep at a time is 2 s long.
	const sleeps = new Set();
	for (let i = 0; i < 100; i++) {
		sleeps.add(r.pid('sleep'));
		await sleep(15);
	}
	sleeps.delete(0);
	assert.ok(sleeps.size <= 3, `${sleeps.size} sleeps in 1.5 s`);

	const children = ['xunge-ingest', 'mosquitto', 'xunge-server'].map((p) => r.pid(p));
	const password = r.access('user', 'admin');
	assert.deepEqual(await r.proc.stop('SIGTERM', 30000), { code: 0, signal: null });
	assert.ok(!existsSync(r.path('ready')));
	assert.deepEqual(children.filter(alive), []);

	await r.start();
	assert.equal(r.access('user', 'admin'), password);
	await Session.open(`http://127.0.0.1:${r.http}`, 'admin', password);
	assert.deepEqual(await r.proc.stop('SIGINT', 30000), { code: 0, signal: null });

	// A database of a newer program.
	const version = Number((await run('sqlite3', [r.path('xunge.db'), 'PRAGMA user_version'])).out);
	await run('sqlite3', [r.path('xunge.db'), `PRAGMA user_version = ${version + 1}`]);
	oneLine(await r.once(), /xunge\.db.*version|version.*xunge\.db/);
});

test('the demo town: its devices report, its accounts work, and it survives being killed', async () => {
	const r = await new Run('town', { demo: 1 }).start();
	const accounts = readFileSync(r.path('access.txt'), 'utf8').trim().split('\n').map((l) => l.split(' '));
	assert.deepEqual(accounts.filter((a) => a[0] === 'user').map((a) => a[1]), ['admin', 'centre', 'centre2', 'leader', 'verifier', 'district', 'office', 'office3', 'office4', 'handler', 'chief']);
	// Its history was taken, all of it; what is left to wait is acts whose case is not what they need.
	assert.match(readFileSync(r.path('log/setup.log'), 'utf8'), /^events: [1-9]\d{4} stored, 0 duplicate, \d+ held, 0 conflict, 0 rejected, 0 not sent, 0 unanswered$/m);
	assert.equal(existsSync(r.path('history.ndjson')), false);
	assert.ok(accounts.filter((a) => a[0] === 'device').length >= 70);
	const me = (await Session.open(`http://127.0.0.1:${r.http}`, 'centre', r.access('user', 'centre'))).me;
	assert.equal(me.scope, '990101100');
	await until(async () => /made|acked/.test(readFileSync(r.path('simulate/ledger'), 'utf8')), 'the simulated devices to report', 30000, 200);

	// The one device that is not simulated.
	const d = await Device.connect(`mqtt://127.0.0.1:${r.mqtt}`, 'd-0100', r.access('device', 'd-0100'));
	assert.equal((await d.send('inspect', { topic: 'gas_check', result: 'ok' })).status, 'stored');
	await d.end();

	const children = ['xunge-ingest', 'mosquitto', 'xunge-server', 'xunge'].map((p) => r.pid(p));
	assert.ok(children.every((p) => p > 0), `${children}`);
	const head = (await r.status()).head?.commit ?? (await r.status()).commit;
	assert.ok(head > 0);
	await r.proc.kill();
	await until(() => !children.some(alive), 'the daemons to end with it', 30000);

	await r.start();
	assert.ok(((await r.status()).head?.commit ?? (await r.status()).commit) >= head);
	assert.deepEqual(await r.proc.stop('SIGTERM', 30000), { code: 0, signal: null });
	assert.match(readFileSync(r.path('log/simulate.log'), 'utf8'), /made \d+, acknowledged \d+, rejected \d+, held \d+, waiting \d+, lost 0$/m);
	const check = await run(path.join(BUILD, 'xunge'), ['--config', r.path('xunge.conf'), 'check']);
	assert.equal(check.code, 0, check.out + check.err);
});

test('a start that is broken off is begun again', async () => {
	const r = new Run('broken', { demo: 1 });
	const p = (r.proc = new Proc('run', SCRIPT, await r.args()));
	await until(() => existsSync(r.path('access.txt')) && /^device /m.test(readFileSync(r.path('access.txt'), 'utf8')), 'accounts to be made', 30000, 10);
	assert.deepEqual(await p.stop('SIGTERM', 30000), { code: 0, signal: null }, p.out + p.log);
	assert.ok(existsSync(r.path('making')) || existsSync(r.path('xunge.db')));
	await r.start();
	assert.ok(!existsSync(r.path('making')));
	assert.equal(readFileSync(r.path('access.txt'), 'utf8').match(/^user centre /gm).length, 1);
	await Session.open(`http://127.0.0.1:${r.http}`, 'centre', r.access('user', 'centre'));
	assert.deepEqual(await r.proc.stop('SIGTERM', 30000), { code: 0, signal: null });
});

test('what is missing or wrong is one line', async () => {
	const part = path.join(tmp, 'part');
	mkdirSync(part);
	for (const p of ['xunge', 'xunge-server']) symlinkSync(path.join(BUILD, p), path.join(part, p));
	oneLine(await new Run('x', { build: part }).once(), /missing program .*xunge-ingest/);
	writeFileSync(path.join(part, 'xunge-ingest'), '#!/bin/sh\necho "ingest: no luck today" >&2\nexit 1\n');
	chmodSync(path.join(part, 'xunge-ingest'), 0o755);
	oneLine(await new Run('x', { build: part }).once(), /ingest does not start.*ingest: no luck today/);
	oneLine(await run(SCRIPT, [BUILD, path.join(tmp, 'x'), '0', '1883', '0']), /HTTP=0 is no port/);
	oneLine(await run(SCRIPT, [BUILD, path.join(tmp, 'x'), '8080', '8080', '0']), /choose two ports/);
	oneLine(await run(SCRIPT, [BUILD, '/proc/x', String(await freePort()), String(await freePort()), '0']), /cannot make the folder/);
	assert.equal((await run(SCRIPT, [])).code, 2);
	const s = net.createServer().listen(0, '0.0.0.0');
	await new Promise((done) => s.once('listening', done));
	oneLine(await run(SCRIPT, [BUILD, path.join(tmp, 'x'), String(s.address().port), String(await freePort()), '0']), /is in use/);
	s.close();
});
