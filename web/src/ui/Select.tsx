import type { ComponentProps } from "react";
import { classes } from "./classes";
import { Field, type FieldProps } from "./Field";
import styles from "./Field.module.css";
import { Icon } from "./Icon";

export type SelectProps = FieldProps & {
	options?: readonly { value: string; label: string }[] | undefined;
} & ComponentProps<"select">;

/** One of a few. The system's own list: it is the best one on a phone. */
export function Select({
	label,
	labelHidden,
	hint,
	error,
	id,
	options,
	className,
	children,
	...rest
}: SelectProps) {
	return (
		<Field label={label} labelHidden={labelHidden} hint={hint} error={error} id={id}>
			{(names) => (
				<span className={styles.box}>
					<select
						{...rest}
						{...names}
						className={classes(styles.control, styles.select, className)}
					>
						{options?.map((it) => (
							<option key={it.value} value={it.value}>
								{it.label}
							</option>
						))}
						{children}
					</select>
					<Icon name="chevron-down" size={18} className={styles.arrow} />
				</span>
			)}
		</Field>
	);
}
