//! Servers in processes of their own, and what the system says of processors.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};

/// Clock ticks in a second, as `/proc` counts them on Linux.
const TICKS_PER_S: f64 = 100.0;

/// A server in a process of its own; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) addr: SocketAddr,
}

impl Server {
    /// Starts this program with some arguments and waits until it listens.
    pub(crate) fn start(args: &[&str]) -> Result<Self> {
        Self::start_with_token(args, "bench-token-0123456789abcdef0123")
    }

    /// Starts this program with an admin token, and waits until it listens.
    pub(crate) fn start_with_token(args: &[&str], token: &str) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut child = Command::new(program)
            .args(args)
            .env("MOTET_ADMIN_TOKEN", token)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start a server")?;
        let output = child.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(output).lines();
        let listening = lines.find_map(|line| {
            let line = line.ok()?;
            line.split("listening on ").nth(1).map(|addr| addr.trim().to_owned())
        });
        let addr = listening.and_then(|addr| addr.parse().ok());
        let complaints = child.stderr.take().context("the server has no error output")?;
        let mut complaints = BufReader::new(complaints).lines();
        let Some(addr) = addr else {
            let _ = child.kill();
            let last = complaints.by_ref().map_while(Result::ok).last().unwrap_or_default();
            let _ = child.wait();
            anyhow::bail!("the server did not come up ({last}): {}", args.join(" "));
        };
        std::thread::Builder::new()
            .spawn(move || complaints.for_each(drop))
            .context("cannot start a thread")?;
        // What else it prints is read and dropped, so that it never waits for us.
        std::thread::Builder::new().spawn(move || lines.for_each(drop)).context("cannot start a thread")?;
        Ok(Self { child, addr })
    }

    /// Returns the process's number.
    #[cfg(feature = "postgres")]
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it with kill -9.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Returns the processor time it has used so far, in seconds; 0 where the system does not tell.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        cpu_seconds(&self.child.id().to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns the processor time this process has used so far, in seconds; 0 where the system does not tell.
pub(super) fn own_cpu_seconds() -> f64 {
    cpu_seconds("self")
}

fn cpu_seconds(process: &str) -> f64 {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{process}/stat")) else { return 0.0 };
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    // User and system time are fields 14 and 15 of the line.
    (ticks(11) + ticks(12)) / TICKS_PER_S
}

/// Returns the processor time the whole machine has used so far, in seconds, what was stolen by its host included; 0
/// where the system does not tell.
pub(super) fn machine_cpu_seconds() -> f64 {
    let Ok(stat) = std::fs::read_to_string("/proc/stat") else { return 0.0 };
    let line = stat.lines().next().unwrap_or("");
    let ticks: Vec<f64> = line.split_whitespace().skip(1).filter_map(|f| f.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; guest time is within user.
    let busy = ticks.iter().take(8).sum::<f64>() - ticks.iter().skip(3).take(2).sum::<f64>();
    busy / TICKS_PER_S
}

/// Keeps this thread, and those it starts from now on, on one core where there are several.
pub(crate) fn pin(core: usize) {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    if let Some(core) = cores.get(core) {
        core_affinity::set_for_current(*core);
    }
}
