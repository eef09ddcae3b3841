import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Me } from "../../protocol";
import { useClient } from "../../state/store";
import { Avatar, Button, TextField, TimeText, useToast } from "../../ui";
import { NewPassword } from "../auth";
import { RefusalNotice, refusalOf, useAction, useFieldErrors } from "../notices";
import styles from "./Account.module.css";
import { Part } from "./Part";

/** Who one is, and the password. */
export function Account({ me }: { me: Me }) {
	const { t } = useTranslation("account");
	return (
		<>
			<Part title={t("me.title")}>
				<div className={styles.me}>
					<Avatar id={me.id} name={me.display_name} size={48} />
					<dl className={styles.facts}>
						<dt>{t("me.name")}</dt>
						<dd>
							<bdi>{me.display_name}</bdi>
						</dd>
						<dt>{t("me.username")}</dt>
						<dd>
							<bdi>@{me.username}</bdi>
						</dd>
						<dt>{t("me.email")}</dt>
						<dd>
							<bdi>{me.email}</bdi>
						</dd>
						<dt>{t("me.since")}</dt>
						<dd>
							<TimeText at={me.created_at} style="day" />
						</dd>
					</dl>
				</div>
				{me.role === "admin" && <p className={styles.note}>{t("me.admin")}</p>}
			</Part>
			<ChangePassword me={me} />
		</>
	);
}

function ChangePassword({ me }: { me: Me }) {
	const { t } = useTranslation(["account", "errors"]);
	const { changePassword } = useClient();
	const toast = useToast();
	const [current, setCurrent] = useState("");
	const [next, setNext] = useState("");
	const currentField = useRef<HTMLInputElement>(null);
	const { run, busy, error } = useAction(async () => {
		await changePassword(current, next);
		setCurrent("");
		setNext("");
		toast({ text: t("change_password.done"), kind: "ok" });
	});
	const fields = useFieldErrors(error);
	const wrong = error !== null && refusalOf(error).code === "wrong_credentials";
	const submit = (event: FormEvent) => {
		event.preventDefault();
		if (current === "") currentField.current?.focus();
		else if (next !== "") void run();
	};
	return (
		<Part title={t("change_password.title")}>
			<p className={styles.note}>{t("change_password.text")}</p>
			<form className={styles.form} onSubmit={submit} noValidate>
				<input type="hidden" name="username" autoComplete="username" value={me.username} readOnly />
				<TextField
					ref={currentField}
					label={t("change_password.current")}
					type="password"
					autoComplete="current-password"
					value={current}
					onChange={(event) => setCurrent(event.target.value)}
					error={wrong ? t("change_password.wrong") : fields.current_password}
					required
				/>
				<NewPassword
					label={t("change_password.next")}
					hint={t("sign_up.password_hint")}
					value={next}
					onChange={(event) => setNext(event.target.value)}
					error={fields.new_password}
					of={[me.username, me.display_name]}
				/>
				{!wrong && <RefusalNotice error={error} fields={["current_password", "new_password"]} />}
				<Button type="submit" variant="primary" busy={busy}>
					{t("change_password.submit")}
				</Button>
			</form>
		</Part>
	);
}
