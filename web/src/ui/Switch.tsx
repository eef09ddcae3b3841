import { type ReactNode, useId } from "react";
import styles from "./Choice.module.css";

/** On or off, at once: nothing has to be saved. */
export function Switch({
	label,
	hint,
	checked,
	onChange,
	disabled,
}: {
	label: string;
	hint?: ReactNode;
	checked: boolean;
	onChange: (checked: boolean) => void;
	disabled?: boolean | undefined;
}) {
	const note = useId();
	return (
		<label className={styles.choice}>
			<input
				type="checkbox"
				role="switch"
				className={styles.switch}
				checked={checked}
				disabled={disabled}
				aria-describedby={hint ? note : undefined}
				onChange={(event) => onChange(event.target.checked)}
			/>
			<span className={styles.words}>
				<span>{label}</span>
				{hint ? (
					<span id={note} className={styles.hint}>
						{hint}
					</span>
				) : null}
			</span>
		</label>
	);
}
