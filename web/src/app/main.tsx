import { useState } from "react";
import { createRoot } from "react-dom/client";
import { conversations, myId, shown, titleOf, unread, unsentIn } from "../state/selectors";
import { ChatContext, useChat, useClient } from "../state/store";
import { startChat } from "./engine/engine";

function LogIn() {
	const client = useClient();
	const [name, setName] = useState("");
	const [password, setPassword] = useState("");
	const [error, setError] = useState("");
	const reason = useChat(({ session }) => (session.at === "out" ? session.reason : undefined));
	const failed = (cause: Error) => setError(cause.message);
	return (
		<form
			onSubmit={(event) => {
				event.preventDefault();
				client.logIn(name, password).catch(failed);
			}}
		>
			<input id="name" value={name} onChange={(event) => setName(event.target.value)} />
			<input
				id="password"
				type="password"
				value={password}
				onChange={(event) => setPassword(event.target.value)}
			/>
			<button type="submit">Log in</button>
			<button
				type="button"
				onClick={() =>
					client.register({ username: name, email: `${name}@example.org`, password }).catch(failed)
				}
			>
				Register
			</button>
			<p id="reason">{reason}</p>
			<p>{error}</p>
		</form>
	);
}

function Room({ id }: { id: string }) {
	const client = useClient();
	const it = useChat(({ rooms }) => rooms[id]);
	const unsent = useChat((state) => unsentIn(state, id));
	const draft = useChat(({ drafts }) => drafts[id]?.text ?? "");
	const stretch = it && shown(it);
	return (
		<section>
			<ol id="messages">
				{stretch?.ids.map((message) => (
					<li key={message} data-id={message}>
						{it?.messages.get(message)?.text}
					</li>
				))}
			</ol>
			<ol id="unsent">
				{unsent.map((one) => (
					<li key={one.nonce} data-status={one.status}>
						{one.text}
					</li>
				))}
			</ol>
			<form
				onSubmit={(event) => {
					event.preventDefault();
					void client.send(id, draft);
					client.setDraft(id, null);
				}}
			>
				<input
					id="text"
					value={draft}
					onChange={(event) => client.setDraft(id, { text: event.target.value })}
				/>
			</form>
		</section>
	);
}

function Bare() {
	const client = useClient();
	const session = useChat((state) => state.session);
	const connection = useChat((state) => state.connection);
	const list = useChat(conversations);
	const titles = useChat((state) => conversations(state).map((it) => titleOf(state, it.room)));
	const me = useChat(myId);
	const [room, setRoom] = useState<string | null>(null);
	if (session.at === "unknown") return <p>…</p>;
	if (session.at === "out") return <LogIn />;
	return (
		<main>
			<p id="me">{session.me.username}</p>
			<p id="connection">{JSON.stringify(connection)}</p>
			<button type="button" onClick={() => client.logOut()}>
				Log out
			</button>
			<button
				type="button"
				onClick={() => client.createRoom({ kind: "public", name: "lobby", description: "" })}
			>
				New
			</button>
			<ul id="rooms">
				{list.map((it, at) => (
					<li key={it.room.id}>
						<button
							type="button"
							data-room={it.room.id}
							onClick={() => {
								setRoom(it.room.id);
								void client.open(it.room.id).catch(() => {});
							}}
						>
							{titles[at]} {unread(it, me)}
						</button>
					</li>
				))}
			</ul>
			{room && <Room id={room} />}
		</main>
	);
}

createRoot(document.getElementById("root") as HTMLElement).render(
	<ChatContext value={startChat()}>
		<Bare />
	</ChatContext>,
);
