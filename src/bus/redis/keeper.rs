//! Keeps a line to each master, and knows which has what.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::pending;
use tokio_util::task::AbortOnDropHandle;

use super::address::{Address, Kind};
use super::line::{Line, Work};
use super::masters::{self, Master};
use super::shared::{Routing, Shared};

/// Where masters may move, it is asked where they are this often, even when all seems well: an old
/// master that is cut off from the others answers us as before.
/// Less than cursors lag beyond the late rule's bound: what was proved by a wrong master meanwhile is
/// read again.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// However many ask for it, it is done no more often than this.
const LOOK_AT_MOST_EVERY: Duration = Duration::from_millis(50);

/// The lines, each with the task that keeps it; with the task it ends.
type Lines = HashMap<Address, (Arc<Line>, AbortOnDropHandle<()>)>;

/// Runs until dropped, and takes the lines with it.
pub(super) async fn keep(shared: Arc<Shared>) {
    let mut lines = Lines::new();
    let mut known: Vec<Address> = Vec::new();
    let mut was_found = true;
    loop {
        match masters::find(&shared.directory, &known).await {
            Ok(found) => {
                was_found = true;
                known = found.iter().map(|master| master.address.clone()).collect();
                arrange(&shared, &mut lines, found);
            }
            Err(error) if std::mem::take(&mut was_found) => {
                tracing::warn!(%error, "Redis's masters can't be found");
            }
            Err(error) => tracing::debug!(%error, "Redis's masters still can't be found"),
        }
        shared.looked.send_replace(());
        shared.tell_reachable();
        tokio::time::sleep(LOOK_AT_MOST_EVERY).await;
        let later = async {
            match shared.directory.kind {
                Kind::Single => pending().await,
                Kind::Sentinel(_) | Kind::Cluster => tokio::time::sleep(LOOK_EVERY).await,
            }
        };
        tokio::select! {
            () = shared.look.notified() => {}
            () = later => {}
        }
    }
}

/// Ends lines to those who are no masters any more, begins new ones, and tells the others what they
/// have now.
fn arrange(shared: &Arc<Shared>, lines: &mut Lines, masters: Vec<Master>) {
    let before: Vec<_> = {
        let all = lines.values().map(|(line, _)| line.clone());
        all.map(|line| (shared.partitions_of(&line), line)).collect()
    };
    lines.retain(|address, _| masters.iter().any(|master| master.address == *address));
    let line = |master: Master| {
        let known = lines.get(&master.address).map(|(line, _)| line.clone());
        let line = known.unwrap_or_else(|| Arc::new(Line::new(master.address.clone())));
        (master, line)
    };
    let masters: Vec<_> = masters.into_iter().map(line).collect();
    // First, so that a line that begins finds what it has.
    *shared.routing.write() = Arc::new(Routing::new(&masters));
    for (had, line) in before {
        let has = shared.partitions_of(&line);
        let new: std::collections::HashSet<_> = has.difference(&had).copied().collect();
        if let Some(up) = line.up().filter(|_| !new.is_empty()) {
            up.order(Work::Adopt(new));
        }
    }
    for (master, line) in masters {
        lines.entry(master.address).or_insert_with(|| {
            let keep = tokio::spawn(Arc::clone(&line).keep(Arc::clone(shared)));
            (line, AbortOnDropHandle::new(keep))
        });
    }
}
