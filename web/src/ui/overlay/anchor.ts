import {
	cloneElement,
	type KeyboardEvent,
	type MouseEvent,
	type ReactElement,
	type Ref,
	useCallback,
	useId,
	useState,
} from "react";

interface ButtonProps {
	ref?: Ref<HTMLElement> | undefined;
	id?: string | undefined;
	onClick?: ((event: MouseEvent<HTMLElement>) => void) | undefined;
	onKeyDown?: ((event: KeyboardEvent<HTMLElement>) => void) | undefined;
	"aria-haspopup"?: "menu" | "dialog" | undefined;
	"aria-expanded"?: boolean | undefined;
	"aria-controls"?: string | undefined;
}

/** A button that opens something, and the element it is, which the opened thing is put beside. */
export interface Anchored {
	button: ReactElement;
	anchor: HTMLElement | null;
	open: boolean;
	setOpen: (open: boolean) => void;
	/** Of what is opened. */
	id: string;
	/** It was opened by a key, which expects to be inside of it. */
	byKey: boolean;
}

/** What `Menu` and `Popover` have in common before anything is open. */
export function useAnchor(
	button: ReactElement,
	kind: "menu" | "dialog",
	open: boolean | undefined,
	onOpenChange: ((open: boolean) => void) | undefined,
): Anchored {
	const id = useId();
	const [anchor, setAnchor] = useState<HTMLElement | null>(null);
	const [own, setOwn] = useState(false);
	const [byKey, setByKey] = useState(false);
	const isOpen = open ?? own;
	const setOpen = (next: boolean) => {
		setOwn(next);
		if (next !== isOpen) onOpenChange?.(next);
	};
	const props = button.props as ButtonProps;
	const ref = useMergedRef(setAnchor, props.ref);
	const made = cloneElement(button as ReactElement<ButtonProps>, {
		ref,
		"aria-haspopup": kind,
		"aria-expanded": isOpen,
		"aria-controls": isOpen ? id : undefined,
		onClick(event) {
			props.onClick?.(event);
			if (event.defaultPrevented) return;
			// A click that a key made counts no presses.
			setByKey(event.detail === 0);
			setOpen(!isOpen);
		},
		onKeyDown(event) {
			props.onKeyDown?.(event);
			if (kind !== "menu" || event.key !== "ArrowDown") return;
			event.preventDefault();
			setByKey(true);
			setOpen(true);
		},
	});
	return { button: made, anchor, open: isOpen, setOpen, id, byKey };
}

function useMergedRef(
	own: (element: HTMLElement | null) => void,
	other: Ref<HTMLElement> | undefined,
): (element: HTMLElement | null) => void {
	return useCallback(
		(element) => {
			own(element);
			if (typeof other === "function") other(element);
			else if (other) other.current = element;
		},
		[own, other],
	);
}
