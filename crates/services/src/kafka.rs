//! An Apache Kafka broker: `KRaft`, a single node that is its own controller.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tempfile::TempDir;

use super::{
    Error, Result, free_port, installed, io,
    process::{Process, find_program, folder},
};

const WHAT: &str = "Apache Kafka";
const READY: Duration = Duration::from_secs(180);
/// What the broker writes once it takes requests.
const STARTED: &str = "Kafka Server started";
/// Any 16 bytes in base 64: the cluster has this one node.
const CLUSTER: &str = "bW90ZXQtdGVzdC1rYWZrYQ";

/// A broker on loopback with its log in a folder of its own.
#[derive(Debug)]
pub struct Kafka {
    process: Process,
    java: Java,
    port: u16,
    home: TempDir,
    starts: u32,
}

/// Java and the broker's classes.
#[derive(Debug)]
struct Java {
    program: PathBuf,
    classes: String,
}

impl Kafka {
    /// Starts one and waits until it takes requests: a few seconds on an idle machine.
    ///
    /// # Errors
    /// When Java or the broker is not installed, or it does not become ready.
    pub fn start() -> Result<Self> {
        let java = Java::find()?;
        let home = folder("kafka")?;
        let (port, controller) = (free_port()?, free_port()?);
        let properties = properties(port, controller, home.path());
        std::fs::write(home.path().join("server.properties"), properties)
            .map_err(io("write the broker's properties"))?;
        format_storage(&java, home.path())?;
        let process = launch(&java, home.path(), 1)?;
        Ok(Self { process, java, port, home, starts: 1 })
    }

    /// Returns the URL of its bus.
    pub fn url(&self) -> String {
        format!("kafka://127.0.0.1:{}", self.port)
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
        self.starts += 1;
        self.process = launch(&self.java, self.home.path(), self.starts)?;
        Ok(())
    }
}

impl Java {
    fn find() -> Result<Self> {
        let program = find_program("Java 17", "java", &[])?;
        let lib = installed().join("kafka/lib");
        let is_there = |name: &str| name.starts_with("kafka_2.13-");
        let names = std::fs::read_dir(&lib).into_iter().flatten().flatten();
        if !names.filter_map(|entry| entry.file_name().into_string().ok()).any(|name| is_there(&name)) {
            return Err(Error::Missing { what: WHAT, place: lib.display().to_string() });
        }
        Ok(Self { program, classes: format!("{}/*", lib.display()) })
    }

    fn command(&self, class: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=info"]);
        command.args(["-cp", &self.classes, class]);
        command
    }
}

fn format_storage(java: &Java, home: &Path) -> Result<()> {
    let mut command = java.command("kafka.tools.StorageTool");
    command.args(["format", "--standalone", "-t", CLUSTER, "-c"]).arg(home.join("server.properties"));
    let output = command.output().map_err(io("format the broker's storage"))?;
    if output.status.success() {
        return Ok(());
    }
    // Java tells of some faults on one, of others on the other.
    let log = [output.stdout, output.stderr].concat();
    let log = String::from_utf8_lossy(&log).into_owned();
    Err(Error::NotReady { what: WHAT, why: format!("formatting ended with {}", output.status), log })
}

fn launch(java: &Java, home: &Path, start: u32) -> Result<Process> {
    let mut command = java.command("kafka.Kafka");
    command.arg(home.join("server.properties"));
    // A log for each start, so that the line of an earlier one is not taken for this one's.
    let log = home.join(format!("broker-{start}.log"));
    let mut process = Process::start(WHAT, &mut command, &log, home)?;
    process.wait_ready(READY, |log| log.contains(STARTED))?;
    Ok(process)
}

fn properties(port: u16, controller: u16, home: &Path) -> String {
    let data = home.join("data");
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         controller.quorum.bootstrap.servers=127.0.0.1:{controller}\n\
         log.dirs={}\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=4\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=1\n\
         group.initial.rebalance.delay.ms=0\n\
         group.min.session.timeout.ms=1000\n\
         auto.create.topics.enable=false\n\
         log.segment.bytes=67108864\n",
        data.display()
    )
}
