//! Whether what everybody saw is one and the same history. Pure: it takes what was sent and what
//! each client ended up with, and tells what is wrong.
//!
//! The promises, for one room: an acknowledged message is in everybody's view exactly once, under
//! the id that was acknowledged; views are the same sequence; nothing is in them that nobody sent;
//! a message has a higher id than all that its author had seen or been answered before sending it;
//! every message ends as its last acknowledged change left it, for everybody; and how far a member
//! has read never goes back, and ends for everybody where that member's highest acknowledged mark is.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

/// A message's id: the number of its UUID.
pub type Id = u128;

/// What a message says; texts stand as hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    Text(u64),
    Deleted,
}

/// A message that a client has sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub author: u32,
    /// Unique in the room.
    pub nonce: u64,
    pub text: u64,
    /// The id that the server answered with.
    pub acknowledged: Option<Id>,
    /// The highest id of the room that the author knew when it was first sent.
    pub after: Id,
    /// As the last acknowledged change left it; `None` where a change was refused or is in doubt,
    /// then views only have to agree.
    pub content: Option<Content>,
    /// Hash of the reactions that acknowledged commands left; `None` as for the content.
    pub reactions: Option<u64>,
}

/// A message in a client's final view.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub id: Id,
    pub author: u32,
    pub nonce: u64,
    /// `None`: only reactions to it came, never the message.
    pub content: Option<Content>,
    pub reactions: u64,
}

#[derive(Clone, Debug)]
pub struct View {
    pub client: u32,
    /// In the order that the client shows.
    pub messages: Vec<Seen>,
}

/// How far a member has received and read; 0 stands for nothing yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    pub delivered: Id,
    pub read: Id,
}

/// A member's marks: as they should be, and as all were told.
#[derive(Clone, Debug)]
pub struct Marked {
    pub member: u32,
    /// The highest acknowledged ones, `read` being part of `delivered`; 0 where nothing was marked.
    /// `None` where a mark was refused for good and may have been made.
    pub acknowledged: Option<Marks>,
    /// Every state that anybody was told: version and value.
    pub states: Vec<(Id, Marks)>,
    /// What each client that is told of them ended up with.
    pub views: Vec<(u32, Marks)>,
}

