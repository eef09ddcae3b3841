/** What the smoke test needs of a browser, whatever drives it. */
export interface Browser {
	open(url: string): Promise<void>;
	/** Runs in the page; takes and gives what JSON can say. */
	run<T>(work: (argument: string) => T, argument?: string): Promise<T>;
	click(selector: string): Promise<void>;
	type(selector: string, text: string): Promise<void>;
	/** Enter, in the element that has the focus. */
	enter(selector: string): Promise<void>;
	/** Errors that nobody caught, where the driver tells. */
	readonly problems: readonly string[];
	close(): Promise<void>;
}

/** Waits until it is so. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
	const end = Date.now() + 30_000;
	while (!(await holds().catch(() => false))) {
		if (Date.now() > end) throw new Error(`It did not happen: ${what}`);
		await new Promise((done) => setTimeout(done, 100));
	}
}
