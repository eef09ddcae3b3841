import { useTranslation } from "react-i18next";
import type { RoomKind } from "../../protocol";
import { RadioGroup, TextArea, TextField } from "../../ui";
import { useFieldErrors } from "../notices";
import styles from "./RoomFields.module.css";

export interface RoomValues {
	name: string;
	description: string;
	kind: RoomKind;
}

/** The server's limits, in characters. */
export const LONGEST_NAME = 80;
export const LONGEST_DESCRIPTION = 1000;

interface Props {
	values: RoomValues;
	onChange: (values: RoomValues) => void;
	error: unknown;
	nameRef?: React.RefObject<HTMLInputElement | null>;
}

/** Name, purpose and kind of a room: to create one, or to change it. */
export function RoomFields({ values, onChange, error, nameRef }: Props) {
	const { t } = useTranslation("shell");
	const fields = useFieldErrors(error);
	return (
		<div className={styles.fields}>
			<TextField
				ref={nameRef}
				label={t("create.name")}
				value={values.name}
				onChange={(event) => onChange({ ...values, name: event.target.value })}
				error={fields.name}
				maxLength={LONGEST_NAME}
				autoComplete="off"
				dir="auto"
				required
			/>
			<TextArea
				label={t("create.description")}
				value={values.description}
				onChange={(event) => onChange({ ...values, description: event.target.value })}
				error={fields.description}
				maxLength={LONGEST_DESCRIPTION}
				rows={2}
				dir="auto"
			/>
			<RadioGroup
				label={t("create.kind")}
				value={values.kind}
				onChange={(kind) => onChange({ ...values, kind })}
				options={[
					{ value: "public", label: t("create.public"), hint: t("create.public_hint") },
					{ value: "private", label: t("create.private"), hint: t("create.private_hint") },
				]}
			/>
		</div>
	);
}
