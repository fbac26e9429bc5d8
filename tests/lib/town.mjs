// town.mjs - a whole platform of its own for one test: private broker, ingest, server, in a folder under /tmp, on free ports.
//
//   const town = await Town.start({ server: true });   // in before(); town.stop() in after()
//   const d = await town.device('d-0001', 'p-0001');   // enrolled, connected
//   await d.send('status', { battery: 50 });
//
// XUNGE_BUILD names the folder of the programs (default: ../build beside tests/).

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Device, connect } from './device.mjs';
import { Door } from './door.mjs';
import { Proc, freePort, run } from './proc.mjs';
import { DISTRICT, REGISTRY } from './registry.mjs';
import { until } from './wait.mjs';
import { Session } from './web.mjs';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const BUILD = path.resolve(process.env.XUNGE_BUILD ?? path.join(ROOT, 'build'));

const TRIES = 5; // for ports that somebody takes between our look and the broker's bind

export class Town {
	/**
	 * @param {object} o
	 *   server   start xunge-server too (false)      ingest  start xunge-ingest (true)
	 *   broker   start mosquitto (true)              registry  import REGISTRY (true), or {kind: csv}
	 *   conf     {section: {key: value}} over the defaults
	 *   brokerConf  (text) => text, the last word on mosquitto's configuration
	 *   env      for ingest and server               bin  {ingest, server, xunge} other programs
	 */
	static async start(o = {}) {
		const t = new Town(o);
		try {
			await t.#make();
		} catch (e) {
			const logs = t.logs();
			await t.stop().catch(() => {});
			throw new Error(`${e.message}\n${logs}`, { cause: e });
		}
		return t;
	}

	constructor(o) {
		this.o = { server: false, ingest: true, broker: true, registry: true, conf: {}, env: {}, bin: {}, ...o };
		this.dir = mkdtempSync(path.join(os.tmpdir(), 'xg-'));
		this.procs = [];
		this.doors = [];
		this.clients = [];
		this.secrets = {}; // device -> secret
		this.passwords = {}; // user -> password
		this.files = 0;
	}

	path(name) {
		return path.join(this.dir, name);
	}

	get db() {
		return this.path('town.db');
	}

	get mqttUrl() {
		return `mqtt://127.0.0.1:${this.mqttPort}`;
	}

	get base() {
		return `http://127.0.0.1:${this.httpPort}`;
	}

