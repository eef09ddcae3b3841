//! Network namespaces: hosts of their own on this machine, with cables that can be pulled. Root's
//! alone.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::guardian;
use crate::ports::claim;
use crate::programs;

/// Namespaces are called this, their process's id, and a number.
const PREFIX: &str = "starling-";

/// A hardware address that no device has.
const NOBODY: &str = "02:00:00:00:00:01";

/// Links get addresses from 198.18.0.0/15, which is set aside for tests of networks.
const LINKS: u32 = 1 << 15;

/// Another host. What runs in it is started with `wrapper()` before the program.
#[derive(Debug)]
pub struct NetworkNamespace {
    name: String,
}

/// A cable between this host and another.
#[derive(Debug)]
pub struct Link {
    namespace: String,
    /// The name of this host's end.
    device: String,
    inside_device: String,
    /// This host's address on the link.
    pub outside: IpAddr,
    /// The other's.
    pub inside: IpAddr,
    _addresses: File,
}

impl NetworkNamespace {
    /// Whether this machine and this user can have one.
    pub fn is_possible() -> bool {
        rustix::process::geteuid().is_root()
    }

    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        remove_stale();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}", std::process::id());
        guardian::watch(&name);
        ip(&format!("netns add {name}"));
        ip(&format!("-n {name} link set lo up"));
        Self { name }
    }

    /// A link to it. With several, one can be cut and the others go on.
    pub fn link(&self) -> Link {
        let (number, addresses) = free_link();
        let base = u32::from(Ipv4Addr::new(198, 18, 0, 0)) + number * 4;
        let (outside, inside) = (Ipv4Addr::from(base + 1), Ipv4Addr::from(base + 2));
        // At most 15 characters.
        let (device, inside_device) = (format!("starling{number}a"), format!("starling{number}b"));
        let namespace = self.name.clone();
        ip(&format!("link add {device} type veth peer name {inside_device} netns {namespace}"));
        ip(&format!("address add {outside}/30 dev {device}"));
        ip(&format!("link set {device} up"));
        ip(&format!("-n {namespace} address add {inside}/30 dev {inside_device}"));
        ip(&format!("-n {namespace} link set {inside_device} up"));
        let (outside, inside) = (outside.into(), inside.into());
        Link { namespace, device, inside_device, outside, inside, _addresses: addresses }
    }

    /// What stands before a program that runs in it.
    pub fn wrapper(&self) -> Vec<String> {
        let ip = programs::find("ip").display().to_string();
        [&ip, "netns", "exec", &self.name].map(str::to_owned).to_vec()
    }

    /// Runs a command in it, to its end.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let wrapper = self.wrapper();
        let mut command = Command::new(&wrapper[0]);
        command.args(&wrapper[1..]).arg(program).args(arguments);
        command.output().expect("it can be run")
    }
}

impl Default for NetworkNamespace {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for NetworkNamespace {
    /// Its links go with it.
    fn drop(&mut self) {
        ip(&format!("netns delete {}", self.name));
        guardian::forget(&self.name);
    }
}

impl Link {
    /// Nothing goes through any more, and nobody is told: what is sent is lost.
    ///
    /// Both ends send to a hardware address that nobody has. Taking the device down would take its
    /// route away too, and this host would send along another one.
    pub fn down(&self) {
        let change = |device: &str, to: IpAddr| {
            format!("neighbour replace {to} lladdr {NOBODY} dev {device} nud permanent")
        };
        ip(&change(&self.device, self.inside));
        ip(&format!("-n {} {}", self.namespace, change(&self.inside_device, self.outside)));
    }

    /// Ends what `down` began.
    pub fn up(&self) {
        let change = |device: &str, to: IpAddr| format!("neighbour delete {to} dev {device}");
        ip(&change(&self.device, self.inside));
        ip(&format!("-n {} {}", self.namespace, change(&self.inside_device, self.outside)));
    }
}

/// A number that no other process uses, and the claim to it.
fn free_link() -> (u32, File) {
    let mut numbers = (0..LINKS).filter_map(|number| {
        let unused = !Path::new(&format!("/sys/class/net/starling{number}a")).exists();
        unused.then(|| claim(&format!("link-{number}")).map(|claim| (number, claim))).flatten()
    });
    numbers.next().expect("there are more numbers than links")
}

/// Namespaces of processes that are gone: left where the guardian was killed too.
fn remove_stale() {
    for entry in std::fs::read_dir("/run/netns").into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        let Some(owner) = owner.and_then(|owner| owner.parse::<u32>().ok()) else { continue };
        if !Path::new(&format!("/proc/{owner}")).exists() {
            // Somebody else may be doing the same.
            let _ = Command::new(programs::find("ip")).args(["netns", "delete", &name]).output();
        }
    }
}

fn ip(command: &str) {
    let output = Command::new(programs::find("ip")).args(command.split(' ')).output();
    let output = output.expect("`ip` can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {command}: {said}");
}
