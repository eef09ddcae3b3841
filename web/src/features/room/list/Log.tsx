import {
	type ReactNode,
	type Ref,
	useCallback,
	useImperativeHandle,
	useLayoutEffect,
	useRef,
	useState,
} from "react";
import { flushSync } from "react-dom";
import { change } from "./changes";
import styles from "./Log.module.css";
import { LogView, type Rows, type View } from "./LogView";
import { type Range, shift, within } from "./range";
import { useKeptFocus } from "./useKeptFocus";

/** What one can ask of the list. */
export interface LogHandle {
	/** Puts a row at a share of the view's height. */
	show(id: string, share: number): void;
	toEnd(): void;
	/** What is in view stays where it is at the next change, also at the end. */
	stay(): void;
	scrollBy(share: number): void;
	reveal(id: string): void;
	atEnd(): boolean;
	/** The element of a row that is in the page. */
	element(id: string): HTMLElement | null;
}

interface Props {
	ref?: Ref<LogHandle>;
	rows: Rows;
	/** Whether the end of the list is to be followed when rows are added there. */
	follow: boolean;
	/** Of one row. It is called for those near the view, at each rendering. */
	render: (index: number) => ReactNode;
	onView: (view: View) => void;
	/** Names and roles of the scroller, and its listeners. */
	region: React.ComponentProps<"div">;
}

/** So many rows at the end are rendered first, before anything was measured. */
const FIRST_ROWS = 30;

/** A long list, anchored where one looks: see `LogView`. */
export function Log({ ref, rows, follow, render, onView, region }: Props) {
	const scroller = useRef<HTMLDivElement>(null);
	const above = useRef<HTMLDivElement>(null);
	const body = useRef<HTMLDivElement>(null);
	const below = useRef<HTMLDivElement>(null);
	const newest = useRef(onView);
	const rendering = useRef(false);
	const [shown, setShown] = useState(() => ({
		rows,
		range: { first: Math.max(0, rows.count - FIRST_ROWS), last: rows.count },
	}));

	const [view] = useState(() => {
		const onRange = (asked: Range) => {
			const put = () =>
				setShown((it) => {
					const range = within(asked, it.rows.count);
					const same = range.first === it.range.first && range.last === it.range.last;
					return same ? it : { ...it, range };
				});
			// From a scroll event it has to be there in this frame. What we do ourselves is rendered
			// before the next one by itself.
			if (rendering.current) put();
			else flushSync(put);
		};
		return new LogView({ onRange, onView: (it) => newest.current(it) });
	});

	// The page is still as it was.
	view.look();
	// Other rows than at the last rendering: the same ones are shown, whatever their index is now.
	let { range } = shown;
	if (shown.rows !== rows) {
		const changed = change(
			{ count: shown.rows.count, keyAt: (index) => shown.rows.idAt(index) },
			{ count: rows.count, keyAt: (index) => rows.idAt(index) },
		);
		if (changed) range = shift(range, view.anchorIndex, changed, rows.count);
		setShown({ rows, range });
	}

	useLayoutEffect(() => {
		newest.current = onView;
	});
	useLayoutEffect(() => {
		if (!scroller.current || !above.current || !body.current || !below.current) return;
		return view.attach({
			scroller: scroller.current,
			above: above.current,
			body: body.current,
			below: below.current,
		});
	}, [view]);
	const quietly = useCallback((act: () => void) => {
		rendering.current = true;
		act();
		rendering.current = false;
	}, []);
	useLayoutEffect(() => {
		quietly(() => view.rendered(rows, range, follow));
	});

	const element = useCallback((id: string) => {
		for (const child of body.current?.children ?? []) {
			if (child instanceof HTMLElement && child.dataset.id === id) return child;
		}
		return null;
	}, []);
	useImperativeHandle(
		ref,
		() => ({
			show: (id, share) => quietly(() => view.show(id, share)),
			toEnd: () => quietly(() => view.toEnd()),
			stay: () => view.stay(),
			scrollBy: (share) => view.scrollBy(share),
			reveal: (id) => quietly(() => view.reveal(id)),
			atEnd: () => view.atEnd,
			element,
		}),
		[view, quietly, element],
	);
	const keepFocus = useKeptFocus(scroller, element);

	const indexes = Array.from({ length: range.last - range.first }, (_, i) => range.first + i);
	return (
		<div
			{...region}
			ref={scroller}
			className={styles.scroller}
			onFocus={(event) => {
				keepFocus(event);
				region.onFocus?.(event);
			}}
		>
			<div className={styles.content}>
				<div ref={above} className={styles.space} />
				<div ref={body} className={styles.body}>
					{indexes.map((index) => (
						<div key={rows.keyAt(index)} data-id={rows.idAt(index)} className={styles.row}>
							{render(index)}
						</div>
					))}
				</div>
				<div ref={below} className={styles.space} />
			</div>
		</div>
	);
}
