//! Rooms that have to be loaded again over HTTP: after `reload`, and after a cursor that was not
//! taken.

use serde::Deserialize;

use super::{AGAIN, Chat, FOREIGN, LOADERS, Part, Reload, UNANSWERED};
use crate::clock;
use crate::http::Request;
use crate::links::Links;
use crate::sessions::Crowd;
use crate::wire::{Members, Message, Refusal};

#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
    more_before: bool,
}

impl Chat {
    pub(super) fn reload(&mut self, crowd: &Crowd, client: usize, room: Option<usize>) {
        for one in crowd.world.plan.rooms_for(client) {
            if room.is_none_or(|room| room == one) {
                self.tally.reloads += 1;
                for part in [Part::Messages { before: None }, Part::Members { after: None }] {
                    self.reloads.push_back(Reload { client, room: one, part, due: 0 });
                }
            }
        }
    }

    pub(super) fn load(&mut self, crowd: &mut Crowd, links: &mut Links, now: u64) {
        for loader in 0..LOADERS {
            let owner = crowd.clients() + loader;
            if let Some((_, since)) = self.loading[loader]
                && since + UNANSWERED < now
            {
                links.drop_link(owner);
                self.load_again(loader, now);
            }
            if self.loading[loader].is_none()
                && self.reloads.front().is_some_and(|reload| reload.due <= now)
                && let Some(reload) = self.reloads.pop_front()
            {
                let room = &crowd.world.rooms[reload.room];
                let path = match &reload.part {
                    Part::Messages { before: None } => "messages?limit=200".to_owned(),
                    Part::Messages { before: Some(id) } => {
                        format!("messages?limit=200&before={id}")
                    }
                    Part::Members { after: None } => "members".to_owned(),
                    Part::Members { after: Some(id) } => format!("members?after={id}"),
                };
                let path = format!("/api/v1/rooms/{room}/{path}");
                let server = crowd.server();
                let request = Request::get(path, &crowd.world.users[reload.client].access_token);
                links.open_http(owner, server);
                links.request(owner, &request, &server.to_string());
                self.loading[loader] = Some((reload, now));
            }
        }
    }

    pub(super) fn load_again(&mut self, loader: usize, now: u64) {
        if let Some((reload, _)) = self.loading[loader].take() {
            self.reloads.push_back(Reload { due: now + AGAIN, ..reload });
        }
    }

    pub(super) fn loaded(&mut self, crowd: &Crowd, loader: usize, status: u16, body: &[u8]) {
        let now = clock::now();
        let rest = match &self.loading[loader] {
            Some((reload, _)) if status == 200 => Some({
                let (client, room) = (reload.client, reload.room);
                match reload.part {
                    Part::Messages { .. } => self.loaded_messages(crowd, client, room, body),
                    Part::Members { .. } => self.loaded_members(crowd, client, body),
                }
            }),
            _ => None,
        };
        match rest {
            Some(Ok(Some(part))) => {
                if let Some((reload, _)) = self.loading[loader].take() {
                    self.reloads.push_back(Reload { part, due: 0, ..reload });
                }
            }
            Some(Ok(None)) => self.loading[loader] = None,
            Some(Err(_)) | None => {
                let code = Refusal::of_response(status, body).code;
                *self.tally.refused.entry(format!("reload {code}")).or_default() += 1;
                self.load_again(loader, now);
            }
        }
    }

    /// Keeps a page, and tells what is to be loaded next.
    pub(super) fn loaded_messages(
        &mut self,
        crowd: &Crowd,
        client: usize,
        room: usize,
        body: &[u8],
    ) -> serde_json::Result<Option<Part>> {
        let page: Page = serde_json::from_slice(body)?;
        let own = |message: &Message| self.nonce(room, message.nonce.as_bytes()) & FOREIGN == 0;
        let reaches_back = !page.messages.iter().any(own);
        let oldest = page.messages.first().map(|message| message.id.clone());
        for message in &page.messages {
            self.keep(crowd, client, room, message);
        }
        let more = page.more_before && !reaches_back && oldest.is_some();
        Ok(more.then_some(Part::Messages { before: oldest }))
    }

    pub(super) fn loaded_members(
        &mut self,
        crowd: &Crowd,
        client: usize,
        body: &[u8],
    ) -> serde_json::Result<Option<Part>> {
        let page: Members = serde_json::from_slice(body)?;
        for entry in &page.members {
            self.tell_member(crowd, client, &entry.member);
        }
        Ok(page.next.map(|next| Part::Members { after: Some(next) }))
    }
}
