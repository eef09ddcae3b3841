import { useTranslation } from "react-i18next";
import { TextField, type TextFieldProps } from "../../ui";
import styles from "./NewPassword.module.css";
import { type Strength, strength } from "./strength";

const STEPS: Record<Strength, number> = { short: 0, weak: 1, fair: 2, good: 3 };

type Props = Omit<TextFieldProps, "type" | "value"> & {
	value: string;
	/** What makes it easy to guess when it is in it: the person's names. */
	of?: readonly string[];
};

/** A field for a password that is to be chosen, with a hint of how good it is. */
export function NewPassword({ of = [], ...field }: Props) {
	const { t } = useTranslation("account");
	const how = strength(field.value, of);
	return (
		<div>
			<TextField {...field} type="password" autoComplete="new-password" required />
			{field.value !== "" && !field.error && (
				<p className={styles.strength} role="status" data-strength={how}>
					<meter
						className={styles.meter}
						min={0}
						max={3}
						value={STEPS[how]}
						aria-label={t(`password.${how}`)}
					/>
					<span>{t(`password.${how}`)}</span>
				</p>
			)}
		</div>
	);
}
