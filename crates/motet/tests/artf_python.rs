//! The open agent interface against another implementation: hosts and agents in Python, made by `grpcio-tools` from the
//! same protos, and the real program between them.

use std::{
    io::{BufRead as _, BufReader, Lines, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::OnceLock,
};

use motet_artf::proto::artf::{RtbRequest, RtbResponse};
use prost::Message;
use serde_json::{Value, json};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/artf-agent-python");
const PROTOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");

/// Runs a command to its end; a failure says what was tried and what it needs.
fn must(command: &mut Command, needs: &str) {
    let ran =
        command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}; it needs {needs}"));
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command:?} failed; it needs {needs}:\n{told}");
}

/// Returns the interpreter with grpcio, and the folder of the generated modules; makes both once.
fn python() -> &'static (PathBuf, PathBuf) {
    static READY: OnceLock<(PathBuf, PathBuf)> = OnceLock::new();
    READY.get_or_init(|| {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("artf-python");
        let (venv, modules) = (home.join("venv"), home.join("gen"));
        let python = venv.join("bin/python");
        let requirements = Path::new(EXAMPLE).join("requirements.txt");
        let installed = home.join("installed.txt");
        let wanted = std::fs::read_to_string(&requirements).unwrap();
        if std::fs::read_to_string(&installed).is_ok_and(|text| text == wanted) && python.exists() {
            generate(&python, &modules);
            return (python, modules);
        }
        std::fs::create_dir_all(&home).unwrap();
        must(
            Command::new("python3").args(["-m", "venv"]).arg(&venv),
            "Python 3.9 or later with its venv module",
        );
        let mut install = Command::new(&python);
        install
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements);
        must(&mut install, "a package index to install grpcio from");
        std::fs::write(&installed, wanted).unwrap();
        generate(&python, &modules);
        (python, modules)
    })
}

fn generate(python: &Path, modules: &Path) {
    std::fs::create_dir_all(modules).unwrap();
    let mut command = Command::new(python);
    command.args(["-m", "grpc_tools.protoc", "-I", PROTOS]);
    command.arg(format!("--python_out={}", modules.display()));
    command.arg(format!("--grpc_python_out={}", modules.display()));
    command.args(["artf/v1/mutation.proto", "artf/v1/services.proto", "artf/v1/openrtb.proto"]);
    must(&mut command, "grpcio-tools");
}

fn script(name: &str) -> Command {
    let (python, modules) = python();
    let mut command = Command::new(python);
    command.arg(Path::new(EXAMPLE).join(name)).env("PYTHONPATH", modules);
    command
}

/// A process that says where it listens; killed when dropped.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads on to the line that holds this, and returns what follows.
    fn says(&mut self, what: &str) -> String {
        let line = self.lines.by_ref().map(Result::unwrap).find(|line| line.contains(what));
        let line = line.unwrap_or_else(|| panic!("ended without saying '{what}'"));
        line.split(what).nth(1).unwrap().trim().to_owned()
    }

    /// Stops it as an operator does and waits for it.
    fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "a graceful stop ends well");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn call(addr: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(addr).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Reads a message as Python wrote it, and demands that it is written here the same, to the byte.
fn same<M: Message + Default>(path: &Path) -> M {
    let bytes = std::fs::read(path).unwrap();
    let message = M::decode(&*bytes).unwrap();
    assert_eq!(message.encode_to_vec(), bytes, "{} is written differently here", path.display());
    message
}

#[test]
fn a_python_host_asks_every_intent_in_both_lifecycles() {
    let folder = tempfile::tempdir().unwrap();
    let wire = tempfile::tempdir().unwrap();
    let mut serve = Command::new(env!("CARGO_BIN_EXE_motet"));
    serve.args([
        "artf",
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
        "--sample",
        "--data-dir",
    ]);
    serve.arg(folder.path()).args(["--set", "artf.time_ms=5000"]);
    let mut point = Running::start(&mut serve);
    let http = point.says("listening on ");
    let addr = point.says("extension point on ");
    assert_eq!(call(&http, "GET", "/health/ready", "").0, 200);

    let host = script("host.py").arg(&addr).arg(wire.path()).output().unwrap();
    let told = String::from_utf8_lossy(&host.stdout);
    assert!(host.status.success(), "{told}\n{}", String::from_utf8_lossy(&host.stderr));
    let report: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((report["asks"].as_u64(), &report["problems"]), (Some(18), &json!([])), "{report}");
    assert!(report["mutations"]["ADD_METRICS"].as_u64().is_some_and(|count| count > 0), "{report}");
    for number in 0..18 {
        let ask: RtbRequest = same(&wire.path().join(format!("{number:02}.ask")));
        let answer: RtbResponse = same(&wire.path().join(format!("{number:02}.answer")));
        assert_eq!(ask.id, answer.id);
    }
    let (_, metrics) = call(&http, "GET", "/metrics", "");
    assert!(metrics.contains("motet_artf_asks_total{outcome=\"answered\"} 18"), "{metrics}");
    let healthy =
        |url: &str| Command::new(env!("CARGO_BIN_EXE_motet")).args(["health", url]).status().unwrap();
    assert!(healthy(&format!("http://{http}/health/ready")).success());
    point.stop();
    assert!(!healthy(&format!("http://{http}/health/ready")).success(), "nobody is there any more");
}

/// A request for a banner with two deals, on inventory of a publisher.
fn request(id: &str, publisher: &str) -> Value {
    let deal = |id: &str| json!({"id": id, "bidfloor": 0.5});
    json!({"id": id, "at": 1, "tmax": 30_000, "cur": ["USD"],
        "imp": [{"id": "1", "bidfloor": 0.2, "banner": {"w": 300, "h": 250},
            "pmp": {"deals": [deal("d-1"), deal("d-2")]}}],
        "site": {"domain": "news.example", "publisher": {"id": publisher}, "cat": ["IAB17"]},
        "device": {"ua": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
            "ip": "82.14.3.9", "devicetype": 2, "os": "Windows", "geo": {"country": "GBR"}},
        "user": {"id": "reader-1"}})
}

fn campaigns() -> &'static str {
    r#"
    [[advertisers]]
    id = "acme"
    name = "Acme"
    seat = "acme-seat"
    [[advertisers.campaigns]]
    id = "spring"
    name = "Spring"
    goal = { cpm = "4.00" }
    budget = { daily = "50", total = "500" }
    pacing = "asap"
    [[advertisers.campaigns.creatives]]
    id = "spring-banner"
    domains = ["acme.example"]
    landing_page = "https://acme.example/spring"
    banner = { size = "300x250", image = "https://cdn.example/spring.png", mime = "image/png" }
    "#
}

