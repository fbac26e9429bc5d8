// index.mjs - what system tests import.
export { BUILD, ROOT, Town } from './town.mjs';
export { Device, connect, newEpoch } from './device.mjs';
export { Door } from './door.mjs';
export { Live, Session } from './web.mjs';
export { Proc, freePort, run } from './proc.mjs';
export * from './registry.mjs';
export { sleep, until, within } from './wait.mjs';
export { faults } from './schemas.mjs';
