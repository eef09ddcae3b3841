import { type KeyboardEvent, useState } from "react";
import type { RoomId } from "../../protocol";

const KEYS: Record<string, (at: number, length: number) => number> = {
	ArrowDown: (at, length) => Math.min(at + 1, length - 1),
	ArrowUp: (at) => Math.max(at - 1, 0),
	Home: () => 0,
	End: (_, length) => length - 1,
};

/** One stop for Tab in a list of links with `data-room`; arrow keys, Home and End go on from there. */
export function useRoving(ids: readonly RoomId[], open: RoomId | null) {
	const [last, setLast] = useState<RoomId | null>(null);
	const stop = [last, open].find((it) => it !== null && ids.includes(it)) ?? ids[0] ?? null;
	const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
		const move = KEYS[event.key];
		if (!move || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
		const links = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-room]")];
		const at = links.findIndex((it) => it === event.target);
		if (at === -1) return;
		event.preventDefault();
		links[move(at, links.length)]?.focus();
	};
	const onFocus = (event: React.FocusEvent<HTMLElement>) => {
		const room = event.target.dataset.room;
		if (room) setLast(room);
	};
	return { stop, onKeyDown, onFocus };
}
