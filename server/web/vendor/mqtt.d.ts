// What the pages use of mqtt.js, for the type check.
export declare const connect: (url: string, opt: any) => any;
