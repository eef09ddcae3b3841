import { type ReactNode, useEffect, useState } from "react";
import styles from "./Placeholder.module.css";

/** Before this nobody notices that they wait (ms). */
const PATIENCE = 300;

/** Shows nothing at first: what comes soon need not be announced. */
export function Delayed({
	ms = PATIENCE,
	children,
}: {
	ms?: number | undefined;
	children: ReactNode;
}) {
	const [late, setLate] = useState(false);
	useEffect(() => {
		const timer = setTimeout(() => setLate(true), ms);
		return () => clearTimeout(timer);
	}, [ms]);
	return late ? children : null;
}

const WIDTHS = [styles.long, styles.short, styles.middle];

/** Quiet bars of the size of what is being loaded; nothing for the first 300 ms. */
export function Placeholder({
	rows = 3,
	avatar = false,
}: {
	rows?: number | undefined;
	/** Rows of people or conversations. */
	avatar?: boolean | undefined;
}) {
	return (
		<Delayed>
			<div className={styles.placeholder} aria-hidden="true">
				{Array.from({ length: rows }, (_, row) => (
					<div key={row} className={styles.row}>
						{avatar ? <span className={styles.avatar} /> : null}
						<span className={styles.lines}>
							<span className={WIDTHS[row % WIDTHS.length]} />
							{avatar ? <span className={WIDTHS[(row + 1) % WIDTHS.length]} /> : null}
						</span>
					</div>
				))}
			</div>
		</Delayed>
	);
}
