// schemas.mjs - the project's message schemas, for holding real messages against them.

import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Ajv2020 from 'ajv/dist/2020.js';

const DIR = fileURLToPath(new URL('../../schema/messages/', import.meta.url));
const ajv = new Ajv2020.default({ strict: false, multipleOfPrecision: 6 });
for (const f of readdirSync(DIR).filter((n) => n.endsWith('.json'))) ajv.addSchema(JSON.parse(readFileSync(DIR + f, 'utf8')));

/** What is wrong with message by schema/messages/NAME.json; '' when nothing is. */
export function faults(name, message) {
	const check = ajv.getSchema(`https://xunge.invalid/messages/v1/${name}.json`);
	if (!check) throw new Error(`no schema ${name}`);
	return check(message) ? '' : `${ajv.errorsText(check.errors)}: ${JSON.stringify(message)}`;
}
