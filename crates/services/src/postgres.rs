//! A PostgreSQL server of one test or benchmark.

use std::{
    ffi::OsStr,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    process::{Command, Output},
};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use super::free_port;

/// Where Debian and others keep the server's programs.
const PLACES: [&str; 6] = [
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/15/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@17/bin",
    "/usr/bin",
];

/// A running server with an empty database; stopped, and its folder removed, when dropped.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    /// Whether the programs are run as the system's user `postgres`: the server refuses to run as root.
    leaves_root: bool,
}

impl Postgres {
    /// Starts a server that writes to the disk as one in production does.
    ///
    /// # Errors
    /// When no server is installed, or it does not come up.
    pub fn start() -> Result<Self> {
        let programs = find()?;
        let folder = tempfile::Builder::new().prefix("motet-pg-").tempdir()?;
        let leaves_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        let server = Self { programs, folder, port: free_port()?, leaves_root };
        if server.leaves_root {
            run(Command::new("chown").arg("postgres").arg(server.folder.path()))?;
        }
        let data = server.data();
        let initialised =
            server.run("initdb", &["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", "-D", &data]);
        initialised.context("cannot make a PostgreSQL database")?;
        server.start_again().context("PostgreSQL did not come up")?;
        Ok(server)
    }

    /// Starts the server again after [`Postgres::stop`].
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_again(&self) -> Result<()> {
        let options = format!("-p {} -h 127.0.0.1 -k {}", self.port, self.folder.path().display());
        let log = self.folder.path().join("log");
        self.run("pg_ctl", &["-D", &self.data(), "-o", &options, "-l", &log.to_string_lossy(), "-w", "start"])
    }

    /// Stops the server at once, as a crash would: it recovers when it is started again.
    ///
    /// # Errors
    /// When it was not running.
    pub fn stop(&self) -> Result<()> {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"])
    }

    /// Returns the port it listens on, on 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the address of its database, by another port where something stands between.
    pub fn url_by(port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/postgres")
    }

    /// Returns the address of its database.
    pub fn url(&self) -> String {
        Self::url_by(self.port)
    }

    fn data(&self) -> String {
        self.folder.path().join("data").to_string_lossy().into_owned()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let program = self.programs.join(program);
        let mut command = if self.leaves_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // Started from where the user postgres may not look, its programs would complain of that.
        run(command.args(arguments).current_dir(self.folder.path()))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // It may have been stopped already.
        let _ = self.stop();
    }
}

fn run(command: &mut Command) -> Result<()> {
    let named = command.get_args().next().unwrap_or(OsStr::new("")).to_string_lossy().into_owned();
    // A server that goes on running must not hold this program's pipes.
    let out = tempfile::NamedTempFile::new()?;
    command.stdin(std::process::Stdio::null());
    command.stdout(out.reopen()?).stderr(out.reopen()?);
    let Output { status, .. } = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !status.success() {
        let said = std::fs::read_to_string(out.path()).unwrap_or_default();
        bail!("{named} failed: {}", said.trim());
    }
    Ok(())
}

fn find() -> Result<PathBuf> {
    let places = PLACES.map(PathBuf::from);
    let found = places.iter().find(|place| place.join("initdb").exists() && place.join("pg_ctl").exists());
    found.cloned().with_context(|| {
        format!("no PostgreSQL server is installed (looked for initdb and pg_ctl in {}); install postgresql 15 or newer", PLACES.join(", "))
    })
}
