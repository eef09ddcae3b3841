import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { go } from "./places";

type Props = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> & {
	to: string;
	replace?: boolean;
};

/** A link inside the client. Whoever wants it in a new tab gets it there. */
export function PlaceLink({ to, replace = false, onClick, ...rest }: Props) {
	const follow = (event: MouseEvent<HTMLAnchorElement>) => {
		onClick?.(event);
		const elsewhere = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
		if (event.defaultPrevented || elsewhere || event.button !== 0) return;
		event.preventDefault();
		go(to, { replace });
	};
	return <a href={to} onClick={follow} {...rest} />;
}