/// All that is known of one room. `sent` is in the order of sending, as far as it was one author's.
#[derive(Clone, Debug, Default)]
pub struct Room {
    pub sent: Vec<Sent>,
    pub views: Vec<View>,
    pub marked: Vec<Marked>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Violation {
    NeverAcknowledged {
        nonce: u64,
    },
    Lost {
        client: u32,
        id: Id,
    },
    Doubled {
        client: u32,
        nonce: u64,
        ids: [Id; 2],
    },
    /// Acknowledged under one id and told under another.
    OtherId {
        client: u32,
        nonce: u64,
        acknowledged: Id,
        told: Id,
    },
    Invented {
        client: u32,
        id: Id,
    },
    /// The view's order is not that of the ids.
    Swapped {
        client: u32,
        ids: [Id; 2],
    },
    /// An author's later message has the lower id.
    AuthorOrder {
        author: u32,
        ids: [Id; 2],
    },
    /// A message stands before one that its author had seen.
    AnswerFirst {
        author: u32,
        id: Id,
        after: Id,
    },
    LostEdit {
        client: u32,
        id: Id,
    },
    LostDeletion {
        client: u32,
        id: Id,
    },
    /// It says what no acknowledged command made it say.
    WrongContent {
        client: u32,
        id: Id,
    },
    ContentDiffers {
        clients: [u32; 2],
        id: Id,
    },
    WrongReactions {
        client: u32,
        id: Id,
    },
    ReactionsDiffer {
        clients: [u32; 2],
        id: Id,
    },
    WrongRead {
        client: u32,
        member: u32,
        acknowledged: Id,
        told: Id,
    },
    WrongDelivered {
        client: u32,
        member: u32,
        acknowledged: Id,
        told: Id,
    },
    /// A newer state of a member has the lower mark.
    Lowered {
        member: u32,
        ids: [Id; 2],
    },
    /// Over HTTP a node lists another mark than the acknowledged one.
    WrongListed {
        server: u32,
        member: u32,
        acknowledged: Id,
        told: Id,
    },
    WrongUnread {
        server: u32,
        client: u32,
        expected: u32,
        told: u32,
    },
    /// Over HTTP a node says that others have seen a message than those who have.
    WrongSeen {
        server: u32,
        id: Id,
        expected: u32,
        told: u32,
    },
}

/// What a violation is about, as reports count it.
pub const KINDS: [&str; 9] = [
    "never_acknowledged",
    "lost",
    "doubled",
    "invented",
    "order_violations",
    "diverged_edits",
    "diverged_deletes",
    "diverged_reactions",
    "diverged_reads",
];

impl Violation {
    /// One of [`KINDS`].
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NeverAcknowledged { .. } => "never_acknowledged",
            Self::Lost { .. } => "lost",
            Self::Doubled { .. } | Self::OtherId { .. } => "doubled",
            Self::Invented { .. } => "invented",
            Self::Swapped { .. } | Self::AuthorOrder { .. } | Self::AnswerFirst { .. } => {
                "order_violations"
            }
            Self::LostEdit { .. } | Self::WrongContent { .. } | Self::ContentDiffers { .. } => {
                "diverged_edits"
            }
            Self::LostDeletion { .. } => "diverged_deletes",
            Self::WrongReactions { .. } | Self::ReactionsDiffer { .. } => "diverged_reactions",
            Self::WrongRead { .. }
            | Self::WrongDelivered { .. }
            | Self::Lowered { .. }
            | Self::WrongListed { .. }
            | Self::WrongUnread { .. }
            | Self::WrongSeen { .. } => "diverged_reads",
        }
    }

    /// Whose view is wrong, where it is one client's.
    pub fn client(&self) -> Option<u32> {
        match *self {
            Self::Lost { client, .. }
            | Self::Doubled { client, .. }
            | Self::OtherId { client, .. }
            | Self::Invented { client, .. }
            | Self::Swapped { client, .. }
            | Self::LostEdit { client, .. }
            | Self::LostDeletion { client, .. }
            | Self::WrongContent { client, .. }
            | Self::WrongReactions { client, .. }
            | Self::WrongRead { client, .. }
            | Self::WrongDelivered { client, .. } => Some(client),
            // The first of the two is only the one that was looked at first.
            Self::ContentDiffers { clients, .. } | Self::ReactionsDiffer { clients, .. } => {
                Some(clients[1])
            }
            _ => None,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The names say what it is; ids are shown as in the protocol.
        let text = format!("{self:?}");
        let mut rest = text.as_str();
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let end = rest[start..]
                .find(|c: char| !c.is_ascii_digit())
                .map_or(rest.len(), |length| start + length);
            f.write_str(&rest[..start])?;
            match rest[start..end].parse::<u128>() {
                Ok(id) if id > u128::from(u64::MAX) => f.write_str(&uuid_text(id))?,
                _ => f.write_str(&rest[start..end])?,
            }
            rest = &rest[end..];
        }
        f.write_str(rest)
    }
}

