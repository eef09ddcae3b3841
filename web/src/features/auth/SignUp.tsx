import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useClient } from "../../state/store";
import { Button, TextField } from "../../ui";
import { RefusalNotice, useAction, useFieldErrors } from "../notices";
import { LOG_IN, PlaceLink } from "../places";
import { AuthPage } from "./AuthPage";
import { NewPassword } from "./NewPassword";
import styles from "./SignUp.module.css";
import { SHORTEST } from "./strength";
import { useNext, withNext } from "./useNext";

interface Values {
	username: string;
	email: string;
	display_name: string;
	password: string;
}

type Name = keyof Values;

/** The server's rules, so that one need not wait for its answer; it has the last word. */
const RULES: Record<Name, RegExp> = {
	username: /^[a-z0-9](?:[a-z0-9_.-]{1,30})[a-z0-9]$/i,
	email: /^\S+@\S+$/,
	display_name: /^.{0,64}$/u,
	password: new RegExp(`^[^]{${SHORTEST},256}$`, "u"),
};

const NAMES: readonly Name[] = ["username", "email", "display_name", "password"];

const broken = (values: Values) => NAMES.filter((name) => !RULES[name].test(values[name].trim()));

/** Makes an account; the one who made it is logged in then. */
export function SignUp() {
	const { t } = useTranslation(["account", "errors"]);
	const { register } = useClient();
	const next = useNext();
	const [values, setValues] = useState<Values>({
		username: "",
		email: "",
		display_name: "",
		password: "",
	});
	const [checked, setChecked] = useState(false);
	const fieldset = useRef<HTMLFieldSetElement>(null);
	const { run, busy, error } = useAction(async () => {
		const displayName = values.display_name.trim();
		await register({
			username: values.username.trim(),
			email: values.email.trim(),
			password: values.password,
			...(displayName !== "" && { displayName }),
		});
	});
	const refused = useFieldErrors(error);
	const bad = broken(values);
	const submit = () => {
		setChecked(true);
		const [first] = bad;
		if (first === undefined) void run();
		else fieldset.current?.querySelector<HTMLInputElement>(`[name=${first}]`)?.focus();
	};
	const field = (name: Name) => ({
		name,
		value: values[name],
		onChange: (event: { target: { value: string } }) =>
			setValues({ ...values, [name]: event.target.value }),
		error: checked && bad.includes(name) ? t(`errors:field.${name}`) : refused[name],
	});
	return (
		<AuthPage
			title={t("sign_up.title")}
			onSubmit={submit}
			other={
				<>
					{t("sign_up.have_account")}{" "}
					<PlaceLink to={withNext(LOG_IN, next)} replace>
						{t("sign_up.log_in")}
					</PlaceLink>
				</>
			}
		>
			<fieldset ref={fieldset} className={styles.fields}>
				<TextField
					{...field("username")}
					label={t("sign_up.username")}
					hint={t("sign_up.username_hint")}
					autoComplete="username"
					autoCapitalize="none"
					spellCheck={false}
					maxLength={32}
					dir="ltr"
					required
					autoFocus
				/>
				<TextField
					{...field("email")}
					label={t("sign_up.email")}
					type="email"
					autoComplete="email"
					dir="ltr"
					required
				/>
				<TextField
					{...field("display_name")}
					label={t("sign_up.display_name")}
					autoComplete="name"
					maxLength={64}
					dir="auto"
				/>
				<NewPassword
					{...field("password")}
					label={t("sign_up.password")}
					hint={t("sign_up.password_hint")}
					of={[values.username, values.email.split("@")[0] ?? "", values.display_name]}
				/>
			</fieldset>
			<RefusalNotice error={error} fields={[...NAMES]} />
			<Button type="submit" variant="primary" wide busy={busy}>
				{t("sign_up.submit")}
			</Button>
		</AuthPage>
	);
}