	async #make() {
		this.osUser = os.userInfo().username;
		this.ingestSecret = randomBytes(24).toString('base64url');
		mkdirSync(this.path('broker'));
		mkdirSync(this.path('files'));
		this.write('ingest.pw', `${this.ingestSecret}\n`, 0o600);
		this.mqttPort = await freePort();
		this.httpPort = await freePort();
		this.writeConf();
		await this.must('init');
		if (this.o.registry) await this.importAll(this.o.registry === true ? REGISTRY : this.o.registry);
		if (this.o.broker) {
			const p = await run('mosquitto_passwd', ['-c', '-b', this.path('broker.extra'), 'ingest', this.ingestSecret]);
			if (p.code !== 0) throw new Error(`mosquitto_passwd: ${p.err}`);
			this.write('broker.passwd', readFileSync(this.path('broker.extra')), 0o600);
			await this.startBroker();
		}
		if (this.o.ingest) await this.startIngest();
		if (this.o.server) await this.startServer();
	}

	write(name, text, mode = 0o644) {
		const p = this.path(name);
		writeFileSync(p, text, { mode });
		chmodSync(p, mode);
		return p;
	}

	/** xunge.conf; call again (and restart) after a change of this.o.conf. */
	writeConf() {
		const sections = {
			store: { path: 'town.db' },
			ingest: { socket: 'door.sock', hello_spread_ms: 500 },
			mqtt: { socket: 'mq.sock', user: 'ingest', password_file: 'ingest.pw' },
			broker: { passwd_file: 'broker.passwd', extra_file: 'broker.extra', pid_file: 'broker.pid' },
			server: { listen: '127.0.0.1', port: this.httpPort, db: 'server.db', web: path.join(ROOT, 'server/web') },
			files: { dir: 'files' },
		};
		for (const [s, keys] of Object.entries(this.o.conf)) sections[s] = { ...sections[s], ...keys };
		const text = Object.entries(sections).map(([s, keys]) => `[${s}]\n${Object.entries(keys)
			.filter(([, v]) => v !== null)
			.map(([k, v]) => `${k} = ${v}\n`).join('')}`).join('\n');
		this.conf = this.write('xunge.conf', text, 0o600);
	}

	#proc(name, command, args, env) {
		const p = new Proc(name, command, args, { env, cwd: this.dir });
		this.procs.push(p);
		return p;
	}

	async startBroker() {
		for (let i = 1; ; i++) {
			let text = readFileSync(path.join(ROOT, 'deploy/mosquitto.conf.in'), 'utf8');
			const values = {
				USER: this.osUser, PID: this.path('broker.pid'), PASSWD: this.path('broker.passwd'),
				ACL: path.join(ROOT, 'deploy/mosquitto.acl'), DIR: this.path('broker'),
				MQTT_BIND: '127.0.0.1', MQTT_PORT: this.mqttPort, MQTT_SOCKET: this.path('mq.sock'),
			};
			text = text.replace(/^(?!#)(.*)$/gm, (line) => line.replace(/@([A-Z_]+)@/g, (all, k) => values[k] ?? all));
			if (this.o.brokerConf) text = this.o.brokerConf(text);
			rmSync(this.path('broker.pid'), { force: true });
			this.broker = this.#proc('mosquitto', 'mosquitto', ['-c', this.write('mosquitto.conf', text)]);
			try {
				await this.broker.listens(this.mqttPort);
				return this.broker;
			} catch (e) {
				if (i === TRIES || !/Address already in use/.test(this.broker.log)) throw e;
				if (!this.portFixed) this.mqttPort = await freePort();
			}
		}
	}

	/** env: more environment; wrap: a command that runs it, such as ['prlimit', '--nofile=64']. */
	async startIngest(env = {}, wrap = []) {
		const [command, ...args] = [...wrap, this.o.bin.ingest ?? path.join(BUILD, 'xunge-ingest'), '--config', this.conf];
		this.ingest = this.#proc('ingest', command, args, { ...this.o.env, ...env });
		await this.ingest.line(/ingest: ready/);
		if (this.o.broker && this.broker.alive) await this.linked();
		return this.ingest;
	}

	/** Waits until ingest listens at the broker. */
	async linked(ms = 15000) {
		await until(async () => (await this.status()).mqtt.linked, 'ingest to be linked with the broker', ms);
	}

	async startServer(env = {}) {
		for (let i = 1; ; i++) {
			this.server = this.#proc('server', this.o.bin.server ?? path.join(BUILD, 'xunge-server'), ['--config', this.conf], { ...this.o.env, ...env });
			try {
				await this.server.line(/server: ready/);
				return this.server;
			} catch (e) {
				if (i === TRIES || !/in use/.test(this.server.log)) throw e;
				this.httpPort = await freePort();
				this.writeConf();
			}
		}
	}

	// ---- the command

	/** xunge ARGS: {code, out, err}. */
	xunge(args, opts = {}) {
		return run(this.o.bin.xunge ?? path.join(BUILD, 'xunge'), ['--config', this.conf, ...args], opts);
	}

	/** xunge ARGS that must succeed: its output. */
	async must(...args) {
		const r = await this.xunge(args);
		if (r.code !== 0) throw new Error(`xunge ${args.join(' ')}: status ${r.code}: ${r.err}${r.out}`);
		return r.out;
	}

	/** Imports registry text of one kind. */
	import(kind, text) {
		return this.must('import', kind, this.write(`import-${++this.files}.${kind === 'map' ? 'geojson' : 'csv'}`, text));
	}

	async importAll(registry) {
		for (const [kind, text] of Object.entries(registry)) await this.import(kind, text);
	}

	/** Enrols a device; returns its secret. */
	async enrol(id, person, district = DISTRICT) {
		const out = await this.must('device', 'add', id, '--person', person, '--district', district);
		const secret = out.split('\n').find((l) => /^[A-Za-z0-9_-]{16,47}$/.test(l));
		if (!secret) throw new Error(`no secret in: ${out}`);
		return (this.secrets[id] = secret);
	}

	async user(name, person, role, scope, password = `pw-${randomBytes(9).toString('base64url')}`) {
		const r = await this.xunge(['user', 'add', name, '--person', person, '--role', role, '--scope', scope], { input: `${password}\n` });
		if (r.code !== 0) throw new Error(`xunge user add ${name}: ${r.err}`);
		return (this.passwords[name] = password);
	}

	// ---- clients

	/** A device, enrolled unless it is already, and connected. */
	async device(id, person = 'p-0001', opts = {}) {
		if (!this.secrets[id]) await this.enrol(id, person, opts.enrolDistrict ?? DISTRICT);
		const d = await Device.connect(this.mqttUrl, id, this.secrets[id], opts);
		this.clients.push(d);
		return d;
	}

	/** A bare MQTT client under any account. */
	async client(user, password, opts) {
		const c = await connect(this.mqttUrl, user, password, opts);
		this.clients.push({ end: () => new Promise((r) => c.end(true, {}, r)) });
		return c;
	}

	/** A new connection to the local door. */
	async door() {
		const d = await Door.open(this.path('door.sock'));
		this.doors.push(d);
		return d;
	}

	/** Ingest's status, over a connection of its own. */
	async status() {
		const d = await Door.open(this.path('door.sock'));
		try {
			return await d.status();
		} finally {
			d.close();
		}
	}

	session(user) {
		return Session.open(this.base, user, this.passwords[user]);
	}

	// ---- looking and leaving

	/** Rows of a query, through the sqlite3 shell, as objects. */
	async sql(query) {
		const r = await run('sqlite3', ['-readonly', '-json', '-cmd', '.timeout 5000', this.db, query]);
		if (r.code !== 0) throw new Error(`sqlite3: ${r.err}`);
		return r.out.trim() ? JSON.parse(r.out) : [];
	}

	async one(query) {
		return Object.values((await this.sql(query))[0])[0];
	}

	logs() {
		return this.procs.map((p) => `${p.name} pid ${p.pid} ${p.alive ? 'runs' : JSON.stringify(p.exit)}\n${p.tail()}`).join('\n');
	}

	/** Ends all that was started and removes the folder. Throws when a daemon of ours had died or leaked. */
	async stop({ keep = false } = {}) {
		const faults = [];
		for (const c of this.clients) await c.end().catch(() => {});
		for (const d of this.doors) d.close();
		for (const p of [this.server, this.ingest]) {
			if (!p) continue;
			if (/ERROR: (Address|Leak|Undefined)Sanitizer|runtime error:/.test(p.log)) faults.push(`${p.name}:\n${p.tail(40)}`);
			const was = p.alive;
			try {
				const { code, signal } = await p.stop();
				if (was && code !== 0) faults.push(`${p.name} ended with ${code ?? signal}\n${p.tail()}`);
				if (/ERROR: LeakSanitizer/.test(p.log)) faults.push(`${p.name} leaks:\n${p.tail(40)}`);
			} catch (e) {
				faults.push(e.message);
			}
		}
		for (const p of [...this.procs].reverse()) if (p.alive) await p.stop('SIGTERM', 5000).catch(() => p.kill());
		if (!keep) rmSync(this.dir, { recursive: true, force: true });
		if (faults.length) throw new Error(faults.join('\n'));
	}
}
