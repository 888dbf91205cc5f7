//! The server and the agents' processes of a bench.

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use motet_agent::AgentName;

use super::{Where, answered_share, outcomes, since};
use crate::bench::http::{Requests, Server, open};

/// One agent's process; killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
}

impl Process {
    /// Starts an agent and waits until it serves.
    fn start(agent: AgentName, reached: &[String], drill: Option<&str>) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut command = Command::new(program);
        command.args(["agent", agent.name()]).args(reached);
        command.args(drill.into_iter().flat_map(|drill| ["--drill", drill]));
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start an agent")?;
        let output = child.stdout.take().context("the agent has no output")?;
        let mut lines = BufReader::new(output).lines();
        let serves = lines.any(|line| line.is_ok_and(|line| line.contains(" on ")));
        if !serves {
            let _ = child.kill();
            bail!("the {} did not come up", agent.name());
        }
        std::thread::Builder::new().spawn(move || lines.for_each(drop)).context("cannot start a thread")?;
        Ok(Self { child })
    }

    /// Kills it with kill -9.
    pub(super) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends it a signal by name, such as STOP or CONT.
    pub(super) fn signal(&self, name: &str) -> Result<()> {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status()?;
        if sent.success() { Ok(()) } else { bail!("cannot send SIG{name}") }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A server with its agents where they are to run.
pub(super) struct Cast {
    pub(super) server: Server,
    processes: Vec<(AgentName, Vec<String>, Option<Process>)>,
    _folder: tempfile::TempDir,
}

impl Cast {
    /// Starts everything and waits until every agent answers.
    pub(super) async fn start(
        place: Where,
        bus: Option<&str>,
        requests: &std::sync::Arc<Requests>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let mut sets = vec!["log.level=error".to_owned(), "server.timing=true".to_owned()];
        let mut processes = Vec::new();
        for agent in AgentName::TEAM {
            let reached = match place {
                Where::Local => continue,
                Where::Grpc => {
                    let addr = free_address()?;
                    sets.push(format!("placement.{}=grpc://{addr}", agent.name()));
                    vec!["--listen".to_owned(), addr.to_string()]
                }
                Where::Broker => {
                    let bus = bus.context("agents on a broker need --bus URL")?;
                    sets.push(format!("placement.{}=broker", agent.name()));
                    vec!["--bus".to_owned(), bus.to_owned()]
                }
            };
            let process = Process::start(agent, &reached, None)?;
            processes.push((agent, reached, Some(process)));
        }
        if let (Where::Broker, Some(bus)) = (place, bus) {
            sets.push(format!("placement.bus={bus}"));
        }
        let data = folder.path().to_str().context("the temporary folder has an odd name")?.to_owned();
        let mut args = vec!["serve", "--sample", "--listen", "127.0.0.1:0", "--data-dir", &data];
        args.extend(sets.iter().flat_map(|set| ["--set", set]));
        let server = Server::start(&args)?;
        let cast = Self { server, processes, _folder: folder };
        if place != Where::Local {
            cast.settle(requests).await?;
        }
        Ok(cast)
    }

    /// Sends requests until every agent answers every one of them.
    pub(super) async fn settle(&self, requests: &std::sync::Arc<Requests>) -> Result<()> {
        const TRIES: usize = 60;
        for _ in 0..TRIES {
            let before = outcomes(self.server.addr, None).await?;
            open(self.server.addr, requests, 100.0, Duration::from_millis(500)).await?;
            let now = outcomes(self.server.addr, None).await?;
            let more = since(&now, &before);
            if !more.is_empty() && answered_share(&more) > 0.995 {
                return Ok(());
            }
        }
        bail!("the agents do not all answer: {:?}", outcomes(self.server.addr, None).await?)
    }

    fn place_of(&mut self, agent: AgentName) -> Result<&mut (AgentName, Vec<String>, Option<Process>)> {
        self.processes.iter_mut().find(|(name, ..)| *name == agent).context("the agent runs in the server")
    }

    /// Returns an agent's process.
    pub(super) fn process(&mut self, agent: AgentName) -> Result<&mut Process> {
        self.place_of(agent)?.2.as_mut().context("the agent's process is gone")
    }

    /// Replaces an agent's process by one that misbehaves, or by a sound one again.
    pub(super) fn replace(&mut self, agent: AgentName, drill: Option<&str>) -> Result<()> {
        let (agent, reached, process) = self.place_of(agent)?;
        // The old one must be gone before its address is free.
        drop(process.take());
        *process = Some(Process::start(*agent, reached, drill)?);
        Ok(())
    }
}

fn free_address() -> Result<SocketAddr> {
    // Free now; the process that is told of it takes it a moment later.
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
