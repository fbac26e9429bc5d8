// place.mjs - what a benchmark run needs around it: a folder, a broker, the daemons, their cost.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Proc, freePort, run } from '../lib/proc.mjs';
import { until } from '../lib/wait.mjs';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const BUILD = process.env.XUNGE_BUILD ?? path.join(ROOT, 'build');
export const PASSWORD = 'bench-password', USER = 'bench', SCOPE = '990101100';
export const bin = (name) => path.join(BUILD, name);
const HERE = fileURLToPath(new URL('.', import.meta.url));
const TRIES = 5; // for ports that somebody takes before the broker does

const templates = new Map(); // devices and build -> folder with town.db, devices.txt, passwd
const folders = [];

export function folder() {
	const d = mkdtempSync(path.join(os.tmpdir(), 'xb-'));
	folders.push(d);
	return d;
}

export function drop(dir) {
	rmSync(dir, { recursive: true, force: true });
	folders.splice(folders.indexOf(dir), 1);
}

process.on('exit', () => folders.forEach((d) => rmSync(d, { recursive: true, force: true })));

/** Does somebody listen on that port of the loopback? */
function accepts(port) {
	return new Promise((yes) => {
		const s = net.connect(port, '127.0.0.1', () => { s.destroy(); yes(true); });
		s.on('error', () => yes(false));
	});
}

async function template(devices, build) {
	const key = `${devices} ${build}`;
	if (!templates.has(key)) {
		const dir = folder();
		const r = await run(path.join(build, 'bench/b_town'), [dir, String(devices)], { ms: 120000 });
		if (r.code !== 0) throw new Error(`b_town: ${r.err}`);
		templates.set(key, dir);
	}
	return templates.get(key);
}

/** A child that speaks lines of JSON on standard output and takes a byte on standard input. */
export class Talker extends Proc {
	constructor(name, command, args, opts = {}) {
		super(name, command, args, { ...opts, stdin: 'pipe' });
		this.child.stdin.on('error', () => {});
	}

	/** Its nth line (from 0), parsed. */
	async said(n, ms = 60000) {
		await until(() => this.out.split('\n').length > n + 1 || !this.alive, `${this.name}, line ${n + 1}`, ms, 2);
		const lines = this.out.split('\n');
		if (lines.length <= n + 1) throw new Error(`${this.name} ended (${JSON.stringify(this.exit)})\n${this.tail()}`);
		return JSON.parse(lines[n]);
	}

	say(text) {
		this.child.stdin.write(text);
	}
}

export class Place {
	/** A folder with the database and a running broker; build: whose programs (another build, to compare with). */
	static async make(devices, build = BUILD) {
		const p = new Place();
		const from = await template(devices, build);
		p.build = build;
		p.dir = folder();
		for (const f of ['town.db', 'devices.txt', 'passwd']) copyFileSync(path.join(from, f), p.path(f));
		mkdirSync(p.path('broker'));
		mkdirSync(p.path('files'));
		writeFileSync(p.path('ingest.pw'), `${PASSWORD}\n`, { mode: 0o600 });
		writeFileSync(p.path('extra'), readFileSync(p.path('passwd'), 'utf8').split('\n').filter((l) => l.startsWith('ingest:')).join('\n') + '\n');
		p.httpPort = await freePort();
		writeFileSync(p.path('xunge.conf'), `[store]\npath = town.db\n[ingest]\nsocket = door.sock\n[mqtt]\nsocket = mq.sock\nuser = ingest\n` +
			`password_file = ingest.pw\n[broker]\npasswd_file = passwd\nextra_file = extra\npid_file = broker.pid\n[server]\nlisten = 127.0.0.1\n` +
			`port = ${p.httpPort}\ndb = server.db\nweb = ${path.join(ROOT, 'server/web')}\n[files]\ndir = files\n`, { mode: 0o600 });
		await p.#broker();
		return p;
	}

	constructor() {
		this.procs = [];
	}

	path(name) {
		return path.join(this.dir, name);
	}

