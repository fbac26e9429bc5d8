// What the pages use of lit.js, for the type check.
export declare const html: (strings: TemplateStringsArray, ...values: unknown[]) => unknown;
export declare const nothing: unique symbol;
export declare const render: (value: unknown, container: HTMLElement) => unknown;
export declare const repeat: <T>(items: Iterable<T>, key: (item: T, index: number) => unknown, row: (item: T, index: number) => unknown) => unknown;
