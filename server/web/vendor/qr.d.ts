// What the pages use of qr.js, for the type check.
export declare const encode: (text: string, opt: {ecc?: "L"|"M"|"Q"|"H", border?: number}) => {size: number, data: boolean[][]};
