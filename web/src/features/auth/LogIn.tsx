import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useChat, useClient } from "../../state/store";
import { Button, Notice, TextField } from "../../ui";
import { RefusalNotice, refusalOf, useAction, useFieldErrors } from "../notices";
import { PlaceLink, SIGN_UP } from "../places";
import { AuthPage } from "./AuthPage";
import { useNext, withNext } from "./useNext";

/** Why one is asked for the password again. */
function Reason() {
	const { t } = useTranslation("account");
	const session = useChat((state) => state.session);
	if (session.at !== "out" || !session.reason) return null;
	const refused = session.reason === "cookies_refused";
	return <Notice kind="warn">{t(refused ? "log_in.cookies" : "log_in.ended")}</Notice>;
}

/** Whoever is logged in is sent on by the page around this one. */
export function LogIn() {
	const { t } = useTranslation(["account", "errors"]);
	const { logIn } = useClient();
	const next = useNext();
	const [login, setLogin] = useState("");
	const [password, setPassword] = useState("");
	const [missing, setMissing] = useState(false);
	const loginField = useRef<HTMLInputElement>(null);
	const passwordField = useRef<HTMLInputElement>(null);
	const { run, busy, error } = useAction(async () => {
		await logIn(login.trim(), password);
	});
	const fields = useFieldErrors(error);
	const submit = () => {
		const incomplete = login.trim() === "" || password === "";
		setMissing(incomplete);
		if (!incomplete) void run();
		else (login.trim() === "" ? loginField : passwordField).current?.focus();
	};
	const required = (value: string) =>
		missing && value === "" ? t("errors:field.required") : undefined;
	const wrong = error !== null && refusalOf(error).code === "wrong_credentials";
	return (
		<AuthPage
			title={t("log_in.title")}
			onSubmit={submit}
			notice={<Reason />}
			other={
				<>
					{t("log_in.no_account")}{" "}
					<PlaceLink to={withNext(SIGN_UP, next)} replace>
						{t("log_in.sign_up")}
					</PlaceLink>
				</>
			}
		>
			<TextField
				ref={loginField}
				label={t("log_in.login")}
				name="login"
				autoComplete="username"
				autoCapitalize="none"
				spellCheck={false}
				dir="auto"
				value={login}
				onChange={(event) => setLogin(event.target.value)}
				error={required(login) ?? fields.login}
				autoFocus
			/>
			<TextField
				ref={passwordField}
				label={t("log_in.password")}
				name="password"
				type="password"
				autoComplete="current-password"
				value={password}
				onChange={(event) => setPassword(event.target.value)}
				error={required(password) ?? fields.password}
			/>
			{wrong ? (
				<Notice kind="danger">{t("log_in.wrong")}</Notice>
			) : (
				<RefusalNotice error={error} fields={["login", "password"]} />
			)}
			<Button type="submit" variant="primary" wide busy={busy}>
				{t("log_in.submit")}
			</Button>
		</AuthPage>
	);
}
