// The xunge command on its own: no ingest, no broker; it writes the database itself.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BUILD, DISTRICT, GRID, Proc, REGISTRY, TOWN, Town, run, until, within } from '../lib/index.mjs';

const XUNGE = path.join(BUILD, 'xunge');
const CLEAN = { XUNGE_CONFIG: '', XUNGE_STORE_PATH: undefined };
const COMMANDS = ['init', 'migrate', 'import', 'export', 'freeze', 'device add', 'device enrol', 'device revoke', 'device list',
	'user add', 'user passwd', 'user disable', 'user list', 'status', 'check', 'backup', 'restore'];

/** One line on stderr, and nothing on stdout. */
function oneLine(r, code, pattern) {
	assert.equal(r.code, code, r.err);
	assert.equal(r.out, '');
	assert.match(r.err, /^xunge[^\n]*\n$/);
	if (pattern) assert.match(r.err, pattern);
}

describe('the command without a daemon', () => {
	let town;
	before(async () => {
		town = await Town.start({ ingest: false, broker: false, registry: false });
	});
	after(() => town?.stop());
	const head = async () => JSON.parse(await town.must('status', '--json'));

	test('help, version, wrong usage', async () => {
		const all = await run(XUNGE, ['--help'], { env: CLEAN });
		assert.equal(all.code, 0);
		assert.equal((await run(XUNGE, ['help'], { env: CLEAN })).out, all.out);
		for (const name of COMMANDS) {
			const line = all.out.split('\n').find((l) => l.startsWith(`  ${name} `));
			assert.ok(line, `${name} is listed`);
			const h = await run(XUNGE, [...name.split(' '), '--help'], { env: CLEAN });
			assert.equal(h.code, 0);
			assert.ok(h.out.startsWith(`usage: xunge ${name}`), h.out);
			assert.equal((await run(XUNGE, ['help', ...name.split(' ')], { env: CLEAN })).out, h.out);
			assert.equal((await run(XUNGE, [...name.split(' '), '--version'], { env: CLEAN })).out, (await run(XUNGE, ['--version'])).out);
			oneLine(await town.xunge([...name.split(' '), '--no-such-option']), 2, /--no-such-option/);
		}
		assert.match((await run(XUNGE, ['--version'])).out, /^xunge \d+\.\d+\.\d+\n$/);
		assert.equal((await run(XUNGE, [], { env: CLEAN })).code, 2);
		oneLine(await town.xunge(['no-such-command']), 2, /no-such-command/);
		oneLine(await town.xunge(['device']), 2, /device/);
		oneLine(await town.xunge(['import', 'areas']), 2, /FILE/);
		oneLine(await town.xunge(['import', 'nonsense', town.conf]), 2, /nonsense/);
		oneLine(await town.xunge(['export', 'figures', '--from', '2026-01-01']), 2, /--to/);
		oneLine(await town.xunge(['export', 'figures', '--from', '2026-02-30', '--to', '2027-01-01']), 2, /2026-02-30/);
		oneLine(await town.xunge(['export', 'figures', '--from', '2026-01-01', '--to', '2026-01-01']), 2, /--to/);
		oneLine(await town.xunge(['export', 'figures', '--from', '2026-01-01', '--to', '2027-01-01', '--as-of', '999']), 2, /999/);
		oneLine(await town.xunge(['export', 'nothing', '--from', '2026-01-01', '--to', '2027-01-01']), 2, /nothing/);
	});

	test('the config: option, environment, folder, none', async () => {
		const here = town.path('here');
		mkdirSync(path.join(here, 'run'), { recursive: true });
		const env = (e) => ({ ...process.env, XUNGE_CONFIG: undefined, ...e });
		oneLine(await run(XUNGE, ['status'], { cwd: here, env: env() }), 1, /--config/);
		oneLine(await run(XUNGE, ['status', '--config', '/nonexistent.conf'], { cwd: here, env: env() }), 1, /nonexistent/);
		oneLine(await run(XUNGE, ['status', '--config'], { cwd: here, env: env() }), 2);
		writeFileSync(path.join(here, 'run/xunge.conf'), `[store]\npath = ${town.db}\n`);
		assert.equal((await run(XUNGE, ['status'], { cwd: here, env: env() })).code, 0);
		for (const args of [['--config', town.conf, 'status'], ['status', '--config', town.conf], ['status', `--config=${town.conf}`]])
			assert.equal((await run(XUNGE, args, { cwd: '/', env: env() })).code, 0);
		assert.equal((await run(XUNGE, ['status'], { cwd: '/', env: env({ XUNGE_CONFIG: town.conf }) })).code, 0);
		assert.equal((await run(XUNGE, ['status'], { cwd: '/', env: env({ XUNGE_STORE_PATH: town.db }) })).code, 0);
		oneLine(await run(XUNGE, ['status'], { cwd: here, env: env({ XUNGE_STORE_PATH: '/nonexistent.db' }) }), 1, /xunge init/);
	});

	test('init makes one database, and only one', async () => {
		oneLine(await town.xunge(['init']), 1, /already/);
		const s = await head();
		assert.match(s.db, /^[0-9a-f]{32}$/);
		assert.equal(s.commit, 1);
		assert.equal(s.ingest, null);
		assert.match(await town.must('migrate'), /nothing to do/);
		assert.match(await town.must('check'), /agrees/);
	});

	test('import: all of a file or none, dry run, GB18030, unchanged', async () => {
		const bad = town.write('bad.csv', 'code,name,valid_from,valid_to\n990101,示例区,,\n99010,短,,\n990101100,镇,2026-02-30,\n');
		const r = await town.xunge(['import', 'areas', bad]);
		assert.equal(r.code, 1);
		assert.equal(r.out, '');
		assert.match(r.err, /bad\.csv:3[^\n]*code/);
		assert.match(r.err, /bad\.csv:4[^\n]*valid_from/);
		assert.equal((await head()).commit, 1);

		const gb = town.path('gb.csv');
		const utf8 = town.write('utf8.csv', REGISTRY.areas);
		const conv = await run('iconv', ['-f', 'UTF-8', '-t', 'GB18030', '-o', gb, utf8]);
		assert.equal(conv.code, 0, conv.err);
		assert.notDeepEqual(readFileSync(gb), readFileSync(utf8));
		assert.match(await town.must('import', 'areas', gb, '--dry-run'), /8 inserted.*dry run/);
		assert.equal((await head()).commit, 1);
		assert.match(await town.must('import', 'areas', gb), /8 inserted, 0 updated, 0 unchanged, commit 2/);
		assert.match(await town.must('import', 'areas', utf8), /0 inserted, 0 updated, 8 unchanged\n/);
		assert.equal((await head()).commit, 2);
		assert.equal(await town.one(`SELECT name FROM area WHERE code = '${TOWN}'`), '示例镇');
		await town.import('areas', `code,name,valid_from,valid_to\n${TOWN},新名镇,,\n`);
		assert.deepEqual(await town.sql(`SELECT name, since, until FROM area WHERE code = '${TOWN}' ORDER BY since`),
			[{ name: '示例镇', since: 2, until: 3 }, { name: '新名镇', since: 3, until: null }]);
		await town.importAll({ reaches: REGISTRY.reaches, people: REGISTRY.people, appointments: REGISTRY.appointments });
		oneLine(await town.xunge(['import', 'areas', town.path('missing.csv')]), 1, /missing\.csv/);
		assert.deepEqual(readdirSync(town.dir).filter((f) => /staged/.test(f)), []);
		oneLine(await town.xunge(['import', 'events', utf8]), 1, /xunge-ingest/);
	});

	test('an import leaves no staging file, whatever ends it', async () => {
		const staged = () => readdirSync(town.dir).filter((f) => /^import-.*\.staged/.test(f)).sort();
		const pipe = town.path('areas.pipe');
		assert.equal((await run('mkfifo', [pipe])).code, 0);
		const hold = openSync(pipe, 'r+'); // a writer that says nothing: the import reads, and waits
		for (const sig of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
			const p = new Proc('import', XUNGE, ['--config', town.conf, 'import', 'areas', pipe]);
			await until(() => staged().length === 1, 'the import to begin');
			assert.deepEqual(await p.stop(sig), { code: null, signal: sig });
			assert.deepEqual(staged(), [], sig);
			assert.match(p.log, /^xunge import: ended by a signal [^\n]*\n$/);
		}
		// Killed, it cannot; the next one does. The file of a process that lives is its own.
		const killed = new Proc('import', XUNGE, ['--config', town.conf, 'import', 'areas', pipe]);
		await until(() => staged().length === 1, 'the import to begin');
		await killed.kill();
		closeSync(hold);
		assert.deepEqual(staged(), [`import-${killed.pid}.staged`]);
		town.write(`import-${process.pid}.staged`, '');
		const words = `import-${killed.pid}.staged.csv`;
		town.write(words, REGISTRY.areas.replace('示例镇', '新名镇'));
		await town.must('import', 'areas', town.path(words), '--dry-run');
		assert.deepEqual(staged(), [`import-${process.pid}.staged`, words].sort());
		for (const f of staged()) unlinkSync(town.path(f));
		// One that is started to outlive its terminal does.
		const calm = new Proc('nohup', 'nohup', [XUNGE, '--config', town.conf, 'import', 'areas', pipe]);
		const feed = openSync(pipe, 'r+');
		await until(() => staged().length === 1, 'the import to begin');
		calm.signal('SIGHUP');
		writeSync(feed, `code,name\n${TOWN},新名镇\n`);
		closeSync(feed);
		assert.deepEqual(await calm.ended, { code: 0, signal: null }, calm.log);
		assert.match(calm.out, /1 unchanged\n$/);
		assert.deepEqual(staged(), []);
	});

	test('devices', async () => {
		const out = await town.must('device', 'add', 'd-0001', '--person', 'p-0001', '--district', DISTRICT);
		assert.match(out, /^[A-Za-z0-9_-]{43}\n$/); // the secret, and nothing else
		assert.doesNotMatch(await town.one("SELECT group_concat(secret) FROM device"), new RegExp(out.trim()));
		oneLine(await town.xunge(['device', 'add', 'd-0001', '--person', 'p-0001', '--district', DISTRICT]), 1, /exists/);
		oneLine(await town.xunge(['device', 'add', 'D 1', '--person', 'p-0001', '--district', DISTRICT]), 1, /D 1/);
		oneLine(await town.xunge(['device', 'add', 'ingest', '--person', 'p-0001', '--district', DISTRICT]), 1, /ingest/);
		oneLine(await town.xunge(['device', 'add', 'd-0002', '--person', 'p-none', '--district', DISTRICT]), 1, /p-none/);
		oneLine(await town.xunge(['device', 'add', 'd-0002', '--person', 'p-0001']), 2, /--district/);
		const given = town.write('secret', 'a-secret-of-our-own-0123\nmore\n', 0o600);
		assert.equal(await town.must('device', 'add', 'd-0002', '--person', 'p-0002', '--district', DISTRICT, '--secret-file', given), 'a-secret-of-our-own-0123\n');
		await town.must('device', 'enrol', 'd-0002', '--person', 'p-0001');
		await town.must('device', 'revoke', 'd-0001');
		oneLine(await town.xunge(['device', 'revoke', 'd-none']), 1, /d-none/);
		const list = JSON.parse(await town.must('device', 'list', '--json'));
		assert.deepEqual(list.map((d) => [d.id, d.person, d.state]), [['d-0001', 'p-0001', 'revoked'], ['d-0002', 'p-0002', 'offline']]);
		assert.match(await town.must('device', 'list'), /^d-0001 .*revoked/m);
		const again = await town.must('device', 'add', 'd-0001', '--person', 'p-0002', '--district', DISTRICT);
		assert.notEqual(again, out);
	});

	test('users, with the password from standard input', async () => {
		const add = (name, role, input, more = []) => town.xunge(['user', 'add', name, '--role', role, ...more], { input });
		await town.user('duty', 'p-duty', 'centre', TOWN, 'eight-or-more');
		oneLine(await add('duty', 'centre', 'eight-or-more\n', ['--person', 'p-duty']), 1, /passwd/);
		oneLine(await add('short', 'admin', 'seven77\n'), 1);
		oneLine(await add('none', 'admin', ''), 1, /password/);
		oneLine(await add('king', 'king', 'eight-or-more\n'), 1, /king/);
		oneLine(await add('nobody', 'centre', 'eight-or-more\n', ['--person', 'p-none']), 1, /p-none/);
		assert.equal((await add('root', 'admin', 'no newline at all')).code, 0);
		const hash = () => town.one("SELECT hash FROM account WHERE name = 'duty' AND until IS NULL");
		const was = await hash();
		assert.match(was, /^\$argon2id\$/);
		assert.equal((await town.xunge(['user', 'passwd', 'duty'], { input: 'another-one\n' })).code, 0);
		assert.notEqual(await hash(), was);
		await town.must('user', 'disable', 'duty');
		oneLine(await town.xunge(['user', 'passwd', 'duty'], { input: 'another-one\n' }), 1, /disabled/);
		assert.deepEqual(JSON.parse(await town.must('user', 'list', '--json')).map((u) => [u.name, u.role, u.scope, u.state]),
			[['duty', 'centre', TOWN, 'disabled'], ['root', 'admin', '*', 'active']]);
	});

	test('a terminal is asked twice, without echo', async () => {
		const type = async (answers) => {
			const child = spawn('script', ['-qec', `"${XUNGE}" --config "${town.conf}" user passwd root`, '/dev/null'], { stdio: ['pipe', 'pipe', 'pipe'] });
			let seen = '';
			let asked = 0;
			child.stdout.setEncoding('utf8').on('data', (d) => {
				seen += d;
				const prompts = (seen.match(/(Password|Again): /g) ?? []).length;
				while (asked < prompts) child.stdin.write(`${answers[asked++]}\n`);
			});
			const timer = setTimeout(() => child.kill('SIGKILL'), 15000);
			const code = await new Promise((done) => child.on('close', done));
			clearTimeout(timer);
			return { code, seen };
		};
		const good = await within(type(['typed-by-hand', 'typed-by-hand']), 'the prompt', 20000);
		assert.equal(good.code, 0, good.seen);
		assert.match(good.seen, /new password/);
		assert.doesNotMatch(good.seen, /typed/);
		const bad = await within(type(['typed-by-hand', 'typed-by-foot']), 'the prompt', 20000);
		assert.equal(bad.code, 1, bad.seen);
		assert.match(bad.seen, /differ/);
	});

	test('another writer is named, nothing is written', async () => {
		const { commit } = await head();
		const r = await run('flock', ['-n', `${town.db}.lock`, XUNGE, '--config', town.conf, 'device', 'revoke', 'd-0001']);
		oneLine(r, 1, /another process writes/);
		oneLine(await run('flock', ['-n', `${town.db}.lock`, XUNGE, '--config', town.conf, 'restore', town.db]), 1);
		assert.equal((await head()).commit, commit);
	});

	test('output that cannot be written is a failure', async () => {
		const sh = (cmd) => run('sh', ['-c', cmd]);
		for (const args of ['status', 'device list', 'user list --json', 'help', 'export figures --from 2026-01-01 --to 2027-01-01'])
			assert.equal((await sh(`"${XUNGE}" --config "${town.conf}" ${args} >/dev/full`)).code, 1, args);
		oneLine(await town.xunge(['export', 'events', '--from', '2026-01-01', '--to', '2027-01-01', '-o', town.path('no/such/folder.csv')]), 1, /folder\.csv/);
	});

	test('backup and restore: another database id, the replaced one kept', async () => {
		const file = town.path('copy.db');
		const was = await head();
		assert.match(await town.must('backup', file), new RegExp(`commit ${was.commit}`));
		oneLine(await town.xunge(['backup', file]), 1, /exists/);
		await town.must('import', 'people', town.write('one.csv', 'id,name,phone\np-new,新甲,\n'));
		assert.equal((await head()).commit, was.commit + 1);
		oneLine(await town.xunge(['restore', town.path('none.db')]), 1, /none\.db/);
		oneLine(await town.xunge(['restore', town.conf]), 1);
		assert.equal((await head()).commit, was.commit + 1); // a failed restore changes nothing
		await town.must('restore', file);
		const now = await head();
		assert.equal(now.commit, was.commit);
		assert.match(now.db, /^[0-9a-f]{32}$/);
		assert.notEqual(now.db, was.db);
		assert.equal(readdirSync(town.dir).filter((f) => f.startsWith('town.db.replaced-')).length, 1);
		assert.ok(existsSync(file));
		assert.match(await town.must('check'), /agrees/);
	});

	test('check names what is wrong', async () => {
		const file = town.path('wrong.db');
		await town.must('backup', file);
		const r = await run('sqlite3', [file, `INSERT INTO tally VALUES('patrols','grid','river','${GRID[0]}',20260105,3,2)`]);
		assert.equal(r.code, 0, r.err);
		const c = await run(XUNGE, ['check'], { env: { XUNGE_STORE_PATH: file, XUNGE_CONFIG: '' } });
		assert.equal(c.code, 1);
		assert.match(c.out, /tally/);
		assert.match(c.err, /^xunge check: [^\n]*\n$/);
	});

	test('check prints the first fifty, and counts them all', async () => {
		const file = town.path('very-wrong.db');
		const env = { XUNGE_STORE_PATH: file, XUNGE_CONFIG: '' };
		const add = async (n) => {
			const r = await run('sqlite3', [file, `DELETE FROM area WHERE name = 'wrong'; WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ${n})
				INSERT INTO area SELECT '9' || i, 'wrong', NULL, NULL, 3, 3 FROM c`]);
			assert.equal(r.code, 0, r.err);
			return run(XUNGE, ['check'], { env });
		};
		await town.must('backup', file);
		for (const [n, lines, last] of [[50, 50, /^a registry row/], [51, 51, /^and 1 more$/], [173, 51, /^and 123 more$/]]) {
			const c = await add(n);
			const out = c.out.trimEnd().split('\n');
			assert.equal(c.code, 1);
			assert.equal(out.length, lines);
			assert.ok(out.slice(0, 50).every((l) => l.startsWith('a registry row')));
			assert.match(out.at(-1), last);
			assert.match(c.err, new RegExp(`^xunge check: [^\\n]* in ${n} places[^\\n]*\\n$`));
		}
	});
});