pub fn uuid_text(id: Id) -> String {
    let hex = format!("{id:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// All that is wrong in a room; empty when it is as promised.
pub fn check(room: &Room) -> Vec<Violation> {
    let mut wrong = Vec::new();
    orders_of_authors(room, &mut wrong);
    let by_nonce: HashMap<(u32, u64), &Sent> =
        room.sent.iter().map(|sent| ((sent.author, sent.nonce), sent)).collect();
    // What anybody was told, all have to be told; and what was acknowledged.
    let everything: BTreeSet<Id> = room
        .views
        .iter()
        .flat_map(|view| view.messages.iter().map(|seen| seen.id))
        .chain(room.sent.iter().filter_map(|sent| sent.acknowledged))
        .collect();
    let everything: Vec<Id> = everything.into_iter().collect();
    let mut first_told = HashMap::new();
    for view in &room.views {
        order_and_completeness(view, &everything, &mut wrong);
        contents(view, &by_nonce, &mut first_told, &mut wrong);
    }
    for marked in &room.marked {
        marks(marked, &mut wrong);
    }
    wrong
}

fn marks(marked: &Marked, wrong: &mut Vec<Violation>) {
    let (member, right) = (marked.member, marked.acknowledged.unwrap_or_default());
    let mut states = marked.states.clone();
    states.sort_unstable_by_key(|(version, _)| *version);
    for pair in states.windows(2) {
        let (before, after) = (pair[0].1, pair[1].1);
        for (from, to) in [(before.read, after.read), (before.delivered, after.delivered)] {
            if to < from {
                wrong.push(Violation::Lowered { member, ids: [from, to] });
            }
        }
    }
    for &(client, told) in &marked.views {
        if right.read != 0 && told.read != right.read {
            let (acknowledged, told) = (right.read, told.read);
            wrong.push(Violation::WrongRead { client, member, acknowledged, told });
        }
        if right.delivered != 0 && told.delivered != right.delivered {
            let (acknowledged, told) = (right.delivered, told.delivered);
            wrong.push(Violation::WrongDelivered { client, member, acknowledged, told });
        }
    }
}

fn orders_of_authors(room: &Room, wrong: &mut Vec<Violation>) {
    let mut newest: HashMap<u32, Id> = HashMap::new();
    for sent in &room.sent {
        let Some(id) = sent.acknowledged else {
            wrong.push(Violation::NeverAcknowledged { nonce: sent.nonce });
            continue;
        };
        let before = newest.insert(sent.author, id).unwrap_or_default();
        if before >= id {
            wrong.push(Violation::AuthorOrder { author: sent.author, ids: [before, id] });
        } else if sent.after >= id {
            let (author, after) = (sent.author, sent.after);
            wrong.push(Violation::AnswerFirst { author, id, after });
        }
    }
}

fn order_and_completeness(view: &View, everything: &[Id], wrong: &mut Vec<Violation>) {
    let client = view.client;
    for pair in view.messages.windows(2) {
        if pair[0].id > pair[1].id {
            wrong.push(Violation::Swapped { client, ids: [pair[0].id, pair[1].id] });
        }
    }
    let mut ids: Vec<Id> =
        view.messages.iter().filter(|seen| seen.content.is_some()).map(|seen| seen.id).collect();
    ids.sort_unstable();
    let mut told = ids.into_iter().peekable();
    for &id in everything {
        if told.next_if_eq(&id).is_none() {
            wrong.push(Violation::Lost { client, id });
        }
        while told.next_if_eq(&id).is_some() {}
    }
}

fn contents<'a>(
    view: &'a View,
    by_nonce: &HashMap<(u32, u64), &Sent>,
    first_told: &mut HashMap<Id, (u32, &'a Seen)>,
    wrong: &mut Vec<Violation>,
) {
    let client = view.client;
    let mut ids: HashMap<(u32, u64), Id> = HashMap::new();
    for seen in &view.messages {
        let (id, nonce) = (seen.id, seen.nonce);
        let Some(content) = seen.content else { continue };
        let Some(sent) = by_nonce.get(&(seen.author, nonce)) else {
            wrong.push(Violation::Invented { client, id });
            continue;
        };
        if let Some(other) = ids.insert((seen.author, nonce), id) {
            wrong.push(Violation::Doubled { client, nonce, ids: [other, id] });
        }
        match sent.acknowledged {
            Some(acknowledged) if acknowledged != id => {
                wrong.push(Violation::OtherId { client, nonce, acknowledged, told: id });
            }
            _ => {}
        }
        match sent.content {
            Some(expected) if expected != content => wrong.push(match expected {
                Content::Deleted => Violation::LostDeletion { client, id },
                Content::Text(_) if content == Content::Text(sent.text) => {
                    Violation::LostEdit { client, id }
                }
                Content::Text(_) => Violation::WrongContent { client, id },
            }),
            _ => {}
        }
        if sent.reactions.is_some_and(|expected| expected != seen.reactions) {
            wrong.push(Violation::WrongReactions { client, id });
        }
        let &mut (other, first) = first_told.entry(id).or_insert((client, seen));
        if first.content != seen.content {
            wrong.push(Violation::ContentDiffers { clients: [other, client], id });
        }
        if first.reactions != seen.reactions {
            wrong.push(Violation::ReactionsDiffer { clients: [other, client], id });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: u64 = 6;

    fn id(nonce: u64) -> Id {
        (1 << 90) + u128::from(nonce) * 10
    }

    /// Two authors take turns; three clients see all of it. Message 2 was edited, 3 deleted and 4
    /// got reactions.
    fn right() -> Room {
        let content = |nonce| match nonce {
            2 => Content::Text(777),
            3 => Content::Deleted,
            nonce => Content::Text(100 + nonce),
        };
        let reactions = |nonce| if nonce == 4 { 55 } else { 0 };
        let sent = |nonce| Sent {
            author: (nonce % 2) as u32,
            nonce,
            text: 100 + nonce,
            acknowledged: Some(id(nonce)),
            after: nonce.checked_sub(1).map_or(0, id),
            content: Some(content(nonce)),
            reactions: Some(reactions(nonce)),
        };
        let seen = |nonce| Seen {
            id: id(nonce),
            author: (nonce % 2) as u32,
            nonce,
            content: Some(content(nonce)),
            reactions: reactions(nonce),
        };
        let view = |client| View { client, messages: (0..MESSAGES).map(seen).collect() };
        let mark = |delivered, read| Marks { delivered: id(delivered), read: id(read) };
        let marked = Marked {
            member: 1,
            acknowledged: Some(mark(5, 3)),
            states: vec![(id(7), mark(5, 3)), (id(6), mark(2, 2))],
            views: (0..3).map(|client| (client, mark(5, 3))).collect(),
        };
        Room {
            sent: (0..MESSAGES).map(sent).collect(),
            views: (0..3).map(view).collect(),
            marked: vec![marked],
        }
    }

    #[test]
    fn a_right_history_passes() {
        assert_eq!(check(&right()), []);
        assert_eq!(check(&Room::default()), []);
    }

    #[test]
    fn a_lost_message_is_found_whoever_lost_it() {
        let mut room = right();
        room.views[1].messages.remove(2);
        assert_eq!(check(&room), [Violation::Lost { client: 1, id: id(2) }]);
        let mut room = right();
        for view in &mut room.views {
            view.messages.pop();
        }
        assert_eq!(check(&room).len(), 3);
    }

    #[test]
    fn a_message_that_was_not_acknowledged_and_reached_only_some_is_lost_to_the_others() {
        let mut room = right();
        room.sent[5].acknowledged = None;
        room.views[2].messages.pop();
        let lost = Violation::Lost { client: 2, id: id(5) };
        assert_eq!(check(&room), [Violation::NeverAcknowledged { nonce: 5 }, lost]);
    }

    #[test]
    fn a_message_of_which_only_reactions_came_is_lost() {
        let mut room = right();
        room.views[0].messages[4].content = None;
        assert_eq!(check(&room), [Violation::Lost { client: 0, id: id(4) }]);
    }

    #[test]
    fn a_doubled_message_is_found() {
        let mut room = right();
        for view in &mut room.views {
            let again = Seen { id: id(4) + 1, ..view.messages[4] };
            view.messages.insert(5, again);
        }
        let found = check(&room);
        for client in 0..3 {
            let ids = [id(4), id(4) + 1];
            assert!(found.contains(&Violation::Doubled { client, nonce: 4, ids }), "{found:?}");
        }
    }

    #[test]
    fn the_same_id_twice_in_a_view_is_doubled() {
        let mut room = right();
        let again = room.views[0].messages[4];
        room.views[0].messages.insert(5, again);
        let doubled = Violation::Doubled { client: 0, nonce: 4, ids: [id(4), id(4)] };
        assert_eq!(check(&room), [doubled]);
    }

    #[test]
    fn a_message_under_another_id_than_was_acknowledged_is_found() {
        let mut room = right();
        for view in &mut room.views {
            view.messages[5].id += 1;
        }
        let (acknowledged, told) = (id(5), id(5) + 1);
        let found = check(&room);
        let expected = Violation::OtherId { client: 0, nonce: 5, acknowledged, told };
        assert!(found.contains(&expected), "{found:?}");
    }

    #[test]
    fn a_swapped_order_is_found() {
        let mut room = right();
        room.views[2].messages.swap(1, 2);
        assert_eq!(check(&room), [Violation::Swapped { client: 2, ids: [id(2), id(1)] }]);
    }

    #[test]
    fn an_authors_messages_in_the_wrong_order_are_found() {
        let mut room = right();
        room.sent[0].acknowledged = Some(id(2));
        room.sent[2].acknowledged = Some(id(0));
        let found = check(&room);
        let expected = Violation::AuthorOrder { author: 0, ids: [id(2), id(0)] };
        assert!(found.contains(&expected), "{found:?}");
    }

    #[test]
    fn an_answer_before_its_question_is_found() {
        let mut room = right();
        room.sent[3].after = id(4);
        let expected = Violation::AnswerFirst { author: 1, id: id(3), after: id(4) };
        assert_eq!(check(&room), [expected]);
    }

    #[test]
    fn an_invented_message_is_found() {
        let mut room = right();
        for view in &mut room.views {
            let invented = Seen { id: id(9), nonce: 9, ..view.messages[0] };
            view.messages.push(invented);
        }
        let expected = [0, 1, 2].map(|client| Violation::Invented { client, id: id(9) });
        assert_eq!(check(&room), expected);
    }

    #[test]
    fn a_message_under_another_authors_name_is_invented() {
        let mut room = right();
        room.views[0].messages[0].author = 1;
        assert_eq!(check(&room), [Violation::Invented { client: 0, id: id(0) }]);
    }

    #[test]
    fn a_lost_edit_is_found() {
        let mut room = right();
        for view in &mut room.views {
            view.messages[2].content = Some(Content::Text(102));
        }
        assert_eq!(check(&room), [0, 1, 2].map(|client| Violation::LostEdit { client, id: id(2) }));
    }

    #[test]
    fn a_lost_deletion_and_a_text_that_nobody_wrote_are_found() {
        let mut room = right();
        room.views.truncate(1);
        room.views[0].messages[3].content = Some(Content::Text(103));
        room.views[0].messages[1].content = Some(Content::Text(9));
        let found = check(&room);
        assert!(found.contains(&Violation::LostDeletion { client: 0, id: id(3) }), "{found:?}");
        assert!(found.contains(&Violation::WrongContent { client: 0, id: id(1) }), "{found:?}");
    }

    #[test]
    fn diverging_texts_are_found_even_where_the_right_one_is_in_doubt() {
        let mut room = right();
        room.sent[2].content = None;
        room.views[1].messages[2].content = Some(Content::Text(102));
        let differs = Violation::ContentDiffers { clients: [0, 1], id: id(2) };
        assert_eq!(check(&room), [differs]);
    }

    #[test]
    fn diverging_reactions_are_found() {
        let mut room = right();
        room.views[2].messages[4].reactions = 54;
        let wrong = Violation::WrongReactions { client: 2, id: id(4) };
        let differ = Violation::ReactionsDiffer { clients: [0, 2], id: id(4) };
        assert_eq!(check(&room), [wrong, differ.clone()]);
        room.sent[4].reactions = None;
        assert_eq!(check(&room), [differ]);
    }

    #[test]
    fn a_lost_reaction_is_found_when_all_have_lost_it() {
        let mut room = right();
        room.views.iter_mut().for_each(|view| view.messages[4].reactions = 0);
        let expected = [0, 1, 2].map(|client| Violation::WrongReactions { client, id: id(4) });
        assert_eq!(check(&room), expected);
    }

    #[test]
    fn a_read_mark_that_one_client_shows_too_low_is_found() {
        let mut room = right();
        room.marked[0].views[2].1.read = id(2);
        let (acknowledged, told) = (id(3), id(2));
        let expected = Violation::WrongRead { client: 2, member: 1, acknowledged, told };
        assert_eq!(check(&room), [expected]);
        room.marked[0].views[2].1 = Marks { delivered: id(4), read: id(3) };
        let (acknowledged, told) = (id(5), id(4));
        let expected = Violation::WrongDelivered { client: 2, member: 1, acknowledged, told };
        assert_eq!(check(&room), [expected]);
    }

    #[test]
    fn a_mark_that_was_lowered_is_found_even_where_it_rose_again() {
        let mut room = right();
        room.marked[0].states.push((id(6) + 1, Marks { delivered: id(2), read: id(1) }));
        let expected = Violation::Lowered { member: 1, ids: [id(2), id(1)] };
        assert_eq!(check(&room), [expected]);
    }

    #[test]
    fn a_mark_that_nothing_is_known_of_is_not_judged() {
        let mut room = right();
        room.marked[0].acknowledged = None;
        room.marked[0].views[1].1 = Marks { delivered: 7, read: 7 };
        assert_eq!(check(&room), []);
    }

    #[test]
    fn each_planted_fault_is_counted_under_its_own_name() {
        type Plant = fn(&mut Room);
        let planted: [(&str, Plant); 9] = [
            ("never_acknowledged", |room| room.sent[5].acknowledged = None),
            ("lost", |room| room.views[1].messages.truncate(5)),
            ("doubled", |room| {
                let again = Seen { id: id(5) + 1, ..room.views[0].messages[5] };
                room.views.iter_mut().for_each(|view| view.messages.push(again));
            }),
            ("invented", |room| {
                let invented = Seen { id: id(9), nonce: 9, ..room.views[0].messages[0] };
                room.views.iter_mut().for_each(|view| view.messages.push(invented));
            }),
            ("order_violations", |room| room.views[2].messages.swap(1, 2)),
            ("diverged_edits", |room| {
                room.views[0].messages[2].content = Some(Content::Text(102));
            }),
            ("diverged_deletes", |room| {
                let texts = room.views.iter_mut().map(|view| &mut view.messages[3].content);
                texts.for_each(|content| *content = Some(Content::Text(103)));
            }),
            ("diverged_reactions", |room| room.views[1].messages[4].reactions = 0),
            ("diverged_reads", |room| room.marked[0].views[0].1.read = id(1)),
        ];
        assert_eq!(planted.map(|(kind, _)| kind), KINDS);
        for (kind, plant) in planted {
            let mut room = right();
            plant(&mut room);
            let found: BTreeSet<_> = check(&room).iter().map(Violation::kind).collect();
            assert!(found.contains(kind), "{kind}: {found:?}");
        }
    }

    #[test]
    fn a_violation_names_the_message_as_the_protocol_does() {
        let told = Violation::Lost { client: 7, id: 0x0190_0000_0000_7000_8000_0000_0000_0001 };
        let expected = "Lost { client: 7, id: 01900000-0000-7000-8000-000000000001 }";
        assert_eq!(told.to_string(), expected);
    }
}
