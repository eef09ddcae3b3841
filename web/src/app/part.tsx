import { type ComponentType, type ReactNode, useEffect, useState } from "react";

type PartProps<P> = P & { fallback?: ReactNode };

/**
 * A component whose script is no part of the first load. Once it was fetched, it is there at once;
 * that is where it differs from `lazy`, which shows its fallback for a moment in any case. Where it
 * can't be fetched, it throws, and the pane says so.
 */
export function part<P extends object>(load: () => Promise<ComponentType<P>>) {
	let loaded: ComponentType<P> | null = null;
	const fetch = async () => {
		loaded ??= await load();
		return loaded;
	};
	function Part({ fallback = null, ...props }: PartProps<P>) {
		const [Ready, setReady] = useState(() => loaded);
		const [failed, setFailed] = useState<{ error: unknown } | null>(null);
		useEffect(() => {
			if (Ready) return;
			fetch().then(
				(it) => setReady(() => it),
				(error: unknown) => setFailed({ error }),
			);
		}, [Ready]);
		if (failed) throw failed.error;
		return Ready ? <Ready {...(props as unknown as P)} /> : fallback;
	}
	return Object.assign(Part, {
		/** Fetches it before it is wanted. */
		fetch: () => void fetch().catch(() => {}),
	});
}