#[test]
fn mutations_of_every_intent_from_a_python_agent_are_judged_and_applied() {
    let mut agent = Running::start(script("agent.py").arg("127.0.0.1:0"));
    let endpoint = agent.says("listening on ");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("campaigns.toml");
    std::fs::write(&file, campaigns()).unwrap();
    let data = folder.path().join("data");
    let mut import = Command::new(env!("CARGO_BIN_EXE_motet"));
    import.args(["campaigns", "import"]).arg(&file).arg("--data-dir").arg(&data);
    must(&mut import, "a campaigns file of this version");

    let intents = motet_artf::intents::INTENTS.map(motet_artf::intents::name);
    let agents = format!(
        "artf.agents=[{{ name = \"python\", endpoint = \"http://{endpoint}\", timeout_ms = 1000, intents = {intents:?} }}]"
    );
    let mut serve = Command::new(env!("CARGO_BIN_EXE_motet"));
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data);
    for setting in [
        "openrtb.deadline_ms=60000",
        "openrtb.owned_publishers=[\"own\"]",
        "artf.share=0.9",
        "artf.deals=[{ id = \"agent-deal\", floor_cpm = \"1.00\" }]",
        &agents,
    ] {
        serve.args(["--set", setting]);
    }
    let mut server = Running::start(&mut serve);
    let http = server.says("listening on ");
    let applied = |intent: &str| {
        let (_, page) = call(&http, "GET", "/metrics", "");
        let line =
            format!("motet_artf_mutations_total{{agent=\"python\",intent=\"{intent}\",verdict=\"applied\"}}");
        page.lines().any(|found| found.starts_with(&line))
    };
    for n in 0..60 {
        let publisher = if n % 2 == 0 { "own" } else { "pub-1" };
        let (status, body) =
            call(&http, "POST", "/openrtb2/bid", &request(&format!("r-{n}"), publisher).to_string());
        assert!(matches!(status, 200 | 204), "{status} {body}");
        if intents.iter().all(|intent| applied(intent)) {
            break;
        }
    }
    for intent in intents {
        assert!(applied(intent), "{intent} was never applied:\n{}", call(&http, "GET", "/metrics", "").1);
    }
    server.stop();

    // What the agent changed is in the journal: taking it again needs no agent.
    drop(agent);
    let replay = Command::new(env!("CARGO_BIN_EXE_motet"))
        .args(["replay", "--json", "--data-dir"])
        .arg(&data)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&replay.stdout);
    assert!(replay.status.success(), "{told}\n{}", String::from_utf8_lossy(&replay.stderr));
    let report: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(report["different"], 0, "{report}");
}
