import { createStore, useStore } from "zustand";
import { PERSISTENT } from "./persistent";
import { VisuallyHidden } from "./VisuallyHidden";

interface Said {
	id: number;
	text: string;
	urgent: boolean;
}

/** Long enough to be picked up; then it is gone, so that nobody walks into it (ms). */
const KEPT = 4_000;

const spoken = createStore<{ said: readonly Said[]; made: number }>(() => ({ said: [], made: 0 }));

function announce(text: string, { urgent = false }: { urgent?: boolean } = {}): void {
	const id = spoken.getState().made;
	spoken.setState(({ said }) => ({ said: [...said, { id, text, urgent }], made: id + 1 }));
	setTimeout(() => {
		spoken.setState(({ said }) => ({ said: said.filter((it) => it.id !== id) }));
	}, KEPT);
}

/** A function that speaks a sentence to those who listen, politely unless it is `urgent`. */
export function useAnnounce() {
	return announce;
}

/** Where sentences are spoken from. One, outside of everything that is hidden at times. */
export function LiveRegion() {
	const said = useStore(spoken, (it) => it.said);
	const lines = (urgent: boolean) =>
		said.filter((it) => it.urgent === urgent).map((it) => <span key={it.id}>{it.text}</span>);
	return (
		<div {...PERSISTENT}>
			<VisuallyHidden>
				<span role="status" aria-live="polite" aria-relevant="additions">
					{lines(false)}
				</span>
				<span role="alert" aria-live="assertive" aria-relevant="additions">
					{lines(true)}
				</span>
			</VisuallyHidden>
		</div>
	);
}
