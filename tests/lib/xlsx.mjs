// xlsx.mjs - reads a spreadsheet strictly: a zip file by its directory, sheets by name, cells with type, value, formula and
// number format.  What it does not know, it refuses: a test must not pass over it.
//
//   const book = readXlsx(bytes);
//   book.sheet('1 履职汇总').cell('B4')   {type: 'text' | 'number' | 'formula', value, formula, format, bold} or undefined
//   book.sheet(name).table(3)            rows of values below the heading in row 3, by heading

import assert from 'node:assert/strict';
import { crc32, inflateRawSync } from 'node:zlib';

/** name -> bytes; every length and sum must be right. */
export function readZip(bytes) {
	const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
	assert.ok(end >= 0, 'no zip directory');
	const files = new Map();
	let at = bytes.readUInt32LE(end + 16);
	for (let n = bytes.readUInt16LE(end + 10); n > 0; n--) {
		assert.equal(bytes.readUInt32LE(at), 0x02014b50);
		const [method, crc, packed, size] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 16), bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 24)];
		const [nameN, extraN, noteN, head] = [bytes.readUInt16LE(at + 28), bytes.readUInt16LE(at + 30), bytes.readUInt16LE(at + 32), bytes.readUInt32LE(at + 42)];
		const name = bytes.toString('utf8', at + 46, at + 46 + nameN);
		const data = head + 30 + bytes.readUInt16LE(head + 26) + bytes.readUInt16LE(head + 28);
		const raw = bytes.subarray(data, data + packed);
		const text = method === 0 ? raw : inflateRawSync(raw);
		assert.equal(text.length, size, name);
		if (crc32) assert.equal(crc32(text), crc, name);
		assert.ok(!files.has(name), `${name} twice`);
		files.set(name, text);
		at += 46 + nameN + extraN + noteN;
	}
	return files;
}

const ENTITY = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const plain = (s) => s.replace(/&(\w+);/g, (all, e) => ENTITY[e] ?? assert.fail(`unknown ${all}`));
/** A text as a spreadsheet shows it: _x0041_ is A. */
const shown = (s) => plain(s).replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
const attributes = (s) => Object.fromEntries([...s.matchAll(/([\w:]+)="([^"]*)"/g)].map(([, k, v]) => [k, plain(v)]));
const all = (xml, tag) => [...xml.matchAll(new RegExp(`<${tag}((?:\\s[^>]*?)?)(?:/>|>([\\s\\S]*?)</${tag}>)`, 'g'))].map(([, a, inner]) => ({ ...attributes(a), inner }));
const one = (xml, tag) => all(xml, tag)[0];

const BUILTIN = { 0: 'General', 1: '0', 2: '0.00', 3: '#,##0', 4: '#,##0.00', 9: '0%', 10: '0.00%', 49: '@' };

function styles(xml) {
	const forms = { ...BUILTIN, ...Object.fromEntries(all(xml, 'numFmt').map((f) => [f.numFmtId, f.formatCode])) };
	const fonts = all(one(xml, 'fonts').inner, 'font').map((f) => ({ bold: /<b\/>/.test(f.inner), name: one(f.inner, 'name')?.val, size: Number(one(f.inner, 'sz')?.val) }));
	return all(one(xml, 'cellXfs').inner, 'xf').map((x) => ({ format: forms[x.numFmtId] ?? assert.fail(`number format ${x.numFmtId}`), ...fonts[x.fontId],
		wrap: /wrapText="1"/.test(x.inner ?? ''), border: Number(x.borderId) }));
}

export const columnOf = (ref) => [...ref.replace(/\d+/, '')].reduce((n, c) => n * 26 + c.charCodeAt(0) - 64, 0);
export const letters = (n) => (n > 26 ? letters(Math.floor((n - 1) / 26)) : '') + String.fromCharCode(65 + ((n - 1) % 26));

function cellOf({ t, s, inner }, looks) {
	const look = looks[Number(s ?? 0)];
	const formula = one(inner ?? '', 'f');
	const value = one(inner ?? '', 'v');
	if (formula) return { type: 'formula', formula: plain(formula.inner), value: t === 'str' ? shown(value.inner) : Number(value.inner), ...look };
	if (t === 'inlineStr') return { type: 'text', value: shown(one(inner, 't').inner ?? ''), ...look };
	assert.ok(t === undefined || t === 'n', `cell of type ${t}`);
	return value ? { type: 'number', value: Number(value.inner), ...look } : { type: 'blank', value: null, ...look };
}

class Sheet {
	constructor(name, xml, looks) {
		Object.assign(this, { name, xml, cells: new Map(), rows: 0 });
		for (const row of all(one(xml, 'sheetData').inner ?? '', 'row')) {
			assert.ok(Number(row.r) > this.rows, `${name}: row ${row.r} after ${this.rows}`);
			this.rows = Number(row.r);
			for (const c of all(row.inner ?? '', 'c')) this.cells.set(c.r, cellOf(c, looks));
		}
		const pane = one(xml, 'pane');
		this.frozen = pane?.state === 'frozen' ? { rows: Number(pane.ySplit ?? 0), columns: Number(pane.xSplit ?? 0) } : null;
		this.merges = all(xml, 'mergeCell').map((m) => m.ref);
		this.filter = one(xml, 'autoFilter')?.ref ?? null;
		const page = one(xml, 'pageSetup');
		this.page = { paper: Number(page?.paperSize), landscape: page?.orientation === 'landscape', fit: /<pageSetUpPr fitToPage="1"\/>/.test(xml), high: page?.fitToHeight };
		this.footer = one(xml, 'oddFooter') ? plain(one(xml, 'oddFooter').inner) : null;
	}

	cell(ref) {
		return this.cells.get(ref);
	}

	value(ref) {
		return this.cells.get(ref)?.value ?? null;
	}

	/** Rows below the heading in row `head`, as {heading: cell}, up to the first row that is empty or `until` finds. */
	table(head, until = () => false) {
		const headings = [];
		for (let c = 1; this.value(letters(c) + head) !== null; c++) headings.push(this.value(letters(c) + head));
		const rows = [];
		for (let r = head + 1; r <= this.rows; r++) {
			if (until(this.value(`A${r}`))) break;
			rows.push(Object.fromEntries(headings.map((h, i) => [h, this.cell(letters(i + 1) + r)])));
		}
		return { headings, rows };
	}
}

export function readXlsx(bytes) {
	const files = readZip(bytes);
	const text = (name) => files.get(name)?.toString('utf8') ?? assert.fail(`no ${name}`);
	const rels = Object.fromEntries(all(text('xl/_rels/workbook.xml.rels'), 'Relationship').map((r) => [r.Id, r.Target]));
	const workbook = text('xl/workbook.xml');
	const looks = styles(text('xl/styles.xml'));
	const sheets = all(workbook, 'sheet').map((s) => new Sheet(s.name, text(`xl/${rels[s['r:id']]}`), looks));
	const names = all(workbook, 'definedName').map((n) => ({ name: n.name, sheet: sheets[Number(n.localSheetId)]?.name, refers: plain(n.inner) }));
	return { files, sheets, names, core: text('docProps/core.xml'), app: text('docProps/app.xml'),
		sheet: (name) => sheets.find((s) => s.name === name) ?? assert.fail(`no sheet ${name}: ${sheets.map((s) => s.name)}`) };
}

/** A date cell as civil text. */
export const civilOf = (serial) => new Date(Math.round((serial - 25569) * 86400000)).toISOString().slice(0, 23).replace('T', ' ');