	#add(p) {
		this.procs.push(p);
		return p;
	}

	async #broker() {
		for (let i = 1; ; i++) {
			this.mqttPort = await freePort();
			const values = { USER: os.userInfo().username, PID: this.path('broker.pid'), PASSWD: this.path('passwd'),
				ACL: path.join(ROOT, 'deploy/mosquitto.acl'), DIR: this.path('broker'), MQTT_BIND: '127.0.0.1', MQTT_PORT: this.mqttPort,
				MQTT_SOCKET: this.path('mq.sock') };
			const text = readFileSync(path.join(ROOT, 'deploy/mosquitto.conf.in'), 'utf8')
				.replace(/^(?!#)(.*)$/gm, (line) => line.replace(/@([A-Z_]+)@/g, (all, k) => values[k] ?? all));
			writeFileSync(this.path('mosquitto.conf'), text);
			this.broker = this.#add(new Proc('mosquitto', 'mosquitto', ['-c', this.path('mosquitto.conf')]));
			try {
				return await until(async () => (await accepts(this.mqttPort)) || !this.broker.alive, 'the broker to listen', 15000, 10)
					.then(() => { if (!this.broker.alive) throw new Error(`the broker ended\n${this.broker.tail()}`); });
			} catch (e) {
				if (i === TRIES || !/Address already in use/.test(this.broker.log)) throw e;
			}
		}
	}

	async ingest() {
		const p = this.#add(new Proc('ingest', path.join(this.build, 'xunge-ingest'), ['--config', this.path('xunge.conf')]));
		await p.line(/ingest: ready/);
		// Its session at the broker is there when the subscription is: until then the broker would drop what is published.
		await until(async () => (await this.status()).mqtt.linked, 'ingest to be linked with the broker');
		return p;
	}

	async status() {
		const { Door } = await import('../lib/door.mjs');
		const d = await Door.open(this.path('door.sock'));
		try {
			return await d.status();
		} finally {
			d.close();
		}
	}

	async server() {
		const p = this.#add(new Proc('server', bin('xunge-server'), ['--config', this.path('xunge.conf')]));
		await p.line(/server: ready/);
		return p;
	}

	/** Cookie of a signed-in user. */
	async cookie() {
		const base = `http://127.0.0.1:${this.httpPort}`;
		const r = await fetch(`${base}/api/v1/session`, { method: 'POST', body: JSON.stringify({ user: USER, password: PASSWORD }),
			headers: { 'content-type': 'application/json', origin: base }, signal: AbortSignal.timeout(20000) });
		if (!r.ok) throw new Error(`sign-in: ${r.status} ${await r.text()}`);
		return (r.headers.get('set-cookie') ?? '').split(';')[0]; // there is one
	}

	/** The peer of ref_peer.mjs, ready. */
	async peer(rows, windowMs) {
		const p = this.#add(new Talker('peer', process.execPath, [path.join(HERE, 'ref_peer.mjs'), this.path('town.db'), this.path('mq.sock'),
			'ingest', PASSWORD, String(rows), String(windowMs)]));
		await p.said(0);
		return p;
	}

	async drain(count) {
		const p = this.#add(new Talker('drain', bin('bench/ref_drain'), [this.path('mq.sock'), 'ingest', PASSWORD, String(count)]));
		await p.said(0);
		return p;
	}

	async bridge(port) {
		const p = this.#add(new Talker('bridge', bin('bench/ref_bridge'), [this.path('mq.sock'), 'ingest', PASSWORD, String(port)]));
		await p.said(0);
		return p;
	}

	async replay(record, stamps) {
		const p = this.#add(new Talker('ws', process.execPath, [path.join(HERE, 'ref_ws.mjs'), record, stamps]));
		p.port = (await p.said(0)).port;
		return p;
	}

	/** Devices, connected and waiting for go(). */
	async publisher(args) {
		const p = this.#add(new Talker('publisher', bin('bench/b_publish'), ['--devices', this.path('devices.txt'), '--port', String(this.mqttPort),
			'--wait', ...args.map(String)]));
		await p.said(0);
		return p;
	}

	async clients(args) {
		const p = this.#add(new Talker('clients', bin('bench/b_wsclients'), args.map(String)));
		await p.said(0);
		return p;
	}

	logs() {
		return this.procs.map((p) => p.tail(5)).join('\n');
	}

	async end() {
		for (const p of [...this.procs].reverse()) if (p.alive) await p.stop('SIGTERM', 10000).catch(() => p.kill());
		drop(this.dir);
	}
}
