//! What the program does beside serving: backups, and asking a server whether it is ready.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::Process;

fn starling(data: &Path, task: &str, folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_starling"))
        .args([Path::new("--data"), data, Path::new(task), folder])
        .output()
        .unwrap()
}

fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_has_all_that_was_acknowledged_before_it_began() {
    let server = Process::start();
    let ada = server.person().await;
    let room = ada.room("private").await;
    let (said, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let speaking = tokio::spawn({
        let (ada, room, said, over) = (ada.clone(), room.clone(), said.clone(), over.clone());
        async move {
            while !over.load(Ordering::Relaxed) {
                let number = said.load(Ordering::Relaxed);
                ada.say(&room, &number.to_string()).await;
                said.store(number + 1, Ordering::Relaxed);
            }
        }
    });
    while said.load(Ordering::Relaxed) < 20 {
        tokio::task::yield_now().await;
    }
    let outer = tempfile::tempdir().unwrap();
    let (saved, restored) = (outer.path().join("saved"), outer.path().join("restored"));
    let before = said.load(Ordering::Relaxed);
    let data = server.data().to_owned();
    let (output, saved) =
        tokio::task::spawn_blocking(move || (starling(&data, "backup", &saved), saved))
            .await
            .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("1 people, 1 conversations, "), "{text}");
    over.store(true, Ordering::Relaxed);
    speaking.await.unwrap();
    drop(server);

    let output = starling(&restored, "restore", &saved);
    assert!(output.status.success(), "{output:?}");
    let server = Process::on(&restored);
    // The keys came along: the same token is good.
    let ada = ada.at(server.address);
    let there = ada.texts(&room).await.len();
    assert!((before..=said.load(Ordering::Relaxed)).contains(&there), "{before} <= {there}");
    ada.say(&room, "and on").await;
}

#[test]
fn what_is_there_already_is_not_touched() {
    let outer = tempfile::tempdir().unwrap();
    let [data, other, nothing] = ["data", "other", "nothing"].map(|name| outer.path().join(name));
    drop(Process::on(&data));
    drop(Process::on(&other));
    let before = std::fs::read(other.join("starling.db")).unwrap();
    let text = refusal(&starling(&data, "backup", &other));
    assert!(text.contains("There is data in"), "{text}");
    let text = refusal(&starling(&other, "restore", &data));
    assert!(text.contains("There are other signing keys in"), "{text}");
    std::fs::remove_file(other.join("signing-keys.json")).unwrap();
    let text = refusal(&starling(&other, "restore", &data));
    assert!(text.contains("There is data in"), "{text}");
    assert!(!other.join("signing-keys.json").exists());
    assert_eq!(std::fs::read(other.join("starling.db")).unwrap(), before);
    let text = refusal(&starling(&nothing, "backup", &outer.path().join("new")));
    assert!(text.contains("There is no data in"), "{text}");
    assert!(!nothing.exists());
}

#[test]
fn a_damaged_backup_is_refused() {
    let outer = tempfile::tempdir().unwrap();
    let [data, saved, restored] = ["data", "saved", "restored"].map(|name| outer.path().join(name));
    drop(Process::on(&data));
    assert!(starling(&data, "backup", &saved).status.success());
    let file = saved.join("starling.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0xA5);
    std::fs::write(&file, bytes).unwrap();
    let text = refusal(&starling(&restored, "restore", &saved));
    assert!(text.contains("could not be made: database disk image is malformed"), "{text}");
    assert_eq!(std::fs::metadata(restored.join("starling.db")).unwrap().len(), 0);
    assert!(!restored.join("starling.half").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_asked_whether_it_is_ready() {
    let mut server = Process::start();
    let ask = |listen: String| {
        let program = env!("CARGO_BIN_EXE_starling");
        Command::new(program).args(["--listen", &listen, "health"]).output().unwrap()
    };
    let port = server.address.port();
    for listen in [format!("127.0.0.1:{port}"), format!("0.0.0.0:{port}")] {
        assert!(ask(listen.clone()).status.success(), "{listen}");
    }
    server.kill();
    server.ended().await;
    let text = refusal(&ask(format!("127.0.0.1:{port}")));
    assert!(text.contains("nobody listens on 127.0.0.1:"), "{text}");
}
