import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Me, Member, Role, User } from "../../protocol";
import { useChat, useClient } from "../../state/store";
import type { RoomState } from "../../state/types";
import {
	Avatar,
	afterMenu,
	ConfirmDialog,
	IconButton,
	Menu,
	MenuItem,
	MenuSeparator,
	toast,
} from "../../ui";
import { RefusalNotice, useAction, useRefusalText } from "../notices";
import { useOpenDirect, usePresence } from "../people";
import { may } from "../permissions";
import rows from "./Members.module.css";

interface Props {
	it: RoomState;
	me: Me;
	member: Member;
}

/** One person in the room: presence, name, role, and what one may do with them. */
export function MemberRow({ it, me, member }: Props) {
	const { t } = useTranslation("shell");
	const user = useChat((state) => state.users[member.user_id]);
	const { presence, label } = usePresence(member.user_id);
	const own = member.user_id === me.id;
	const name = user?.display_name ?? "…";
	return (
		<div className={rows.row}>
			<Avatar id={member.user_id} name={name} size={28} presence={presence} presenceLabel={label} />
			<span className={rows.names} title={user && `@${user.username}`}>
				<bdi>{name}</bdi>
			</span>
			{own && <span className={rows.you}>{t("details.you")}</span>}
			{member.role !== "member" && <span className={rows.role}>{t(`details.${member.role}`)}</span>}
			{!own && user && <Actions it={it} me={me} member={member} user={user} />}
		</div>
	);
}

function useToastedRefusals() {
	const text = useRefusalText();
	return async (act: () => Promise<void>) => {
		try {
			await act();
		} catch (error) {
			toast({ text: text(error), kind: "danger" });
		}
	};
}

function Actions({ it, me, member, user }: Props & { user: User }) {
	const { t } = useTranslation("shell");
	const client = useClient();
	const [asking, setAsking] = useState<"remove" | "hand_over" | null>(null);
	const direct = useOpenDirect();
	const attempt = useToastedRefusals();
	const { room } = it;
	const role = it.me?.state === "joined" ? it.me.role : null;
	const who = { room, role, server: me.role };
	const canRemove = may(who, { do: "remove", of: member.role });
	const canRank = may(who, { do: "set_role", of: member.role });
	const canHandOver = may(who, { do: "hand_over" });
	const rank = (to: Role) => attempt(() => client.setRole(room.id, user.id, to));
	const name = user.display_name;
	return (
		<>
			<Menu button={<IconButton icon="more" size="small" label={t("details.actions", { name })} />}>
				<MenuItem icon="person" onClick={() => direct.run(user.id)}>
					{t("details.write")}
				</MenuItem>
				{(canRank || canHandOver || canRemove) && <MenuSeparator />}
				{canRank && member.role === "member" && (
					<MenuItem icon="star" onClick={() => rank("admin")}>
						{t("details.make_admin")}
					</MenuItem>
				)}
				{canRank && member.role === "admin" && (
					<MenuItem icon="people" onClick={() => rank("member")}>
						{t("details.make_member")}
					</MenuItem>
				)}
				{canHandOver && (
					<MenuItem icon="home" onClick={() => afterMenu(() => setAsking("hand_over"))}>
						{t("details.hand_over")}
					</MenuItem>
				)}
				{canRemove && (
					<MenuItem icon="close" danger onClick={() => afterMenu(() => setAsking("remove"))}>
						{t("details.remove")}
					</MenuItem>
				)}
			</Menu>
			<Ask
				open={asking === "hand_over"}
				onClose={() => setAsking(null)}
				title={t("hand_over.title", { name })}
				text={t("hand_over.text", { name })}
				confirm={t("hand_over.confirm")}
				act={() => client.setRole(room.id, user.id, "owner")}
			/>
			<Ask
				open={asking === "remove"}
				onClose={() => setAsking(null)}
				title={t("remove.title", { name })}
				text={t("remove.text")}
				confirm={t("remove.confirm")}
				act={() => client.removeMember(room.id, user.id)}
			/>
		</>
	);
}

interface AskProps {
	open: boolean;
	onClose: () => void;
	title: string;
	text: string;
	confirm: string;
	act: () => Promise<void>;
}

/** What takes something away is asked once more. */
function Ask({ open, onClose, title, text, confirm, act }: AskProps) {
	const { run, busy, error } = useAction(async () => {
		await act();
		onClose();
	});
	return (
		<ConfirmDialog
			open={open}
			onClose={onClose}
			title={title}
			confirmLabel={confirm}
			onConfirm={run}
			busy={busy}
			danger
		>
			<p>{text}</p>
			<RefusalNotice error={error} />
		</ConfirmDialog>
	);
}
