//! How far each member of a room has received and read: what was acknowledged, and what every
//! client was told of it.

use crate::check::{Id, Marked, Marks};
use crate::views::States;

/// The marks of one room's members. Members and those who are told of them are known by seat.
pub struct RoomMarks {
    states: States<Marks>,
    /// By client and member: the number of the state that the client has.
    held: Vec<Vec<u32>>,
    acknowledged: Vec<Marks>,
    /// Members of whom a mark was refused for good: it may have been made.
    refused: Vec<bool>,
}

impl RoomMarks {
    pub fn new(seats: usize) -> Self {
        Self {
            states: States::new(Marks::default()),
            held: vec![vec![0; seats]; seats],
            acknowledged: vec![Marks::default(); seats],
            refused: vec![false; seats],
        }
    }

    /// Takes what a client was told of a member; false where this version came with other marks
    /// before.
    pub fn tell(&mut self, client: usize, member: usize, version: Id, marks: Marks) -> bool {
        let (number, contradiction) = self.states.number(member as u32, version, marks);
        self.states.take(&mut self.held[client][member], number);
        !contradiction
    }

    pub fn acknowledge(&mut self, member: usize, id: Id, read: bool) {
        let marks = &mut self.acknowledged[member];
        marks.delivered = marks.delivered.max(id);
        if read {
            marks.read = marks.read.max(id);
        }
    }

    pub fn refuse(&mut self, member: usize) {
        self.refused[member] = true;
    }

    /// What is to be checked of this member. `viewers`: seats and numbers of the clients that are
    /// told of them.
    pub fn marked(
        &self,
        seat: usize,
        member: u32,
        viewers: impl Iterator<Item = (usize, u32)>,
    ) -> Marked {
        let states = self.states.known.iter().filter(|((of, _), _)| *of as usize == seat);
        Marked {
            member,
            acknowledged: (!self.refused[seat]).then_some(self.acknowledged[seat]),
            states: states
                .map(|((_, version), number)| (*version, self.states.all[*number as usize].1))
                .collect(),
            views: viewers
                .map(|(client, number)| {
                    (number, self.states.all[self.held[client][seat] as usize].1)
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_state_counts_whatever_came_last_and_reading_is_receiving() {
        let marks = |delivered, read| Marks { delivered, read };
        let mut room = RoomMarks::new(2);
        assert!(room.tell(0, 1, 20, marks(5, 4)));
        assert!(room.tell(0, 1, 10, marks(3, 3)));
        assert!(room.tell(1, 1, 10, marks(3, 3)));
        assert!(!room.tell(1, 1, 10, marks(3, 2)), "one version, two values");
        room.acknowledge(1, 4, true);
        room.acknowledge(1, 3, false);
        let marked = room.marked(1, 9, [(0, 7), (1, 8)].into_iter());
        assert_eq!(marked.acknowledged, Some(marks(4, 4)));
        assert_eq!(marked.views, [(7, marks(5, 4)), (8, marks(3, 3))]);
        assert_eq!(marked.states.len(), 2);
        room.refuse(1);
        assert_eq!(room.marked(1, 9, std::iter::empty()).acknowledged, None);
    }
}
