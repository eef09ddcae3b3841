import { type ComponentProps, useState } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "./classes";
import { Field, type FieldProps } from "./Field";
import styles from "./Field.module.css";
import { Icon } from "./Icon";
import { IconButton } from "./IconButton";
import type { IconName } from "./icons";

export type TextFieldProps = FieldProps & { icon?: IconName | undefined } & ComponentProps<"input">;

/** One line of text. A password can be shown. */
export function TextField({
	label,
	labelHidden,
	hint,
	error,
	icon,
	id,
	type = "text",
	className,
	...rest
}: TextFieldProps) {
	const { t } = useTranslation("ui");
	const [shown, setShown] = useState(false);
	const secret = type === "password";
	return (
		<Field label={label} labelHidden={labelHidden} hint={hint} error={error} id={id}>
			{(names) => (
				<span className={styles.box}>
					{icon ? <Icon name={icon} size={18} className={styles.icon} /> : null}
					<input
						{...rest}
						{...names}
						type={secret && shown ? "text" : type}
						className={classes(
							styles.control,
							secret && styles.withAction,
							icon && styles.leading,
							className,
						)}
					/>
					{secret ? (
						<span className={styles.action}>
							<IconButton
								icon={shown ? "eye-off" : "eye"}
								label={t(shown ? "password.hide" : "password.show")}
								onClick={() => setShown(!shown)}
							/>
						</span>
					) : null}
				</span>
			)}
		</Field>
	);
}
