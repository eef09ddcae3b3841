import {
	cloneElement,
	type FocusEvent,
	type PointerEvent,
	type ReactElement,
	type ReactNode,
	useEffect,
	useEffectEvent,
	useLayoutEffect,
	useRef,
	useState,
} from "react";
import { createPortal } from "react-dom";
import { Kbd } from "./Kbd";
import { placeBeside, type TooltipPlacement } from "./place";
import styles from "./Tooltip.module.css";

export type { TooltipPlacement } from "./place";

/** How long the pointer has to rest, unless another tooltip was just there (ms). */
const PATIENCE = 450;
const JUST_NOW = 300;
/** Enough to move the pointer onto the tooltip (ms). */
const GRACE = 80;

let lastHidden = 0;

interface AnchorProps {
	onPointerEnter?: ((event: PointerEvent<HTMLElement>) => void) | undefined;
	onPointerLeave?: ((event: PointerEvent<HTMLElement>) => void) | undefined;
	onPointerDown?: ((event: PointerEvent<HTMLElement>) => void) | undefined;
	onFocus?: ((event: FocusEvent<HTMLElement>) => void) | undefined;
	onBlur?: ((event: FocusEvent<HTMLElement>) => void) | undefined;
}

/** Shows a few words beside what the pointer rests on or what has the focus. Touch shows none. */
export function Tooltip({
	label,
	shortcut,
	placement = "top",
	children,
}: {
	label: string;
	shortcut?: string | undefined;
	placement?: TooltipPlacement | undefined;
	/** One element. It has to have a name of its own: a tooltip isn't read out. */
	children: ReactElement<AnchorProps>;
}) {
	const [anchor, setAnchor] = useState<HTMLElement | null>(null);
	const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
	const later = (element: HTMLElement | null, ms: number) => {
		clearTimeout(timer.current);
		timer.current = setTimeout(() => setAnchor(element), ms);
	};
	useEffect(() => () => clearTimeout(timer.current), []);

	const own = children.props;
	return (
		<>
			{cloneElement(children, {
				onPointerEnter(event) {
					own.onPointerEnter?.(event);
					const waits = Date.now() - lastHidden > JUST_NOW ? PATIENCE : 0;
					if (event.pointerType === "mouse") later(event.currentTarget, waits);
				},
				onPointerLeave(event) {
					own.onPointerLeave?.(event);
					later(null, GRACE);
				},
				onPointerDown(event) {
					own.onPointerDown?.(event);
					later(null, 0);
				},
				onFocus(event) {
					own.onFocus?.(event);
					if (event.currentTarget.matches(":focus-visible")) later(event.currentTarget, PATIENCE);
				},
				onBlur(event) {
					own.onBlur?.(event);
					later(null, 0);
				},
			})}
			{anchor ? (
				<Bubble
					anchor={anchor}
					placement={placement}
					onStay={() => later(anchor, 0)}
					onLeave={() => later(null, 0)}
				>
					<span>{label}</span>
					{shortcut ? <Kbd keys={shortcut} /> : null}
				</Bubble>
			) : null}
		</>
	);
}

function Bubble({
	anchor,
	placement,
	onStay,
	onLeave,
	children,
}: {
	anchor: HTMLElement;
	placement: TooltipPlacement;
	onStay: () => void;
	onLeave: () => void;
	children: ReactNode;
}) {
	const ref = useRef<HTMLDivElement>(null);
	const leave = useEffectEvent(onLeave);
	useLayoutEffect(() => {
		const bubble = ref.current;
		if (!bubble) return;
		// The top layer: above dialogs, and never cut off.
		bubble.showPopover?.();
		placeBeside(bubble, anchor, placement);
		const onKey = (event: KeyboardEvent) => {
			if (event.key === "Escape") leave();
		};
		const onScroll = () => leave();
		document.addEventListener("keydown", onKey);
		document.addEventListener("scroll", onScroll, true);
		return () => {
			lastHidden = Date.now();
			document.removeEventListener("keydown", onKey);
			document.removeEventListener("scroll", onScroll, true);
		};
	}, [anchor, placement]);
	return createPortal(
		<div
			ref={ref}
			popover="manual"
			className={styles.tooltip}
			aria-hidden="true"
			onPointerEnter={onStay}
			onPointerLeave={onLeave}
		>
			{children}
		</div>,
		document.body,
	);
}
