import { type ReactNode, useId } from "react";
import { classes } from "./classes";
import styles from "./Field.module.css";
import { Icon } from "./Icon";

/** What every field has around it. */
export interface FieldProps {
	label: string;
	/** The label is there for those who listen alone. */
	labelHidden?: boolean | undefined;
	hint?: ReactNode;
	/** What is wrong with it, and how to mend it. */
	error?: string | null | undefined;
}

/** What ties a control to its label, hint and error. */
export interface ControlNames {
	id: string;
	"aria-describedby": string | undefined;
	"aria-invalid": true | undefined;
}

/** Label above, then the control, then its error or its hint. */
export function Field({
	label,
	labelHidden,
	hint,
	error,
	id: wanted,
	children,
}: FieldProps & {
	id?: string | undefined;
	children: (names: ControlNames) => ReactNode;
}) {
	const made = useId();
	const id = wanted ?? made;
	const note = `${id}-note`;
	return (
		<div className={styles.field}>
			<label htmlFor={id} className={classes(styles.label, labelHidden && styles.hidden)}>
				{label}
			</label>
			{children({
				id,
				"aria-describedby": error || hint ? note : undefined,
				"aria-invalid": error ? true : undefined,
			})}
			{error ? (
				<p id={note} className={styles.error} role="alert">
					<Icon name="alert" size={16} />
					<span>{error}</span>
				</p>
			) : hint ? (
				<p id={note} className={styles.hint}>
					{hint}
				</p>
			) : null}
		</div>
	);
}
