//! nginx, with any configuration, or with the one in the project's `nginx` folder.

use std::fmt::Write;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use tempfile::TempDir;

use crate::certificate::Certificate;
use crate::guardian;
use crate::ports::Port;
use crate::process::{Process, Program, wait_until};
use crate::programs;

#[derive(Debug)]
pub struct Nginx {
    process: Process,
    ports: Ports,
    folder: TempDir,
}

#[derive(Debug)]
struct Ports {
    main: Port,
    /// Of HTTP, where the main one is of HTTPS.
    plain: Port,
}

/// What nginx writes, out of the system's folders; for the `http` part.
const OWN_FOLDERS: &str = "client_body_temp_path body; proxy_temp_path proxy; \
     fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;";

impl Nginx {
    /// With this configuration. In it `{port}` is the port that is chosen. It must not say `pid` or
    /// `daemon`; its files are relative to a folder of its own. It says where its access log is.
    pub fn start(configuration: &str) -> Self {
        Self::start_with(Port::reserve(), vec![("nginx.conf", with_own_folders(configuration))])
    }

    /// With the project's own configuration, before these nodes.
    pub fn before(nodes: &[SocketAddr]) -> Self {
        Self::before_at(Port::reserve(), nodes)
    }

    /// The same, on this port.
    pub fn before_at(port: Port, nodes: &[SocketAddr]) -> Self {
        Self::start_with(port, project_files(nodes, None))
    }

    /// The same, with TLS.
    pub fn before_with_tls(nodes: &[SocketAddr], tls: &Certificate) -> Self {
        Self::start_with(Port::reserve(), project_files(nodes, Some(tls)))
    }

    fn start_with(port: Port, files: Vec<(&str, String)>) -> Self {
        let folder = guardian::folder("nginx");
        // Its workers belong to somebody else where the master is root's.
        open_to_workers(folder.path());
        let ports = Ports { main: port, plain: Port::reserve() };
        for (name, text) in files {
            write(folder.path(), &ports, name, &text);
        }
        let process = Program::new(programs::find("nginx"), folder.path())
            .arg("-p")
            .arg(folder.path())
            .args(["-c", "nginx.conf", "-e", "stderr"])
            .args(["-g", "daemon off; pid nginx.pid;"])
            .start();
        let mut nginx = Self { process, ports, folder };
        nginx.wait_until_ready();
        nginx
    }

    fn wait_until_ready(&mut self) {
        let address = self.address();
        self.process.wait_until("listened", |_| TcpStream::connect(address).is_ok());
    }

    pub fn address(&self) -> SocketAddr {
        self.ports.main.address()
    }

    /// Where HTTP is, which leads to HTTPS.
    pub fn plain_address(&self) -> SocketAddr {
        self.ports.plain.address()
    }

    /// Another configuration, without a connection lost: SIGHUP.
    pub fn reload(&self, configuration: &str) {
        self.reload_files(&[("nginx.conf", with_own_folders(configuration))]);
    }

    /// Other nodes, without a connection lost.
    pub fn reload_nodes(&self, nodes: &[SocketAddr]) {
        self.reload_files(&[("nodes.conf", nodes_file(nodes))]);
    }

    fn reload_files(&self, files: &[(&str, String)]) {
        for (name, text) in files {
            write(self.folder.path(), &self.ports, name, text);
        }
        let before = self.workers();
        self.process.hang_up();
        wait_until("nginx has new workers", || {
            self.workers().iter().any(|worker| !before.contains(worker))
        });
    }

    /// The process ids of its workers, old ones that are shutting down included.
    fn workers(&self) -> Vec<String> {
        let pid = self.process.pid();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        children.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    }

    /// `kill -9`, workers and all.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the same port; kills it first where it runs.
    pub fn restart(&mut self) {
        self.process.restart();
        self.wait_until_ready();
    }

    /// The file with this name in its folder, for example `access.log`.
    pub fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    pub fn process(&self) -> &Process {
        &self.process
    }
}

fn with_own_folders(configuration: &str) -> String {
    configuration.replace("http {", &format!("http {{\n    {OWN_FOLDERS}"))
}

fn open_to_workers(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for folder in [folder, guardian::root()] {
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder, open).expect("one's own folder can be opened");
    }
}

fn write(folder: &Path, ports: &Ports, name: &str, text: &str) {
    let text = text
        .replace("{port}", &ports.main.number().to_string())
        .replace("{plain_port}", &ports.plain.number().to_string());
    fs::write(folder.join(name), text).expect("a file can be written");
}

/// The project's files, changed only in what depends on the place: addresses, logs, certificates.
fn project_files(nodes: &[SocketAddr], tls: Option<&Certificate>) -> Vec<(&'static str, String)> {
    let read = |name: &str| {
        let text = fs::read_to_string(programs::project().join("nginx").join(name));
        text.expect("the project has nginx/*.conf")
    };
    let mut main = with_own_folders(&read("starling.conf"))
        .replace("/var/log/nginx/error.log", "stderr")
        .replace("/var/log/nginx/access.log", "access.log")
        .replace(" buffer=64k flush=5s", "")
        // Two are enough to see that they share what they know.
        .replace("worker_processes auto", "worker_processes 2");
    let mut secure = String::new();
    if let Some(tls) = tls {
        main = main.replace("include plain.conf;\n    # include tls.conf;", "include tls.conf;");
        secure = on_loopback(&read("tls.conf"), [("443", "{port}"), ("80", "{plain_port}")])
            .replace("/etc/nginx/certificate.pem", &tls.certificate().display().to_string())
            .replace("/etc/nginx/key.pem", &tls.key().display().to_string());
    }
    vec![
        ("nginx.conf", main),
        ("nodes.conf", nodes_file(nodes)),
        ("plain.conf", on_loopback(&read("plain.conf"), [("443", "{port}"), ("80", "{port}")])),
        ("tls.conf", secure),
        ("proxy.conf", read("proxy.conf")),
    ]
}

/// The chosen ports in place of the usual ones.
fn on_loopback(servers: &str, ports: [(&str, &str); 2]) -> String {
    let lines = servers.lines().filter(|line| !line.contains("listen [::]"));
    let mut text = lines.collect::<Vec<_>>().join("\n");
    for (usual, chosen) in ports {
        text = text.replace(&format!("listen {usual}"), &format!("listen 127.0.0.1:{chosen}"));
    }
    text
}

/// nodes.conf, with these in place of those.
fn nodes_file(nodes: &[SocketAddr]) -> String {
    let file = programs::project().join("nginx/nodes.conf");
    let text = fs::read_to_string(file).expect("the project has nginx/nodes.conf");
    let mut changed = String::new();
    let mut in_place = false;
    for line in text.lines() {
        let server = line.trim_start().strip_prefix("server ").and_then(|it| it.split_once(' '));
        match server {
            None => {
                let _ = writeln!(changed, "{line}");
            }
            Some(_) if in_place => {}
            Some((_, parameters)) => {
                for node in nodes {
                    let _ = writeln!(changed, "    server {node} {parameters}");
                }
            }
        }
        in_place = server.is_some();
    }
    changed
}
