// look.mjs - pictures of what a town prints, for people to look at, and the one thing about them that a program can say: an
// independent spreadsheet (LibreOffice) calculates every formula anew and comes to the value that was written beside it.
//
//   make look                 the town's year 2023, into build/look/: *.xlsx, *.pdf, *.png

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { Town } from '../lib/index.mjs';
import { readXlsx, columnOf } from '../lib/xlsx.mjs';
import { YEAR_TOWN, makeYear, ndjson } from '../lib/year.mjs';

const out = path.resolve(process.argv[2] ?? 'build/look');
const YEAR = ['--from', '2023-01-01', '--to', '2024-01-01', '--scope', YEAR_TOWN];
const MONTH = ['--from', '2023-06-01', '--to', '2023-07-01', '--scope', YEAR_TOWN];

/** A zip file of stored parts. */
function zip(files) {
	const parts = [], directory = [];
	let at = 0;
	for (const [name, bytes] of files) {
		const head = Buffer.alloc(26);
		head.writeUInt16LE(20, 0);
		head.writeUInt32LE(0x00210000, 6); // 1980-01-01
		head.writeUInt32LE(crc32(bytes), 10);
		head.writeUInt32LE(bytes.length, 14);
		head.writeUInt32LE(bytes.length, 18);
		head.writeUInt16LE(Buffer.byteLength(name), 22);
		const where = Buffer.alloc(14);
		where.writeUInt32LE(at, 10);
		parts.push(Buffer.from('PK\x03\x04'), head, Buffer.from(name), bytes);
		directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), head, where, Buffer.from(name));
		at += 30 + Buffer.byteLength(name) + bytes.length;
	}
	const list = Buffer.concat(directory), end = Buffer.alloc(22);
	end.write('PK\x05\x06', 'latin1');
	end.writeUInt16LE(files.size, 8);
	end.writeUInt16LE(files.size, 10);
	end.writeUInt32LE(list.length, 12);
	end.writeUInt32LE(at, 16);
	return Buffer.concat([...parts, list, end]);
}

function csv(text) {
	const rows = [[]];
	for (const [, quoted, bare, sep] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
		rows.at(-1).push(quoted !== undefined ? quoted.replaceAll('""', '"') : bare);
		if (sep === '\n') rows.push([]);
	}
	return rows;
}

const home = mkdtempSync('/tmp/xunge-look-');
const profile = path.join(home, 'profile');
mkdirSync(path.join(profile, 'user'), { recursive: true });
writeFileSync(path.join(profile, 'user', 'registrymodifications.xcu'), `<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>`);
const office = (form, file, dir) => execFileSync('soffice', [`-env:UserInstallation=file://${profile}`, '--headless', '--convert-to', form, '--outdir', dir, file], { stdio: 'pipe', timeout: 120000 });

/** Takes the values beside the formulas out of the way, lets LibreOffice calculate, and compares. */
function recalculate(file) {
	const book = readXlsx(readFileSync(file));
	const blank = new Map([...book.files].map(([name, bytes]) => [name, !name.startsWith('xl/worksheets/') ? bytes
		: Buffer.from(bytes.toString('utf8').replace(/(<c r="\w+"(?: s="\d+")?)(?: t="str")?>(<f>[^<]*<\/f>)<v>[^<]*<\/v>/g, '$1>$2<v>-7</v>'))]));
	const dir = path.join(home, 'csv');
	mkdirSync(dir, { recursive: true });
	writeFileSync(path.join(home, 'anew.xlsx'), zip(blank));
	office('csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1', path.join(home, 'anew.xlsx'), dir);
	let n = 0;
	for (const s of book.sheets) {
		const rows = csv(readFileSync(path.join(dir, `anew-${s.name}.csv`), 'utf8'));
		for (const [ref, c] of s.cells) {
			if (c.type !== 'formula') continue;
			const got = rows[Number(ref.replace(/\D+/, '')) - 1]?.[columnOf(ref) - 1];
			n++;
			if (typeof c.value === 'string') assert.equal(got, c.value, `${s.name}!${ref}`);
			const v = got?.endsWith('%') ? Number(got.slice(0, -1)) / 100 : Number(got);
			if (typeof c.value === 'number') assert.ok(Math.abs(v - c.value) <= 1e-9 * Math.max(1, Math.abs(c.value)), `${s.name}!${ref} ${c.formula}: ${got}, not ${c.value}`);
		}
	}
	rmSync(dir, { recursive: true });
	return n;
}

function picture(file) {
	const base = path.join(out, path.basename(file).replace(/\.\w+$/, ''));
	office('pdf', file, out);
	execFileSync('pdftoppm', ['-r', '75', '-png', `${base}.pdf`, base]);
	return readdirSync(out).filter((f) => f.startsWith(`${path.basename(base)}-`) && f.endsWith('.png')).length;
}

const town = await Town.start({ broker: false, registry: false });
try {
	rmSync(out, { recursive: true, force: true });
	mkdirSync(out, { recursive: true });
	const year = makeYear(1);
	await town.importAll(year.registry);
	for (const [id, person] of year.devices) await town.enrol(id, person);
	await town.xunge(['import', 'events', town.write('year.ndjson', ndjson(year.events))]);
	const jobs = [['workbook', 'xlsx', YEAR], ['workbook', 'xlsx', MONTH, 'month'], ['workbook', 'xlsx', [...YEAR, '--lang', 'en'], 'en'],
		...['figures', 'cases', 'patrols', 'inspections', 'visits', 'works', 'households', 'corrections'].flatMap((name) => [[name, 'xlsx', MONTH], [name, 'csv', MONTH]])];
	for (const [name, form, args, more] of jobs) {
		const file = path.join(out, `${[name, more, form].filter(Boolean).join('-')}.${form}`);
		const r = await town.xunge(['export', name, ...args, '--format', form, '-o', file]);
		if (r.code !== 0) {
			console.log(`${name} as ${form}: ${r.err.trim()}`);
			continue;
		}
		const formulas = form === 'xlsx' ? `, ${recalculate(file)} formulas calculated anew: equal` : '';
		console.log(`${path.basename(file)}: ${picture(file)} pages${formulas}`);
	}
} finally {
	await town.stop();
	rmSync(home, { recursive: true, force: true });
}
