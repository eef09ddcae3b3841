import { type ReactNode, useId } from "react";
import styles from "./Choice.module.css";

export interface RadioOption<T extends string> {
	value: T;
	label: string;
	hint?: ReactNode;
	disabled?: boolean | undefined;
}

/** One of a few, all of them in sight. */
export function RadioGroup<T extends string>({
	label,
	value,
	onChange,
	options,
	name,
}: {
	label: string;
	value: T;
	onChange: (value: T) => void;
	options: readonly RadioOption<T>[];
	name?: string | undefined;
}) {
	const made = useId();
	return (
		<fieldset className={styles.group}>
			<legend className={styles.legend}>{label}</legend>
			{options.map((it) => (
				<label key={it.value} className={styles.choice}>
					<input
						type="radio"
						className={styles.radio}
						name={name ?? made}
						value={it.value}
						checked={it.value === value}
						disabled={it.disabled}
						aria-describedby={it.hint ? `${made}-${it.value}` : undefined}
						onChange={() => onChange(it.value)}
					/>
					<span className={styles.words}>
						<span>{it.label}</span>
						{it.hint ? (
							<span id={`${made}-${it.value}`} className={styles.hint}>
								{it.hint}
							</span>
						) : null}
					</span>
				</label>
			))}
		</fieldset>
	);
}
