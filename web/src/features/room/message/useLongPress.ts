import { type PointerEvent, useEffect, useRef } from "react";

/** So long a finger has to rest. */
const HOLD_MS = 450;
/** A finger that moves further than this scrolls. */
const MOVE_PX = 10;

/** Listeners that call `onPress` when a finger rests on the element. */
export function useLongPress(onPress: () => void) {
	const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
	const from = useRef({ x: 0, y: 0 });
	const held = useRef(false);
	const stop = () => clearTimeout(timer.current);
	useEffect(() => stop, []);
	return {
		onPointerDown: (event: PointerEvent) => {
			stop();
			held.current = false;
			if (event.pointerType !== "touch" || !event.isPrimary) return;
			from.current = { x: event.clientX, y: event.clientY };
			timer.current = setTimeout(() => {
				held.current = true;
				onPress();
			}, HOLD_MS);
		},
		onPointerMove: (event: PointerEvent) => {
			const { x, y } = from.current;
			if (Math.hypot(event.clientX - x, event.clientY - y) > MOVE_PX) stop();
		},
		onPointerUp: stop,
		onPointerCancel: stop,
		/** The system's own menu would be in the way. */
		onContextMenu: (event: { preventDefault(): void }) => {
			if (held.current) event.preventDefault();
		},
		/** No click follows, which would be one beside what was opened. */
		onTouchEnd: (event: { preventDefault(): void }) => {
			if (held.current) event.preventDefault();
			held.current = false;
		},
	};
}
