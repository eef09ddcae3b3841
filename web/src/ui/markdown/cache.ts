/** Keeps the newest `size` results of a pure function of a text. */
export function cached<T>(make: (text: string) => T, size: number): (text: string) => T {
	const kept = new Map<string, T>();
	return (text) => {
		const before = kept.get(text);
		if (before !== undefined) {
			kept.delete(text);
			kept.set(text, before);
			return before;
		}
		const made = make(text);
		kept.set(text, made);
		if (kept.size > size) {
			const oldest = kept.keys().next();
			if (!oldest.done) kept.delete(oldest.value);
		}
		return made;
	};
}
