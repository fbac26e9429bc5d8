// What the pages use of idb.js, for the type check.
export declare const openDB: (name: string, version: number, opt?: any) => Promise<any>;
