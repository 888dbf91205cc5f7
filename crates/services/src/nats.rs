//! A NATS server with `JetStream`.

use std::{net::TcpStream, path::PathBuf, process::Command, time::Duration};

use tempfile::TempDir;

use super::{
    Result, free_port,
    process::{Process, find_program, folder},
};

const WHAT: &str = "nats-server";
const READY: Duration = Duration::from_secs(60);

/// A NATS server on loopback; `JetStream` keeps its files in a folder of its own.
#[derive(Debug)]
pub struct Nats {
    process: Process,
    program: PathBuf,
    port: u16,
    home: TempDir,
}

impl Nats {
    /// Starts one and waits until it takes connections.
    ///
    /// # Errors
    /// When it is not installed or does not become ready.
    pub fn start() -> Result<Self> {
        let program = find_program(WHAT, "nats-server", &[])?;
        let (port, home) = (free_port()?, folder("nats")?);
        let process = launch(&program, port, &home)?;
        Ok(Self { process, program, port, home })
    }

    /// Returns the URL of its bus.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Returns its process, to stop it, let it go on, or kill it.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Starts it again, on the same port and with what it kept, after ending it if need be.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn restart(&mut self) -> Result<()> {
        self.process.kill();
        self.process = launch(&self.program, self.port, &self.home)?;
        Ok(())
    }
}

fn launch(program: &PathBuf, port: u16, home: &TempDir) -> Result<Process> {
    let mut command = Command::new(program);
    command.args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"]).arg(home.path());
    let mut process = Process::start(WHAT, &mut command, &home.path().join("server.log"), home.path())?;
    process.wait_ready(READY, |_| TcpStream::connect(("127.0.0.1", port)).is_ok())?;
    Ok(process)
}
