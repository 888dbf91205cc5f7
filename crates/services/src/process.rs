//! A service's process, and the watchdog that ends it when its owner is gone.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use super::{Error, Result, io, wait_until};

/// Waits for the end of its input, then ends the process and removes the folder.
const WATCHDOG: &str = "cat > /dev/null; kill -9 \"$1\" 2> /dev/null; sleep 0.1; rm -rf -- \"$2\"";

/// A running service.
#[derive(Debug)]
pub struct Process {
    what: &'static str,
    child: Child,
    watchdog: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program with its output in `log`; `home` is removed should this process end without stopping it.
    pub fn start(what: &'static str, command: &mut Command, log: &Path, home: &Path) -> Result<Self> {
        let opened = File::options().create(true).append(true).open(log);
        let output = opened.map_err(io(format!("open {}", log.display())))?;
        let errors = output.try_clone().map_err(io("share a log"))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(io(format!("start {what}")))?;
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog", &child.id().to_string()])
            .arg(home)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match watchdog {
            Ok(watchdog) => Ok(Self { what, child, watchdog, log: log.to_owned() }),
            Err(source) => {
                let _ = child.kill();
                Err(Error::Io { operation: format!("start the watchdog of {what}"), source })
            }
        }
    }

    /// Waits until it is ready, by a test of its log and of the world.
    pub fn wait_ready(&mut self, limit: Duration, is_ready: impl Fn(&str) -> bool) -> Result<()> {
        let mut ended = None;
        let ready = wait_until(limit, || {
            ended = self.child.try_wait().ok().flatten();
            ended.is_some() || is_ready(&self.log_text())
        });
        let why = match ended {
            Some(status) => format!("it ended with {status}"),
            None if ready => return Ok(()),
            None => format!("it was not within {} s", limit.as_secs()),
        };
        Err(Error::NotReady { what: self.what, why, log: last_lines(&self.log_text()) })
    }

    /// Returns its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as a crash would (SIGKILL), and waits for its end.
    pub fn kill(&mut self) {
        // A process stopped by a signal can be killed as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops it where it stands (SIGSTOP): it holds its sockets and answers nothing.
    pub fn stop(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Has it go on after a stop (SIGCONT).
    pub fn cont(&self) -> Result<()> {
        self.signal("CONT")
    }

    /// Asks it to end (SIGTERM) and waits; kills it after 30 s.
    pub fn terminate(&mut self) {
        let asked = self.signal("TERM").is_ok();
        let limit = Duration::from_secs(if asked { 30 } else { 0 });
        wait_until(limit, || matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)));
        self.kill();
    }

    fn signal(&self, name: &str) -> Result<()> {
        let operation = format!("send {name} to {}", self.what);
        let status = Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status();
        let sent = status.map_err(io(operation.as_str()))?.success();
        let gone = || std::io::Error::other("the process is gone");
        if sent { Ok(()) } else { Err(Error::Io { operation, source: gone() }) }
    }

    fn log_text(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The watchdog first, while the process id is surely still ours.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        self.kill();
    }
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

/// Makes a folder for a service's data.
pub fn folder(what: &str) -> Result<TempDir> {
    let made = tempfile::Builder::new().prefix(&format!("motet-{what}-")).tempdir();
    made.map_err(io(format!("make a folder for {what}")))
}

/// Finds a program in some folders and then on the path.
#[expect(clippy::disallowed_methods, reason = "test support reads its own environment")]
pub fn find_program(what: &'static str, name: &str, folders: &[&str]) -> Result<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let places = folders.iter().copied().chain(path.split(':')).chain(["/usr/sbin", "/usr/local/sbin"]);
    let found = places.map(|folder| Path::new(folder).join(name)).find(|program| program.is_file());
    found.ok_or_else(|| Error::Missing { what, place: format!("the program {name}") })
}
